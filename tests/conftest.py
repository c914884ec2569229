"""Fixtures that several test files share."""

import datetime as dt
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import clock, dbt_parsing, forks
from tests.harness import FIGURES, PLENTY, made_once, make_playground, run_cold
from tests.simulated_strava import SimulatedStrava, history, uniform_history

# `make test` tells the makes that tests start that they run inside another one: they would say so.
for _name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(_name, None)

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "/usr/bin/chromium"
)


SERVER = pytest.StashKey[Any]()


def pytest_configure(config: pytest.Config) -> None:
    """One server of forks and one parse of dbt's project for all workers."""
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="strava-marts-tests-"))
        os.environ[dbt_parsing.FOLDER] = str(folder)
        config.stash[SERVER] = forks.launch(folder), folder
    subprocess.Popen = forks.Process  # type: ignore[misc]


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVER in config.stash:
        server, folder = config.stash[SERVER]
        server.communicate()  # it ends when its stdin closes
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _clock() -> None:
    """Each test begins at the machine's time."""
    clock.reset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests first, in two halves: pytest-xdist gives each worker one half of the list."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    long = [item for item in items if item.get_closest_marker("long")]
    short = items[len(long) :]
    half = len(items) // 2 - len(long[::2])
    items[:] = [*long[::2], *short[:half], *long[1::2], *short[half:]]


def pytest_sessionfinish(session: Any) -> None:
    """A worker hands its figures over to the process that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = FIGURES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for name, number in getattr(node, "workeroutput", {}).get("figures", {}).items():
        FIGURES[name] = FIGURES.get(name, 0) + number


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.section("sync figures")
        for name, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:>10,}  {name.replace('_', ' ')}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The distribution's Chromium, headless; a test makes its own page with `chromium.new_page()`."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM}: type `apt-get install chromium` for the tests in a real browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def refreshed() -> Path:
    """A Playground with fourteen months of an athlete, extracted, transformed, published, and its report.

    One for all workers: tests copy it to write.
    """
    return made_once("refreshed", _refresh)


def _refresh(playground: Path) -> None:
    """In cold processes: what the other tests start are forks."""
    today = dt.datetime.now(dt.UTC).date()
    recent = [
        a
        for a in history(seed=41, years=2, end=today)
        if a.summary["start_date"] > str(today - dt.timedelta(420))
    ]
    with SimulatedStrava(recent, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        make_playground(playground, strava)
        for command in ("refresh", "status", "report"):
            run_cold(command, playground)


@pytest.fixture
def copied(refreshed: Path, tmp_path: Path) -> Path:
    """`refreshed`, for one test to write in."""
    return Path(shutil.copytree(refreshed, tmp_path / "copied"))


@pytest.fixture
def strava() -> Iterator[SimulatedStrava]:
    """A simulated Strava of three activities."""
    with SimulatedStrava(uniform_history(3), read_limit=PLENTY, overall_limit=PLENTY) as simulated:
        yield simulated


@pytest.fixture
def playground(tmp_path: Path, strava: SimulatedStrava) -> Path:
    """A new Playground of that Strava."""
    return make_playground(tmp_path / "playground", strava)
