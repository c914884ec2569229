"""Settings of config.toml on their way into the marts: periods, what a change moves, and what it leaves alone."""

import datetime as dt
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import assert_same_rows, rows, run
from tests.rounds import small
from tests.simulated_strava.export import write_export

BASE = """
[athlete]
ftp_w = 200
max_heartrate_bpm = 190
resting_heartrate_bpm = 50
threshold_heartrate_bpm = 170
threshold_pace_s_per_km = "4:30"
"""
CONSTANTS = "fitness_days = 365\nfatigue_days = 100\n"
HISTORY = """
[[athlete.history]]
from = {later}
ftp_w = 250
duration_load_per_h = 60

[[athlete.history]]
from = "{earlier}"
ftp_w = 250
heartrate_zones_bpm = [120, 150]
"""
# No day on which anything changes: a block that says what holds already begins no period.
NOTHING_NEW = "\n[[athlete.history]]\nfrom = {later}\nftp_w = 200\n"


def transform(playground: Path, settings: str) -> None:
    config = playground / "config.toml"
    strava = config.read_text().partition("\n[athlete]")[0]
    config.write_text(strava + settings)
    run("transform", playground)


def published(playground: Path, query: str) -> list[tuple[Any, ...]]:
    return rows(playground, query, "marts.duckdb")


