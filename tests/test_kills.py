"""Killed at any instant, nothing is lost or doubled, and little is asked for again."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.harness import (
    PLENTY,
    ROOT,
    kill_after,
    make_playground,
    rows,
    run,
    start,
)
from tests.rounds import DIE_AFTER, ROUNDS, SEED, assert_equal_and_count, count, small
from tests.simulated_strava import SimulatedStrava


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_killed_at_random_instants_nothing_is_lost_and_little_is_asked_twice(
    tmp_path: Path, round_: int
) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    # Young runs, in which anything may be at work: the start, the listing, the first loads.
    with SimulatedStrava(small(9, 60), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        # Slow answers spread a run over the kills.
        strava.before_answer = lambda path, params: time.sleep(0.05)
        playground = make_playground(tmp_path / "young", strava)
        kills = 0
        for _ in range(5):
            process = start("extract", playground)
            kill_after(process, rng.uniform(0.3, 4.0), rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]))
            _, err = process.communicate(timeout=60)
            kills += process.returncode == -signal.SIGKILL
            # A SIGTERM ends it, too, before it listens.
            assert process.returncode in (0, -signal.SIGKILL, -signal.SIGTERM), err
            if rng.random() < 0.3:
                ids = [row["id"] for row in strava.visible_activities()]
                strava.crop(rng.choice(ids))
        strava.before_answer = None
        run("extract", playground, FULL="1")
        assert_equal_and_count(playground, strava)
        asked = [path for _, path, _, _ in strava.requests if path.endswith("/streams")]
        wasted = len(asked) - len(set(asked))
    # A run of 15 s, in which the work of more than 5 s is safe.
    with SimulatedStrava(small(9, 150), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        served: dict[str, float] = {}
        again: list[str] = []

        def slowly(path: str, _: dict[str, str]) -> None:
            time.sleep(0.1)
            if path.endswith("/streams"):
                served[path] = time.monotonic()

        strava.before_answer = slowly
        playground = make_playground(tmp_path / "old", strava)
        process = start("extract", playground)
        while not served and process.poll() is None:
            time.sleep(0.05)
        kill_after(process, rng.uniform(7, 13))
        killed = time.monotonic()
        _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, err
        strava.before_answer = lambda path, _: again.append(path)
        run("extract", playground)
        safe = {path for path, at in served.items() if at < killed - 5}
        assert safe
        lost = sorted(round(killed - served[path], 1) for path in safe & set(again))
        assert lost == [], "seconds before the kill at which answers came that are asked for again"
        assert_equal_and_count(playground, strava)
    count("kills", kills + 1)
    count("stream_requests_wasted_by_kills", wasted + len(served.keys() & set(again)))


# A process that is killed when dlt has copied or merged a table and not yet noted that it has.
KILLED_AFTER = f"""{DIE_AFTER}
import sys
from pipelines.__main__ import main

table, kind = sys.argv[1:]
sys.argv[1:] = ["extract"]
die_after(table, kind)
main()
"""


def killed_after(table: str, kind: str, playground: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", KILLED_AFTER, table, kind],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground)},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("table", "kind"),
    [("activities", "copy"), ("streams", "copy"), ("streams", "merge"), ("gear", "copy")],
)
def test_killed_between_a_step_of_a_load_and_its_note_nothing_is_doubled(
    tmp_path: Path, table: str, kind: str
) -> None:
    with SimulatedStrava(small(10, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        killed = killed_after(table, kind, playground)
        assert killed.returncode == 137, killed.stderr
        asked = strava.count("streams")
        run("extract", playground)
        assert_equal_and_count(playground, strava)
        twice = rows(playground, "select id from strava_raw.gear group by id having count(*) > 1")
        assert twice == []
        assert strava.count("streams") == asked, "what was downloaded is loaded, not asked for again"


@pytest.mark.parametrize("torn", ["*.json", "*.parquet"])
def test_a_half_loaded_and_torn_package_is_asked_for_again(tmp_path: Path, torn: str) -> None:
    with SimulatedStrava(small(10, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        # Recorded again with as many samples: the ledger's count cannot tell.
        id_ = next(row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"]))
        summary = strava.activities[id_].summary
        strava.activities[id_] = replace(
            strava.activities[id_], summary={**summary, "distance": summary["distance"] + 1}, streams_seed=99
        )
        assert killed_after("stream_fetches", "merge", playground).returncode == 137
        if torn == "*.json":
            # dlt merges the tables in no set order: as if the samples' turn had not come.
            with duckdb.connect(str(playground / "strava.duckdb")) as connection:
                connection.execute(
                    f"update strava_raw.streams set distance = 0.9 * distance where activity_id = {id_}"
                )
        packages = list((playground / ".dlt").rglob(torn))
        assert packages
        for path in packages:
            path.write_bytes(b"")
        run("extract", playground)
        assert_equal_and_count(playground, strava)


# --- faults ----------------------------------------------------------------------------------------------
