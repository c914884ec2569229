"""Settings and secrets: not on a command line, not in the environment of other programs, not in a page for others."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import forks
from tests.harness import ROOT, run

SETTINGS = {"max_heartrate_bpm": "187.25", "ftp_w": "243.75", "weight_kg": "61.375"}
SECRET = "canary-0f1e2d3c"


@pytest.fixture
def configured(copied: Path) -> Path:
    """A Playground with settings that are easy to find again."""
    keys = "".join(f"{key} = {value}\n" for key, value in SETTINGS.items())
    with (copied / "config.toml").open("a") as config:
        config.write(f"\n[athlete]\n{keys}")
    return copied


def start_cold(command: str, playground: Path) -> "subprocess.Popen[bytes]":
    """As a user's machine does it: a fork of the tests would show the server's command line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TESTS_")}
    secrets = {"SOURCES__STRAVA__CLIENT_SECRET": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET, "Q": ""}
    return forks.ColdProcess(
        [sys.executable, "-m", "pipelines", command],
        cwd=ROOT,
        env={**environment, **secrets, "PLAYGROUND": str(playground)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def child_of(pid: int) -> Path | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return Path("/proc") / children[0] if children else None


def test_no_other_user_sees_a_setting_and_dbt_gets_no_secret(configured: Path) -> None:
    seen: set[tuple[str, str]] = set()
    process = start_cold("transform", configured)
    while process.poll() is None:
        if child := child_of(process.pid):
            try:
                seen.add(((child / "cmdline").read_text(), (child / "environ").read_text()))
            except OSError:
                continue  # it has ended
        time.sleep(0.02)
    output = process.communicate()[0].decode()
    assert process.returncode == 0, output
    # Between fork and exec a child still looks like its parent.
    of_dbt = [(command, environment) for command, environment in seen if "dbt.cli" in command]
    assert of_dbt
    for command, environment in of_dbt:
        for value in SETTINGS.values():
            assert value not in command + environment
        assert SECRET not in command + environment
        assert "STRAVA_WAREHOUSE" in environment
    variables = configured / ".dbt" / "variables.json"
    assert stat.S_IMODE(variables.stat().st_mode) == 0o600
    assert all(value in variables.read_text() for value in SETTINGS.values()), "dbt had them all the same"


def test_the_prompt_gets_no_secret(copied: Path) -> None:
    process = start_cold("sql", copied)
    environment, deadline = "", time.monotonic() + 30
    while "DUCKDB_HISTORY=" not in environment and time.monotonic() < deadline:
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            environment = Path(f"/proc/{child}/environ").read_text()
        time.sleep(0.02)
    said = process.communicate(b".quit\n", timeout=30)[0]
    assert "DUCKDB_HISTORY=" in environment, said
    assert SECRET not in environment


def test_a_setting_still_reaches_the_models_and_one_given_by_hand_goes_first(configured: Path) -> None:
    show = r"""show --inline "select '{{ var(\"ftp_w\") }}' as w" """
    assert "243.75" in run("dbt", configured, ARGS=show).stdout
    by_hand = run("dbt", configured, ARGS=show + "--vars '{week_start: monday, ftp_w: 11.5}'").stdout
    assert "11.5" in by_hand
    assert "243.75" not in by_hand


def test_the_documentation_may_be_passed_on(configured: Path) -> None:
    run("docs", configured, SOURCES__STRAVA__CLIENT_SECRET=SECRET, DBT_ENV_CUSTOM_ENV_OWN=SECRET)
    page = (configured / "docs" / "index.html").read_text()
    assert "model.strava_marts.weekly_pace" in page
    assert "INLINE DATA" not in page
    for hidden in (
        *SETTINGS.values(),
        SECRET,
        str(configured),
        str(ROOT),
        sys.prefix,
        str(Path.home()) + "/",
    ):
        assert hidden not in page, hidden
