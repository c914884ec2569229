"""What was answered is not asked for again, and nothing is kept twice.

Another program holds the warehouse in the midst of a run, or the user stops it; dlt's working files stay small.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.commands._background import Background
from tests.harness import (
    PLENTY,
    ROOT,
    SOON,
    assert_equal_to_strava,
    last_line,
    make_playground,
    rows,
    run,
    start,
)
from tests.rounds import small
from tests.simulated_strava import SimulatedStrava

LOCKED = "strava.duckdb is held open by another program"


class Holder:
    """Another program: it takes the warehouse while a request waits for its answer, and keeps it."""

    def __init__(self, playground: Path, at: str, once: str = "select 1") -> None:
        """From the first request on whose path ends with `at`, as soon as the query `once` finds a row."""
        self.warehouse, self.at, self.once = playground / "strava.duckdb", at, once
        self.connection: duckdb.DuckDBPyConnection | None = None

    def __call__(self, path: str, _: object) -> None:
        while path.endswith(self.at) and self.connection is None:
            if self.warehouse.exists():
                with contextlib.suppress(duckdb.Error):
                    connection = duckdb.connect(str(self.warehouse))
                    with contextlib.suppress(duckdb.Error):
                        if connection.execute(self.once).fetchall():
                            self.connection = connection
                            return
                    connection.close()
            time.sleep(0.05)  # the command's turn
        time.sleep(0.12)

    def close(self) -> None:
        assert self.connection is not None
        self.connection.close()


def asked_for(strava: SimulatedStrava) -> list[str]:
    return [path for _, path, _, _ in strava.requests if path.endswith("/streams")]


# --- a locked warehouse ------------------------------------------------------------------------------------


def test_what_was_answered_while_another_program_held_the_warehouse_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    with SimulatedStrava(small(21, 45), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        strava.before_answer = holder = Holder(playground, "/streams", "from strava_raw.activities")
        done = run("extract", playground, expect=2, **SOON)
        assert LOCKED in last_line(done)
        holder.close()
        strava.before_answer = None
        answered = asked_for(strava)
        assert len(answered) > 5
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        asked = asked_for(strava)
        assert sorted(asked) == sorted(set(asked)), "no path twice"
        assert len(asked) > len(answered), "it was locked before all was read"


def with_changes(strava: SimulatedStrava) -> tuple[int, int]:
    """Delete one activity and take the streams of another; returns their ids."""
    with_streams = [row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"])]
    gone, bare = with_streams[-1], with_streams[2]  # only a full listing can miss the oldest one
    strava.delete(gone)
    strava.crop(bare)
    strava.activities[bare] = replace(strava.activities[bare], streams_seed=None)
    return gone, bare


def is_as_strava(playground: Path, strava: SimulatedStrava, gone: int, bare: int) -> bool:
    assert_equal_to_strava(playground, strava)
    return rows(
        playground,
        f"select deleted_at is not null, (select count(*) from strava_raw.streams where activity_id = {bare}), "
        f"(select status from strava_raw.stream_fetches where activity_id = {bare}) "
        f"from strava_raw.activities where id = {gone}",
    ) == [(True, 0, "none")]


def test_what_is_gone_is_not_forgotten_when_the_warehouse_is_locked(tmp_path: Path) -> None:
    """A deletion, and samples that are gone, wait for the warehouse with what came after them."""
    with SimulatedStrava(small(22, 30), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        gone, bare = with_changes(strava)
        others = [row["id"] for row in strava.visible_activities() if row["id"] != bare][:4]
        for id_ in others:
            strava.crop(id_)
        before = len(strava.requests)
        strava.before_answer = holder = Holder(playground, "/athlete/activities")
        done = run("extract", playground, expect=2, FULL="yes", **SOON)
        assert LOCKED in last_line(done)
        holder.close()
        strava.before_answer = None
        asked = [path for _, path, _, _ in strava.requests[before:] if path.endswith("/streams")]
        assert len(asked) == 5
        run("extract", playground)
        assert is_as_strava(playground, strava, gone, bare)
        asked = [path for _, path, _, _ in strava.requests[before:] if path.endswith("/streams")]
        assert len(asked) == 5, "none is asked for again"
        run("extract", playground)
        assert is_as_strava(playground, strava, gone, bare)


# --- stopped by the user -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_reading_however_fast_strava_answers(tmp_path: Path, number: int) -> None:
    with SimulatedStrava(small(23, 60), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        started: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        process = None

        def stop(path: str, _: object) -> None:
            nonlocal process
            if path.endswith("/streams") and process is None:
                process = started.get()
                process.send_signal(number)

        strava.before_answer = stop
        extracting = start("extract", playground)
        started.put(extracting)
        out, err = extracting.communicate(timeout=60)
        assert extracting.returncode == 0, err
        assert f"stopped by {signal.Signals(number).name}" in out
        answered = asked_for(strava)
        assert len(answered) < 20
        [(held,)] = rows(playground, "select count(*) from strava_raw.stream_fetches")
        assert held >= len(answered) - 1, "all is loaded but an answer that is on its way"
        waiting = sum(not row["manual"] for row in strava.visible_activities()) - held
        assert f"; {waiting} activities wait for their streams" in out
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        asked = asked_for(strava)
        assert len(asked) - len(set(asked)) == len(answered) - held


def test_a_signal_while_another_program_holds_the_warehouse_costs_no_answer(tmp_path: Path) -> None:
    with SimulatedStrava(small(26, 30), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        strava.before_answer = holder = Holder(playground, "/streams", "from strava_raw.activities")
        process = start("extract", playground)
        while holder.connection is None:
            time.sleep(0.05)
        time.sleep(3.5)  # what came in since the last load waits for the warehouse
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert "stopped by SIGINT" in out
        holder.close()
        strava.before_answer = None
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        asked = asked_for(strava)
        assert sorted(asked) == sorted(set(asked)), "no path twice"


# --- the thread that reads ahead ---------------------------------------------------------------------------


def background(items: Iterable[str], capacity: int = 10) -> Background[str]:
    reading = Background(items, len, capacity)
    reading.start()
    return reading


def until_dead(reading: Background[str]) -> bool:
    deadline = time.monotonic() + 10
    while reading.is_at_work and time.monotonic() < deadline:
        time.sleep(0.01)
    return not reading.is_at_work


def test_no_more_is_read_ahead_than_may_wait() -> None:
    drawn: list[str] = []

    def items() -> Iterator[str]:
        for _ in range(1000):
            drawn.append("four")
            yield "four"

    reading = background(items())
    time.sleep(0.3)
    assert len(drawn) == 4, "three wait, the fourth is in hand"
    assert [reading.take(1) for _ in range(5)] == ["four"] * 5
    time.sleep(0.3)
    assert len(drawn) == 9
    reading.stop()
    assert until_dead(reading), "it waits for no room any more"
    left = []
    while (item := reading.take(1)) is not None:
        left.append(item)
    assert len(left) == 4
    assert reading.is_over


def test_what_the_source_raises_comes_after_all_that_it_has_given() -> None:
    def items() -> Iterator[str]:
        yield "one"
        yield "two"
        raise KeyError("three")

    reading = background(items())
    assert until_dead(reading)
    assert [reading.take(1), reading.take(1)] == ["one", "two"]
    assert not reading.is_over
    with pytest.raises(KeyError, match="three"):
        reading.take(1)
    assert reading.is_over


# --- what dlt's folder holds -------------------------------------------------------------------------------

# A load for every answer; the last one, if so told, is killed at a step.
MANY_LOADS = """
import os, sys
from pipelines.__main__ import main
from pipelines.commands import _drive