@pytest.fixture(scope="module")
def before(refreshed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Playground whose settings have no history."""
    playground = Path(shutil.copytree(refreshed, tmp_path_factory.mktemp("before") / "p"))
    with duckdb.connect(str(playground / "strava.duckdb")) as connection:
        # One activity so long ago that only a long constant remembers it.
        connection.execute(
            "update strava_raw.activities set start_date = start_date - interval 6 year, "
            "start_date_local = start_date_local - interval 6 year "
            "where start_date = (select min(start_date) from strava_raw.activities)"
        )
    transform(playground, BASE)
    return playground


@pytest.fixture(scope="module")
def days(before: Path) -> tuple[dt.date, dt.date]:
    """Two days on which settings change: after a third of the rides with power, and after two."""
    found = published(
        before,
        "select activity_date from marts.activities where training_load_source = 'power' order by started_at",
    )
    assert len(found) > 30
    return found[len(found) // 3][0], found[2 * len(found) // 3][0]


@pytest.fixture(scope="module")
def after(before: Path, days: tuple[dt.date, dt.date], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with history, built over the marts without."""
    playground = Path(shutil.copytree(before, tmp_path_factory.mktemp("after") / "p"))
    earlier, later = days
    transform(playground, BASE + CONSTANTS + HISTORY.format(earlier=earlier, later=later))
    return playground


def test_the_periods_and_their_sources_are_published(after: Path, days: tuple[dt.date, dt.date]) -> None:
    earlier, later = days
    one_day = dt.timedelta(1)
    assert rows(after, "select origin from strava_raw.athlete") == [("api",)]
    assert published(
        after,
        "select valid_from, valid_to, ftp_w, ftp_w_source, threshold_pace_s_per_km, sex_source, weight_kg_source, "
        "duration_load_per_h, fitness_days from marts.athlete_settings order by valid_from",
    ) == [
        (dt.date(1900, 1, 1), earlier - one_day, 200, "config", 270, "strava", "strava", 50, 365),
        (earlier, later - one_day, 250, "config", 270, "strava", "strava", 50, 365),
        (later, None, 250, "config", 270, "strava", "strava", 60, 365),
    ]
    assert published(
        after,
        "select valid_from, count(*) filter (where source = 'strava'), "
        "list(lower_bound order by zone_index) filter (where source = 'config'), "
        "count(*) filter (where zone_kind = 'pace'), count(*) filter (where zone_kind = 'power') "
        "from marts.zones group by valid_from order by valid_from",
    ) == [
        (dt.date(1900, 1, 1), 5, None, 6, 7),
        (earlier, 0, [None, 120, 150], 6, 7),
        (later, 0, [None, 120, 150], 6, 7),
    ]


def test_what_was_before_a_change_stays_and_what_comes_after_follows(
    before: Path, after: Path, days: tuple[dt.date, dt.date]
) -> None:
    earlier, _ = days
    for mart, key in (
        ("activities", "activity_id"),
        ("time_in_zones", "activity_id, zone_kind, zone_index"),
    ):
        past = (
            f"select mart.* from marts.{mart} as mart inner join marts.activities as dated using (activity_id) "
            f"where dated.activity_date < '{earlier}' order by {key}"
        )
        assert_same_rows(published(after, past), published(before, past), mart)
    power = (
        "select activity_id, training_stress_score from marts.activities "
        f"where training_stress_score is not null and activity_date >= '{earlier}' order by activity_id"
    )
    scaled = [(id_, score * (200 / 250) ** 2) for id_, score in published(before, power)]
    assert_same_rows(published(after, power), scaled, "training_stress_score")
    changed = f"""
        select count(distinct zone_index) from marts.time_in_zones
        inner join marts.activities using (activity_id)
        where zone_kind = 'heartrate' and activity_date >= '{earlier}'
    """
    assert published(before, changed) == [(5,)]
    assert published(after, changed) == [(3,)]


def test_a_change_of_settings_reads_no_sample_again(before: Path, after: Path) -> None:
    assert rows(after, "select count(*) from intermediate.int_stream_changes where is_changed") == [(0,)]
    # Rows of a table that was made anew, or of an activity that was computed again, would stand elsewhere.
    where = "select rowid, activity_id, fingerprint from intermediate.int_stream_aggregates order by rowid"
    assert rows(after, where) == rows(before, where)


def test_a_block_that_changes_nothing_changes_nothing(
    before: Path, days: tuple[dt.date, dt.date], tmp_path: Path
) -> None:
    playground = Path(shutil.copytree(before, tmp_path / "p"))
    transform(playground, BASE + NOTHING_NEW.format(later=days[1]))
    for mart in ("athlete_settings", "zones", "activities", "time_in_zones", "daily_training_load"):
        query = f"from marts.{mart} order by all"
        assert_same_rows(published(playground, query), published(before, query), mart)


def means(loads: Iterable[float], days: float) -> list[float]:
    """The recursion of an exponential mean, from 0."""
    mean, found = 0.0, []
    for load in loads:
        mean = mean * math.exp(-1 / days) + load * (1 - math.exp(-1 / days))
        found.append(mean)
    return found


def test_fitness_and_fatigue_have_the_constants_that_are_configured(before: Path, after: Path) -> None:
    for playground, fitness_days, fatigue_days in ((before, 42, 7), (after, 365, 100)):
        found = published(
            playground,
            "select training_load, fitness, fatigue, form, form_pct, acute_chronic_ratio, ramp_7d "
            "from marts.daily_training_load order by load_date",
        )
        loads = [load for load, *_ in found]
        fitness, fatigue = means(loads, fitness_days), means(loads, fatigue_days)
        expected: list[tuple[Any, ...]] = []
        for day, load in enumerate(loads):
            form = fitness[day - 1] - fatigue[day - 1] if day else 0.0
            base = fitness[day - 1] if day else 0.0
            ratio = fatigue[day] / fitness[day] if fitness[day] else None
            ramp = fitness[day] - fitness[day - 7] if day >= 7 else None
            expected.append(
                (load, fitness[day], fatigue[day], form, 100 * form / base if base else None, ratio, ramp)
            )
        assert_same_rows(found, expected, "daily_training_load")


def test_a_profile_in_an_archive_is_named_as_the_source(tmp_path: Path) -> None:
    playground = tmp_path / "p"
    playground.mkdir(mode=0o700)
    write_export(tmp_path / "export.zip", small(23, 4))
    run("import", playground, ARCHIVE=str(tmp_path / "export.zip"))
    assert rows(playground, "select origin from strava_raw.athlete") == [("archive",)]
    run("transform", playground)
    assert published(
        playground,
        "select sex_source, weight_kg_source, max_heartrate_bpm_source, threshold_pace_s_per_km_source "
        "from marts.athlete_settings",
    ) == [("archive", "archive", "estimate", None)]
