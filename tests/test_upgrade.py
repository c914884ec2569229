"""A Playground that an earlier version has made goes on under this one, without a request too many."""

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.harness import (
    PLENTY,
    ROOT,
    assert_equal_to_strava,
    assert_same_rows,
    away_from_day_end,
    make_playground,
    rows,
    run,
)
from tests.rounds import DIE_AFTER, small
from tests.simulated_strava import SimulatedStrava

# The last one before the sources became dlt's own.
EARLIER = "e3746524fa1754ab575f8e62936c79ac1c61b083"


@pytest.fixture(scope="session")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of that version, from git."""
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    try:
        archive = subprocess.run([*git, "archive", EARLIER], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"this is no clone with commit {EARLIER[:7]} in its history (`git fetch --unshallow`)")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def begin(code: Path, playground: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`python ARGUMENTS` with that code: no fork, which would have imported the present one."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return forks.ColdProcess(
        [sys.executable, *arguments],
        cwd=code,
        env={**environment, "PLAYGROUND": str(playground)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", expect: int = 0) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == expect, out + err
    return out


def column_types(playground: Path) -> dict[tuple[str, str], str]:
    """What the tables of strava_raw are made of, dlt's own included."""
    found = rows(
        playground,
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'strava_raw'",
    )
    return {(table, column): data_type for table, column, data_type in found}


def marts_of(playground: Path) -> dict[str, list[Any]]:
    names = rows(
        playground, "select table_name from information_schema.tables order by all", database="marts.duckdb"
    )
    return {
        name: rows(playground, f"select * from marts.{name} order by all", database="marts.duckdb")
        for (name,) in names
    }


@pytest.mark.long
def test_a_finished_playground_costs_one_listing_and_its_marts_are_as_if_new(
    tmp_path: Path, earlier: Path
) -> None:
    away_from_day_end(60)
    with SimulatedStrava(small(11, 12), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        finish(begin(earlier, playground, "-m", "pipelines", "refresh"))
        types, before = column_types(playground), len(strava.requests)
        run("refresh", playground)
        paths = [path.rpartition("/")[2] for _, path, _, _ in strava.requests[before:]]
        # The page with the look-back's activities, and the one that says that there are no more.
        assert paths == ["activities", "activities"]
        assert {key: column_types(playground).get(key) for key in types} == types
        assert_equal_to_strava(playground, strava)
        fresh = make_playground(tmp_path / "fresh", strava)
        run("refresh", fresh)
        found, expected = marts_of(playground), marts_of(fresh)
        assert sorted(found) == sorted(expected)
        for name, should in expected.items():
            assert_same_rows(found[name], should, name)


def test_a_half_loaded_playground_goes_on_where_it_was_killed(tmp_path: Path, earlier: Path) -> None:
    with SimulatedStrava(small(12, 40), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.before_answer = lambda path, params: time.sleep(0.12)
        playground = make_playground(tmp_path / "p", strava)
        process = begin(earlier, playground, "-m", "pipelines", "extract")
        # Its load of every 2.5 s has stood once when so many are answered.
        while strava.count("streams") < 30 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        finish(process, expect=-signal.SIGKILL)
        time.sleep(0.5)  # the answer that was under way is counted when it is sent
        strava.before_answer = None
        asked = strava.count("streams")
        [(held,)] = rows(playground, "select count(*) from strava_raw.stream_fetches")
        assert 0 < held < asked, "killed half way"
        before = len(strava.requests)
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        can_have_streams = sum(not row["manual"] for row in strava.visible_activities())
        # What it had asked for in the seconds since its last load is asked for again.
        assert strava.count("streams") - asked <= can_have_streams - held
        others = [path for _, path, _, _ in strava.requests[before:] if not path.endswith("/streams")]
        assert len(others) <= 4, "a listing, and the athlete's page, if that was not loaded"
        before = len(strava.requests)
        run("extract", playground)
        assert {path.rpartition("/")[2] for _, path, *_ in strava.requests[before:]} == {"activities"}


# The earlier version, killed at a step of its last load.
KILLED_AT = f"""{DIE_AFTER}
import sys
import dlt
from pipelines.__main__ import main

step = sys.argv[1]
sys.argv[1:] = ["extract"]

def die(*arguments, **named):
    os._exit(137)

if step == "extracted":
    dlt.Pipeline.normalize = die
elif step == "normalised":
    dlt.Pipeline.load = die
else:
    die_after("streams", "copy" if step == "copied" else "merge")
main()
"""


@pytest.mark.parametrize("step", ["extracted", "normalised", "copied", "merged"])
def test_what_it_had_not_loaded_yet_is_loaded_first_and_once(
    tmp_path: Path, earlier: Path, step: str
) -> None:
    with SimulatedStrava(small(13, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        if step == "normalised":
            # A second package, with other samples than those that stand.
            finish(begin(earlier, playground, "-m", "pipelines", "extract"))
            for id_ in [row["id"] for row in strava.visible_activities()][:2]:
                strava.crop(id_)
        finish(begin(earlier, playground, "-c", KILLED_AT, step), expect=137)
        asked = strava.count("streams")
        done = run("extract", playground)
        assert "loaded what the last run had left behind" in done.stderr
        assert_equal_to_strava(playground, strava)
        assert strava.count("streams") == asked, "what was answered is not asked for again"
