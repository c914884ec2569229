"""The source in a stranger's own dlt pipeline: other destinations, parts of it, changes on Strava, interruptions."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import PLENTY, ROOT, assert_equal_to_strava, expected_samples, rows
from tests.rounds import small
from tests.simulated_strava import Fault, SimulatedStrava

# One process: the same source object, run with these resources one after the other.
PROGRAM = """
import json, sys
import dlt
from pipelines.strava import strava

order = json.loads(sys.argv[1])
source = strava(**order["arguments"])
if order["parquet"]:
    destination, hints = dlt.destinations.filesystem("file://" + order["parquet"]), {"loader_file_format": "parquet"}
else:
    destination, hints = dlt.destinations.duckdb("strava.duckdb"), {}
pipeline = dlt.pipeline("history", pipelines_dir="dlt", destination=destination, dataset_name="strava_raw")
for names in order["runs"]:
    pipeline.run(source.with_resources(*names) if names else source, **hints, **order["options"])
"""
EVERYTHING: list[str] = []
NAMES = ["activities", "streams", "stream_fetches", "athlete", "athlete_zones", "gear"]


class Stranger:
    """Somebody with a folder and a pipeline of his own."""

    def __init__(self, folder: Path, strava: SimulatedStrava) -> None:
        self.folder, self.strava, self.parquet = folder, strava, ""
        self.token = strava.issue_access_token()

    def run(
        self, *runs: list[str], expect: int = 0, options: dict[str, Any] | None = None, **arguments: Any
    ) -> list[str]:
        """Run the source; returns what was asked for."""
        arguments |= {"access_token": self.token, "api_url": self.strava.api_url}
        order = {
            "arguments": arguments,
            "runs": runs or [EVERYTHING],
            "parquet": self.parquet,
            "options": options or {},
        }
        before = len(self.strava.requests)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(order)],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "DLT_DATA_DIR": str(self.folder / "dlt"),
                "RUNTIME__DLTHUB_TELEMETRY": "false",
                "SOURCES__STRAVA__CLIENT_SECRET": self.strava.client_secret,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        self.said = done.stderr
        return [path.removeprefix("/api/v3") for _, path, *_ in self.strava.requests[before:]]

    def assert_equal_to_strava(self) -> None:
        """All activities, samples and the ledger are as Strava has them, each once; nothing else is there."""
        assert_equal_to_strava(self.folder, self.strava)
        ids = {row["id"] for row in self.strava.visible_activities()}
        with_samples = {id_ for id_ in ids if self.strava.streams_of(id_)}
        assert self.column("select distinct activity_id from strava_raw.streams") == with_samples
        ledger = self.rows("select activity_id, status from strava_raw.stream_fetches order by all")
        manual = {row["id"] for row in self.strava.visible_activities() if row["manual"]}
        assert ledger == [(id_, "loaded" if id_ in with_samples else "none") for id_ in sorted(ids - manual)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return rows(self.folder, query)

    def column(self, query: str) -> set[Any]:
        return {value for (value,) in self.rows(query)}


def streams_in(asked: list[str]) -> list[str]:
    return [path for path in asked if path.endswith("/streams")]


def test_a_second_run_of_the_same_source_or_of_a_new_one_lists_and_asks_for_nothing_else(
    tmp_path: Path,
) -> None:
    with SimulatedStrava(small(41, 8), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        asked = stranger.run(EVERYTHING, EVERYTHING)
        assert len(streams_in(asked)) == 8
        stranger.assert_equal_to_strava()
        assert set(stranger.run()) == {"/athlete/activities"}
        stranger.assert_equal_to_strava()


def test_each_resource_comes_alone_and_together_they_are_everything(tmp_path: Path) -> None:
    with SimulatedStrava(small(42, 6), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        asked = {name: stranger.run([name]) for name in NAMES}
        assert set(asked["activities"]) == {"/athlete/activities"}
        assert len(streams_in(asked["streams"])) == 6
        assert streams_in(asked["stream_fetches"]) == [], "told by the run that asked for the streams"
        for name in ("athlete", "athlete_zones", "gear"):
            assert set(asked[name]) <= {"/athlete", "/athlete/zones"}
            assert stranger.rows(f"select count(*) > 0 from strava_raw.{name}") == [(True,)]
        stranger.assert_equal_to_strava()
        assert set(stranger.run()) == {"/athlete/activities"}


def test_samples_that_were_never_wanted_are_asked_for_when_they_are(tmp_path: Path) -> None:
    with SimulatedStrava(small(43, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run(["stream_fetches"])
        stranger.run()
        stranger.assert_equal_to_strava()


def test_what_changes_on_strava_changes_at_the_destination(tmp_path: Path) -> None:
    with SimulatedStrava(small(44, 10), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run()
        ids = [row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"])]
        strava.delete(ids[0])
        strava.crop(ids[1], share=0.3)
        strava.crop(ids[2])
        strava.activities[ids[2]] = replace(strava.activities[ids[2]], streams_seed=None)
        strava.rename(ids[-1], "the oldest")
        strava.delete(ids[-2])
        asked = stranger.run(full_listing_hours=0)
        assert len(streams_in(asked)) == 2
        stranger.assert_equal_to_strava()
        strava.restore(ids[0])
        strava.restore(ids[-2])
        assert len(streams_in(stranger.run(full_listing_hours=0))) == 2
        stranger.assert_equal_to_strava()


def test_a_deletion_seen_by_one_resource_alone_reaches_the_others(tmp_path: Path) -> None:
    with SimulatedStrava(small(45, 6), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run()
        ids = [row["id"] for row in strava.visible_activities()]
        strava.delete(ids[1])
        stranger.run(["activities"])
        stranger.run()
        stranger.assert_equal_to_strava()
        strava.delete(ids[2])
        stranger.run(["streams"])
        strava.restore(ids[2])
        stranger.run()
        stranger.assert_equal_to_strava()
        strava.delete(ids[3])
        stranger.run(["activities"])
        strava.restore(ids[3])
        stranger.run()
        stranger.assert_equal_to_strava()


def test_what_the_ledger_was_not_told_of_a_deleted_activity_troubles_nobody(tmp_path: Path) -> None:
    with SimulatedStrava(small(51, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run(["activities", "streams"])
        strava.delete(strava.visible_activities()[1]["id"])
        stranger.run(["activities"])
        stranger.run(["stream_fetches"])
        stranger.run()
        stranger.assert_equal_to_strava()


def test_a_full_day_ends_a_run_cleanly_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with SimulatedStrava(small(46, 30), read_limit=(1000, 14), overall_limit=(2000, 2000)) as strava:
        stranger = Stranger(tmp_path, strava)
        asked: list[str] = []
        for _ in range(5):
            asked += streams_in(stranger.run())
            if "quota" not in stranger.said:
                break
            strava.advance(86400)
            stranger.token = strava.issue_access_token()
        stranger.assert_equal_to_strava()
        assert sorted(asked) == sorted(set(asked))
        assert strava.count_429 == 0


def test_what_a_failed_run_has_read_is_read_again_and_stands_once(tmp_path: Path) -> None:
    with SimulatedStrava(small(47, 12), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        strava.fault = lambda method, path, n: Fault(status=401) if strava.count("streams") > 5 else None
        stranger.run(expect=1)
        assert "Strava refuses the access token (HTTP 401)" in stranger.said
        strava.fault = None
        stranger.run()
        stranger.assert_equal_to_strava()


def test_the_memory_comes_back_from_the_destination(tmp_path: Path) -> None:
    with SimulatedStrava(small(48, 6), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run()
        shutil.rmtree(tmp_path / "dlt")
        assert set(stranger.run()) == {"/athlete/activities"}
        stranger.assert_equal_to_strava()


def test_everything_can_be_dropped_and_loaded_anew(tmp_path: Path) -> None:
    with SimulatedStrava(small(49, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.run()
        assert len(streams_in(stranger.run(options={"refresh": "drop_sources"}))) == 4
        stranger.assert_equal_to_strava()


@pytest.mark.parametrize("is_lost", [False, True])
def test_parquet_files_hold_everything_once(tmp_path: Path, is_lost: bool) -> None:
    with SimulatedStrava(small(50, 5), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        stranger = Stranger(tmp_path, strava)
        stranger.parquet = str(tmp_path / "lake")
        stranger.run()
        if is_lost:
            shutil.rmtree(tmp_path / "dlt")
        assert set(stranger.run()) == {"/athlete/activities"}
        ids = sorted(row["id"] for row in strava.visible_activities())
        files = tmp_path / "lake" / "strava_raw"
        held = duckdb.sql(f"select id from '{files}/activities/*.parquet' order by id").fetchall()
        assert held == [(id_,) for id_ in ids]
        held = duckdb.sql(
            f"select activity_id, count(*) from '{files}/streams/*.parquet' group by activity_id"
        ).fetchall()
        counts = {id_: len(expected_samples(strava.streams_of(id_))) for id_ in ids}
        assert dict(held) == {id_: count for id_, count in counts.items() if count}