_drive.COMMIT_S = 0
if sys.argv.pop() == "killed":
    from dlt.extract.extract import Extract
    commit, count = Extract.commit_packages, iter(range(99))
    Extract.commit_packages = lambda self: commit(self) if next(count) < 3 else os._exit(137)
sys.argv[1:] = ["extract"]
main()
"""


def extract_with_many_loads(playground: Path, end: str, expect: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_LOADS, end],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == expect, done.stderr


def assert_small(playground: Path) -> None:
    """dlt's folder: below 300 files and 1 MB, and without a table."""
    sizes = {path: path.stat().st_size for path in (playground / ".dlt").rglob("*") if path.is_file()}
    assert len(sizes) < 50
    assert sum(sizes.values()) < 200_000, sizes
    assert [path for path in sizes if path.suffix in (".parquet", ".gz", ".pickle", ".sql")] == []


def test_dlt_s_folder_stays_small_after_any_number_of_loads_and_kills(tmp_path: Path) -> None:
    with SimulatedStrava(small(24, 18), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        extract_with_many_loads(playground, "killed", expect=137)
        assert list((playground / ".dlt").rglob("*.parquet")), "of the extraction that was killed"
        extract_with_many_loads(playground, "done", expect=0)
        assert_small(playground)
        [(loads,)] = rows(playground, "select count(*) from strava_raw._dlt_loads")
        assert loads >= 15
        assert_equal_to_strava(playground, strava)


def test_what_earlier_versions_have_kept_twice_is_removed(tmp_path: Path) -> None:
    with SimulatedStrava(small(25, 3), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        folder = playground / ".dlt" / "strava"
        for number in range(20):
            package = folder / "load" / "loaded" / f"17643{number:05}.123"
            (package / "completed_jobs").mkdir(parents=True)
            (package / "schema.json").write_text("{}")
            (package / "completed_jobs" / "streams.0a1b2c3d4e.0.parquet").write_bytes(bytes(50_000))
        (folder / "trace.pickle").write_bytes(bytes(900_000))
        run("extract", playground)
        assert_small(playground)
