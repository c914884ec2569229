"""`make purge`: what is deleted on Strava is in no table and no file any more."""

import datetime as dt
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import PLENTY, ROOT, assert_equal_to_strava, last_line, make_playground, rows, run
from tests.simulated_strava import SimulatedStrava, history

CANARY = "Zimtschnecke an der Geheimgasse"
FEW = list(history(seed=8, years=1, end=dt.date(2026, 5, 1)))[-14:]
GONE = next(a for a in reversed(FEW) if a.summary["start_latlng"] and a.summary["sport_type"] == "Run")


def traces(playground: Path, start: tuple[float, float]) -> list[str]:
    """Where the activity is still found: tables that hold its id, name or start, files that hold their bytes."""
    found = []
    words = (CANARY, str(GONE.id), *map(repr, start))
    for database in ("strava.duckdb", "marts.duckdb"):
        with duckdb.connect(str(playground / database), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, name in tables:
                query = f'select count(*) from "{schema}"."{name}" as t where '
                query += " or ".join(["contains(t::varchar, ?)"] * len(words))
                if connection.execute(query, words).fetchall() != [(0,)]:
                    found.append(f"{database} {schema}.{name}")
    packed = [struct.pack("<q", GONE.id), *(struct.pack("<d", number) for number in start)]
    raw = [*(word.encode() for word in words), *packed]
    files = (path for path in playground.rglob("*") if path.is_file())
    found += [str(path.relative_to(playground)) for path in files if any(b in path.read_bytes() for b in raw)]
    for path in (playground / "marts").rglob("*.parquet"):
        text = duckdb.sql(f"select string_agg(t::varchar) from '{path}' as t").fetchall()[0][0] or ""
        found += [path.name] if any(word in text for word in words) else []
    return found


@pytest.fixture
def deleted(tmp_path: Path) -> Any:
    """A Playground that knows of a deletion, has shown the activity everywhere, and was killed here and there."""
    with SimulatedStrava(FEW, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.rename(GONE.id, CANARY)
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)
        run("report", playground)
        show = f"select activity_name from activities where activity_id = {GONE.id}"
        run("dbt", playground, ARGS=f"""show --inline "{show.replace("from ", "from marts.")}" """)
        (playground / ".sql-history").write_text(show)
        (playground / ".marts.duckdb.new").write_text(CANARY)
        (playground / "strava.duckdb.tmp").mkdir()
        (playground / "strava.duckdb.tmp" / "block").write_text(CANARY)
        strava.delete(GONE.id)
        run("extract", playground, FULL="1")
        # A position where no other activity has been: loops before the door have many in common.
        start = rows(
            playground,
            f"""
            with others as (select lat, lng from strava_raw.streams where activity_id != {GONE.id})
            select lat, lng from strava_raw.streams where activity_id = {GONE.id}
                and lat not in (select lat from others where lat is not null)
                and lng not in (select lng from others where lng is not null)
                -- all six decimals: a shorter number would be found at the beginning of a longer one
                and length(lat::varchar) = 9 and length(lng::varchar) = 8
            limit 1
            """,
        )[0]
        yield playground, strava, start


def test_no_table_and_no_file_holds_what_is_deleted(deleted: Any) -> None:
    playground, strava, start = deleted
    before = traces(playground, start)
    assert {"strava.duckdb strava_raw.streams", "strava.duckdb", "activities.parquet", "samples.parquet"} <= {
        *before
    }
    assert {".marts.duckdb.new", ".sql-history", "strava.duckdb.tmp/block"} <= {*before}
    size = (playground / "strava.duckdb").stat().st_size
    (playground / "marts.duckdb").unlink()  # the Parquet files beside it are not forgotten
    said = run("purge", playground).stdout
    assert said.startswith("1 activity that is deleted on Strava is gone, with ")
    assert (
        f"the report (`make report PLAYGROUND={playground}` draws it anew) and the history of the SQL prompt"
        in said
    )
    assert traces(playground, start) == []
    assert (playground / "strava.duckdb").stat().st_size < size
    left = {path.name for path in playground.iterdir()}
    assert not left & {".dlt", ".dbt", "report.html", ".purging", ".strava.duckdb.new"}
    assert rows(playground, "select count(*) from activities", "marts.duckdb") == [(len(FEW) - 1,)]
    # All else is as it was, and the next runs go on from it.
    assert "0 new, 0 changed, 0 deleted" in run("extract", playground, FULL="1").stdout
    assert_equal_to_strava(playground, strava)
    run("transform", playground)
    assert traces(playground, start) == []
    assert run("purge", playground).stdout.startswith("0 activities")


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.timeout(300 + 60 * int(os.environ.get("ROUNDS") or 1))
def test_a_purge_killed_at_any_instant_leaves_everything_whole(deleted: Any) -> None:
    playground, strava, start = deleted
    rng, kills = random.Random(5), 0
    for _ in range(3 * int(os.environ.get("ROUNDS") or 1)):
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "purge"],
            cwd=ROOT,
            env={**os.environ, "PLAYGROUND": str(playground)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Counted from its mark: how long a process takes to begin differs from machine to machine.
        deadline = time.monotonic() + 60
        while not (playground / ".purging").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 2))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        # dbt may live on for its seconds, and holds the locks: this one waits for it, as a user would.
        deadline = time.monotonic() + 60
        while "is at work" in last_line(done := run("transform", playground, expect=None)):
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.2)
        assert done.returncode == 0, done.stderr
        assert_equal_to_strava(playground, strava)
        assert rows(playground, "select count(*) from activities", "marts.duckdb") == [(len(FEW) - 1,)]
        if (playground / ".purging").exists():
            assert (
                f"make purge PLAYGROUND={playground}, which did not come to its end"
                in run("status", playground).stdout
            )
    assert kills > 0
    run("purge", playground)
    assert traces(playground, start) == []
    assert_equal_to_strava(playground, strava)


def test_it_says_what_is_in_its_way(tmp_path: Path) -> None:
    import fcntl

    assert f"type `make extract PLAYGROUND={tmp_path}` first" in last_line(run("purge", tmp_path, expect=2))
    (tmp_path / "strava.duckdb").write_bytes(b"no database" * 1000)
    assert "strava.duckdb" in last_line(run("purge", tmp_path, expect=2))
    with (tmp_path / ".extract.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "`make extract`" in last_line(run("purge", tmp_path, expect=2))
