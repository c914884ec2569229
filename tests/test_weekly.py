"""Both weekly marts, from the API's answers to the published file, against an independent calculation."""

import datetime as dt
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import PLENTY, assert_same_rows, away_from_day_end, last_line, make_playground, rows, run
from tests.simulated_strava import Activity, SimulatedStrava, every_kind, history

END = dt.date(2026, 5, 1)


def odd_ones(base: Activity) -> list[Activity]:
    """Activities that weekly figures stumble over."""

    def odd(number: int, local: str, **changes: Any) -> Activity:
        offset = changes.pop("utc_offset", 0.0)
        start = dt.datetime.fromisoformat(local) - dt.timedelta(seconds=offset)
        summary = {
            **base.summary,
            "id": 700 + number,
            "start_date_local": local + "Z",
            "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "utc_offset": offset,
            **changes,
        }
        return Activity(summary, None)

    return [
        odd(1, "2025-03-09T23:30:00", utc_offset=-25200.0),  # Sunday there, Monday in UTC
        odd(
            2, "2025-12-29T06:00:00", utc_offset=19800.0
        ),  # Monday there, Sunday in UTC; the week of new year
        odd(3, "2025-12-31T12:00:00", distance=0.0),
        odd(4, "2025-12-31T13:00:00", distance=100.5, moving_time=11, elapsed_time=10),
        odd(5, "2025-12-31T14:00:00", moving_time=0, elapsed_time=0),
        odd(6, "2026-01-04T23:59:59", sport_type="Zorbing", distance=5),
        odd(7, "2026-02-01T12:00:00", name="", id=2**53 + 1),
        odd(8, "2026-02-02T12:00:00", distance=20000.0, moving_time=4_000_000, elapsed_time=3600),
        odd(9, "2026-02-03T12:00:00", distance=20000.0, moving_time=0, elapsed_time=3600),
        odd(10, "2026-02-04T12:00:00", distance=0.0, moving_time=0, elapsed_time=3600),
    ]


def week_of(row: dict[str, Any], first_weekday: int) -> dt.date:
    date = dt.datetime.fromisoformat(row["start_date_local"].rstrip("Z")).date()
    return date - dt.timedelta(days=(date.weekday() - first_weekday) % 7)


def repaired(row: dict[str, Any]) -> dict[str, Any]:
    """Nobody moves for longer than it took, nor gets anywhere without moving."""
    too_long = row["moving_time"] > row["elapsed_time"] > 0
    missing = row["moving_time"] == 0 and row["distance"] > 0
    return {**row, "moving_time": row["elapsed_time"]} if too_long or missing else row


def athlete_today(activities: list[dict[str, Any]]) -> dt.date:
    """The date on the clock of the newest activity, or of the latest activity if that is later."""
    newest = max(activities, key=lambda row: (row["start_date"], row["id"]))
    there = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=newest.get("utc_offset") or 0)
    latest = max(row["start_date_local"] for row in activities)
    return max(there.date(), dt.date.fromisoformat(latest[:10]))


def expected_volume(
    activities: list[dict[str, Any]], first_weekday: int, today: dt.date
) -> dict[tuple[dt.date, str], dict[str, Any]]:
    by_week: dict[tuple[dt.date, str], list[dict[str, Any]]] = defaultdict(list)
    for row in activities:
        by_week[week_of(row, first_weekday), row["sport_type"]].append(row)
    last = today - dt.timedelta(days=(today.weekday() - first_weekday) % 7)
    out: dict[tuple[dt.date, str], dict[str, Any]] = {}
    for sport in {sport for _, sport in by_week}:
        week = min(week for week, its in by_week if its == sport)
        distances: list[float] = []
        while week <= last:
            found = by_week.get((week, sport), [])
            distances.append(math.fsum(row["distance"] for row in found))
            before = distances[-2] if len(distances) > 1 else 0
            out[week, sport] = {
                "activity_count": len(found),
                "active_day_count": len({row["start_date_local"][:10] for row in found}),
                "distance_m": distances[-1],
                "moving_time_s": sum(row["moving_time"] for row in found),
                "elapsed_time_s": sum(row["elapsed_time"] for row in found),
                "elevation_gain_m": math.fsum(row["total_elevation_gain"] for row in found),
                "longest_distance_m": max((row["distance"] for row in found), default=0),
                "longest_moving_time_s": max((row["moving_time"] for row in found), default=0),
                "distance_m_4w_avg": math.fsum(distances[-4:]) / 4 if len(distances) >= 4 else None,
                "distance_change_pct": 100 * (distances[-1] - before) / before if before else None,
            }
            week += dt.timedelta(days=7)
    return out


