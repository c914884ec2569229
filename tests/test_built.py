"""A transform that would give what is published already; settings that have changed since the marts were built."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.playground import Playground
from pipelines.warehouse.built import made_from, read_built
from tests.harness import away_from_day_end, rows, run

NOTHING_NEW = "Nothing has changed since the marts were built."
SETTINGS = '\n[athlete]\nftp_w = 199\nhistory = [{ from = 2025-03-01, ftp_w = 210 }]\n[marts]\nweek_start = "sunday"\n'


def configured(playground: Path) -> None:
    config = playground / "config.toml"
    config.write_text(config.read_text() + SETTINGS)


def published(playground: Path) -> dict[str, int]:
    """When each published file was written, in nanoseconds."""
    paths = [playground / "marts.duckdb", *(playground / "marts").rglob("*.parquet")]
    return {str(path): path.stat().st_mtime_ns for path in paths}


def test_a_second_transform_publishes_nothing_and_a_fetch_more_does(copied: Path) -> None:
    away_from_day_end(120)
    run("transform", copied)  # the shared Playground may be of yesterday
    before = published(copied)
    assert NOTHING_NEW in run("transform", copied).stdout
    assert published(copied) == before
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        warehouse.execute("update strava_raw.stream_fetches set fetched_at = fetched_at + interval 1 second")
    assert NOTHING_NEW not in run("transform", copied).stdout
    after = published(copied)
    assert after.keys() == before.keys()
    assert all(after[path] > before[path] for path in after)


def test_whatever_decides_what_the_marts_hold_is_in_the_hash(copied: Path, tmp_path: Path) -> None:
    away_from_day_end(60)
    model = tmp_path / "a.sql"
    model.write_text("select 1")

    def hashed(settings: dict[str, int] = {}) -> str | None:  # noqa: B006
        found = made_from(Playground(copied), settings, [model])
        assert found == made_from(Playground(copied), settings, [model])
        return found

    found = [hashed(), hashed({"ftp_w": 200})]
    model.write_text("select 2")
    found.append(hashed())
    for statement in (
        "update strava_raw.activities set name = 'x' where id = (select min(id) from strava_raw.activities)",
        "delete from strava_raw.streams where activity_id = (select min(activity_id) from strava_raw.streams)",
        "update strava_raw.stream_fetches set fetched_at = fetched_at + interval 1 second",
        "delete from strava_raw.gear",
        # As when the day ends.
        "create or replace view intermediate.int_athletes as "
        "select athlete__id as athlete_id, max(current_date) + 1 as today from strava_raw.activities group by all",
    ):
        with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
            warehouse.execute(statement)
        found.append(hashed())
    assert None not in found
    assert len(set(found)) == len(found)
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        warehouse.execute("drop schema intermediate cascade")
    assert hashed() is None  # never built: nothing tells the day


@pytest.mark.parametrize(
    "change",
    [
        lambda playground: next((playground / "marts" / "samples").rglob("*.parquet")).unlink(),
        lambda playground: (playground / "marts" / "gear.parquet").write_bytes(b""),
        lambda playground: os.utime(playground / "marts.duckdb"),
        lambda playground: (playground / ".dbt" / "built.json").write_text("{"),
        lambda playground: (playground / ".dbt" / "built.json").write_text("[]"),
        lambda playground: (playground / ".dbt" / "built.json").unlink(),
    ],
)
def test_published_files_that_are_others_than_were_built_count_for_none(
    copied: Path, change: Callable[[Path], None]
) -> None:
    assert read_built(Playground(copied)) is not None
    change(copied)
    assert read_built(Playground(copied)) is None


def test_changed_settings_are_told_and_the_marts_stay_as_they_were_built(copied: Path) -> None:
    away_from_day_end(120)
    run("transform", copied)
    held = "select valid_from::varchar, ftp_w from athlete_settings order by all"
    before = rows(copied, held, "marts.duckdb")
    configured(copied)
    status = run("status", copied, JSON="1")
    names = ["athlete.ftp_w", "athlete.history", "marts.week_start"]
    assert json.loads(status.stdout)["changed_settings"] == names
    assert json.loads(status.stdout)["next"] == f"make transform PLAYGROUND={copied}"
    assert (
        "before athlete.ftp_w and athlete.history and marts.week_start changed"
        in run("status", copied).stdout
    )
    asked = run("sql", copied, Q=held, FORMAT="json")
    assert [tuple(row.values()) for row in json.loads(asked.stdout)] == before
    drawn = run("report", copied)
    for done in (asked, drawn):
        assert done.stderr.count("type `make transform PLAYGROUND=") == 1
        assert "athlete.ftp_w and athlete.history and marts.week_start changed" in done.stderr
    page = (copied / "report.html").read_text()
    assert (
        "athlete.ftp_w and athlete.history and marts.week_start changed: type make transform for marts"
        in page
    )
    assert str(copied) not in page
    # Weeks begin on the day that they were summed up by.
    assert "Monday on top" in (copied / "report.html").read_text()
    run("transform", copied)
    assert json.loads(run("status", copied, JSON="1").stdout)["changed_settings"] == []
    assert run("sql", copied, Q=held).stderr == ""
    run("report", copied)
    assert "Sunday on top" in (copied / "report.html").read_text()
    assert [ftp for _, ftp in rows(copied, held, "marts.duckdb")] == [199, 210]


def test_a_broken_configuration_keeps_nobody_from_asking(copied: Path) -> None:
    (copied / "config.toml").write_text("[athlete")
    done = run("sql", copied, Q="select 1 as one", FORMAT="csv")
    assert done.stdout == "one\n1\n"
    assert "config.toml is not valid TOML" in done.stderr
