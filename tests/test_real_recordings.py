"""Faults of real recordings (tests/real_recordings.py): by the oracle, and as they are published."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from tests.dirty_history import History
from tests.dirty_streams import Streams
from tests.formulas import Athlete
from tests.harness import PLENTY, make_playground, rows, run
from tests.oracle_marts import COLUMNS, KEYS, athlete_toml, expected_marts
from tests.real_recordings import CASES, SETTINGS, Case, at_speed, seconds, sums
from tests.simulated_strava import SimulatedStrava


def add(known: History, case: Case) -> int:
    return known.add(case.sport, case.streams or {}, **case.summary)


def wrong_values(case: Case, marts: dict[str, dict[tuple[Any, ...], dict[str, Any]]], id_: int) -> list[str]:
    """`marts` have rows by their whole key."""
    out = []
    for (mart, *rest, column), should in case.values.items():
        is_ = marts[mart].get((id_, *rest), {}).get(column, "no row")
        if is_ != (pytest.approx(should, rel=1e-8) if isinstance(should, int | float) else should):
            out.append(f"{case.name}: {mart} {rest} {column}: {is_}, expected {should}")
    for mart, should in case.counts.items():
        count = sum(key[0] == id_ for key in marts[mart])
        if count != should:
            out.append(f"{case.name}: {count} rows in {mart}, expected {should}")
    return out


def marts_of(athlete: Athlete) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
    """The oracle's, in one shape."""
    out = {}
    for mart, its in expected_marts(athlete).items():
        out[mart] = {
            key if isinstance(key, tuple) else (key,): value
            if isinstance(value, dict)
            else dict(zip(COLUMNS[mart], value if isinstance(value, tuple) else (value,), strict=True))
            for key, value in its.items()
        }
    return out


def published(playground: Path, marts: set[str]) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
    """The published ones, in that shape, with the columns that a case looks at."""
    out = {}
    for mart in marts:
        columns = sorted({key[-1] for case in CASES for key in case.values if key[0] == mart})
        its = rows(playground, f"select {', '.join(KEYS[mart] + columns)} from {mart}", "marts.duckdb")
        count = len(KEYS[mart])
        out[mart] = {row[:count]: dict(zip(columns, row[count:], strict=True)) for row in its}
    return out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_oracle_itself(case: Case) -> None:
    known = History(SimulatedStrava(), random.Random(1))
    id_ = add(known, case)
    assert wrong_values(case, marts_of(known.expected(SETTINGS)), id_) == []


@pytest.mark.long
def test_what_is_published(tmp_path: Path) -> None:
    with SimulatedStrava([], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        known = History(strava, random.Random(1))
        ids = [add(known, case) for case in CASES]
        playground = make_playground(tmp_path / "p", strava, athlete_toml(SETTINGS, []))
        run("refresh", playground)
    looked_at = {key[0] for case in CASES for key in case.values} | {
        mart for case in CASES for mart in case.counts
    }
    marts = published(playground, looked_at)
    assert [
        line for case, id_ in zip(CASES, ids, strict=True) for line in wrong_values(case, marts, id_)
    ] == []


# ---- without settings: the maximum, and the day where the athlete is


def evening_runs(known: History, last: dt.date, offset_s: float) -> None:
    """Four evenings that end with `last`, at the athlete's own clock."""
    for days in range(4):
        local = dt.datetime.combine(last - dt.timedelta(days=days), dt.time(19))
        known.add(
            "Run",
            {},
            start_date_local=local.isoformat() + "Z",
            start_date=(local - dt.timedelta(seconds=offset_s)).isoformat() + "Z",
            utc_offset=offset_s,
            **sums(8000.0, 2700),
        )


def sensor_of_255(known: History) -> None:
    beats = [120] * 290 + [255] * 20 + [120] * 291
    streams: Streams = {"time": seconds(601), "distance": at_speed(601, 8.0), "heartrate": beats}
    old = {"start_date_local": "2026-03-01T10:00:00Z", "start_date": "2026-03-01T10:00:00Z"}
    known.add("Ride", streams, **sums(4800.0, 600, **old))


def test_a_byte_without_a_value_is_no_maximum() -> None:
    known = History(SimulatedStrava(), random.Random(1))
    sensor_of_255(known)
    [values] = known.expected().athlete_settings().values()
    assert (values["max_heartrate_bpm"], values["max_heartrate_bpm_source"]) == (120, "estimate")


def test_sunday_evening_in_los_angeles() -> None:
    """It is Monday, 03:00 in UTC."""
    known = History(SimulatedStrava(), random.Random(1))
    saturday = dt.date(2026, 11, 28)
    evening_runs(known, saturday, -8 * 3600.0)
    athlete = Athlete(known.strava.visible_activities(), {}, dt.datetime(2026, 11, 30, 3, tzinfo=dt.UTC))
    monday = dt.date(2026, 11, 23)
    assert athlete.streaks() == {
        ("day", dt.date(2026, 11, 25)): (saturday, 4, True),
        ("week", monday): (dt.date(2026, 11, 29), 1, True),
    }
    assert athlete.weekly_volume() == {(monday, "Run"): (4, 32_000.0, 10_800.0)}


@pytest.mark.long
def test_the_day_where_the_athlete_is_and_an_estimate(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    # Noon or later of the day before, or still the morning of the next: no midnight while this runs.
    offset_s = -12 * 3600.0 if now.hour <= 10 else 14 * 3600.0
    today = (now + dt.timedelta(seconds=offset_s)).date()
    assert today != now.date()
    # By the clock in UTC the one streak would be over, the other current.
    last = today - dt.timedelta(days=1 if offset_s < 0 else 2)
    with SimulatedStrava([], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        known = History(strava, random.Random(1))
        sensor_of_255(known)
        evening_runs(known, last, offset_s)
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)

    def found(query: str) -> list[tuple[Any, ...]]:
        return rows(playground, query, "marts.duckdb")

    streak = "select end_date, length, is_current from streaks where streak_kind = 'day'"
    assert found(f"{streak} order by start_date desc limit 1") == [(last, 4, offset_s < 0)]
    assert found("select max(load_date) from daily_training_load") == [(today,)]
    monday = today - dt.timedelta(days=today.weekday())
    assert found("select max(week_start_date) from weekly_volume where sport_type = 'Run'") == [(monday,)]
    estimate = "select max_heartrate_bpm, max_heartrate_bpm_source from athlete_settings"
    assert found(estimate) == [(120, "estimate")]