def expected_pace(
    activities: list[dict[str, Any]], first_weekday: int
) -> dict[tuple[dt.date, str], dict[str, Any]]:
    counted = [row for row in activities if row["distance"] > 0 and row["moving_time"] > 0]
    by_week: dict[tuple[dt.date, str], list[dict[str, Any]]] = defaultdict(list)
    for row in counted:
        by_week[week_of(row, first_weekday), row["sport_type"]].append(row)
    out: dict[tuple[dt.date, str], dict[str, Any]] = {}
    previous: dict[str, float] = {}
    for week, sport in sorted(by_week):
        found = by_week[week, sport]
        four = [
            row
            for row in counted
            if row["sport_type"] == sport and 0 <= (week - week_of(row, first_weekday)).days <= 21
        ]

        def pace(some: list[dict[str, Any]], key: str = "moving_time") -> float:
            return 1000 * math.fsum(row[key] for row in some) / math.fsum(row["distance"] for row in some)

        beating = [row for row in found if row.get("average_heartrate") is not None]
        beats = math.fsum(row["average_heartrate"] * row["moving_time"] for row in beating)
        out[week, sport] = {
            "activity_count": len(found),
            "distance_m": math.fsum(row["distance"] for row in found),
            "moving_time_s": sum(row["moving_time"] for row in found),
            "elapsed_time_s": sum(row["elapsed_time"] for row in found),
            "pace_s_per_km": pace(found),
            "elapsed_pace_s_per_km": pace(found, "elapsed_time"),
            "average_speed_m_per_s": 1000 / pace(found),
            "fastest_pace_s_per_km": min(1000 * row["moving_time"] / row["distance"] for row in found),
            "pace_s_per_km_4w": pace(four),
            "pace_change_s_per_km": pace(found) - previous[sport] if sport in previous else None,
            "average_heartrate_bpm": beats / sum(row["moving_time"] for row in beating) if beating else None,
        }
        previous[sport] = pace(found)
    return out


def assert_mart(playground: Path, mart: str, expected: dict[tuple[dt.date, str], dict[str, Any]]) -> None:
    names = list(next(iter(expected.values())))
    held = {
        (row[0], row[1]): row[2:]
        for row in rows(
            playground,
            f"select week_start_date, sport_type, {', '.join(names)} from marts.{mart}",
            "marts.duckdb",
        )
    }
    assert set(held) == set(expected)
    for key, wanted in expected.items():
        for name, got in zip(names, held[key], strict=True):
            if wanted[name] is None or got is None:
                assert got == wanted[name], (mart, key, name)
            else:
                assert math.isclose(got, wanted[name], rel_tol=1e-9, abs_tol=1e-6), (
                    mart,
                    key,
                    name,
                    got,
                    wanted[name],
                )


@pytest.mark.long
@pytest.mark.parametrize(
    ("zone", "week_start", "first_weekday"),
    [("Pacific/Auckland", "monday", 0), ("America/Los_Angeles", "sunday", 6)],
)
def test_every_figure_of_both_weekly_marts(
    tmp_path: Path, zone: str, week_start: str, first_weekday: int
) -> None:
    activities = (
        history(seed=21, years=5, end=END)
        if zone.startswith("Pacific")
        else history(seed=22, years=1, end=END)
    )
    if zone.startswith("Pacific"):
        assert len(activities) > 1000
    # No figure here comes from streams, which would take nearly all of the time.
    typed_in = [replace(activity.with_summary(manual=True), streams_seed=None) for activity in activities]
    with SimulatedStrava(
        [*typed_in, *every_kind(), *odd_ones(activities[5])], read_limit=PLENTY, overall_limit=PLENTY
    ) as strava:
        playground = make_playground(tmp_path / "p", strava, f'[marts]\nweek_start = "{week_start}"\n')
        run("extract", playground, TZ=zone)
        truth = [repaired(row) for row in strava.visible_activities()]
        today = athlete_today(truth)
        run("transform", playground, TZ=zone)
        if athlete_today(truth) != today:  # which of the two days it met is open: once more, on the new one
            today = athlete_today(truth)
            run("transform", playground, TZ=zone)
        assert_mart(playground, "weekly_volume", expected_volume(truth, first_weekday, today))
        assert_mart(playground, "weekly_pace", expected_pace(truth, first_weekday))


def test_transform_before_extract_names_the_next_step(tmp_path: Path) -> None:
    done = run("transform", tmp_path, expect=2)
    assert "make extract" in last_line(done)


@pytest.mark.long
def test_three_steps_of_data_give_the_same_marts_as_one(tmp_path: Path) -> None:
    away_from_day_end(120)
    activities = list(history(seed=23, years=1, end=END))[-60:]
    with SimulatedStrava(activities[:40], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        steps = make_playground(tmp_path / "steps", strava, "[athlete]\nftp_w = 230\n")
        run("refresh", steps)
        for activity in activities[40:]:
            strava.add(activity)
        with_streams = [row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"])]
        strava.crop(with_streams[3])
        strava.change_sport(with_streams[4], "Walk")
        run("refresh", steps, FULL="1")
        strava.delete(with_streams[5])
        strava.crop(with_streams[6])
        run("refresh", steps, FULL="1")
        once = make_playground(tmp_path / "once", strava, "[athlete]\nftp_w = 230\n")
        run("refresh", once)
    tables = [
        name for (name,) in rows(once, "select table_name from information_schema.tables", "marts.duckdb")
    ]
    assert len(tables) == 26
    for table in tables:
        query = f"select * from {table} order by all"
        assert_same_rows(rows(steps, query, "marts.duckdb"), rows(once, query, "marts.duckdb"), table)


def test_an_empty_history_builds(tmp_path: Path) -> None:
    with SimulatedStrava([], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)
        assert rows(playground, "select count(*) from weekly_volume", "marts.duckdb") == [(0,)]
