"""Weeks, years, streaks and Eddington's number: what the summaries alone give."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from tests.formulas.activity import repaired_moving_time
from tests.formulas.sports import Row, group_of


def date_of(row: Row) -> dt.date:
    """The local date."""
    return dt.datetime.fromisoformat(row["start_date_local"].rstrip("Z")).date()


def week_of(date: dt.date, first_weekday: int) -> dt.date:
    return date - dt.timedelta(days=(date.weekday() - first_weekday) % 7)


def today_of(summaries: Iterable[Row], now: dt.datetime) -> dt.date:
    """The instant at the clock of the newest activity, or the latest local date if that is later."""
    its = sorted(summaries, key=lambda row: (dt.datetime.fromisoformat(row["start_date"]), row["id"]))
    if not its:
        return now.astimezone(dt.UTC).date()
    there = now.astimezone(dt.UTC) + dt.timedelta(seconds=its[-1].get("utc_offset") or 0)
    return max(there.date(), *map(date_of, its))


def eddington(summaries: Iterable[Row]) -> dict[tuple[str, str], tuple[int, int]]:
    """(number, days to the next) by sport group and unit."""
    days: dict[str, dict[dt.date, float]] = defaultdict(lambda: defaultdict(float))
    for row in summaries:
        days[group_of(row["sport_type"])][date_of(row)] += row["distance"] or 0
    out = {}
    for group, its in days.items():
        for unit, metres in (("km", 1000), ("mi", 1609.344)):

            def enough(e: int, its: dict[dt.date, float] = its, metres: float = metres) -> int:
                return sum(distance >= e * metres for distance in its.values())

            number = 0
            while enough(number + 1) >= number + 1:
                number += 1
            out[group, unit] = number, number + 1 - enough(number + 1)
    return out


def streaks(
    summaries: Iterable[Row], today: dt.date, first_weekday: int
) -> dict[tuple[str, dt.date], tuple[dt.date, int, bool]]:
    """(end, length, is current) by kind and start."""
    out: dict[tuple[str, dt.date], tuple[dt.date, int, bool]] = {}
    dates = {date_of(row) for row in summaries}
    weeks = {week_of(date, first_weekday) for date in dates}
    for kind, step, marks, now in (
        ("day", 1, dates, today),
        ("week", 7, weeks, week_of(today, first_weekday)),
    ):
        for first in sorted(mark for mark in marks if mark - dt.timedelta(days=step) not in marks):
            length = 1
            while first + dt.timedelta(days=length * step) in marks:
                length += 1
            last = first + dt.timedelta(days=(length - 1) * step)
            is_current = last in (now, now - dt.timedelta(days=step))
            out[kind, first] = last + dt.timedelta(days=step - 1), length, is_current
    return out


def year_to_date(
    summaries: Iterable[Row], today: dt.date
) -> dict[tuple[int, int, str], tuple[int, float, float, float]]:
    """(activity count, distance_m, moving_time_s, elevation_gain_m) by year, day of the year and sport type."""
    out: dict[tuple[int, int, str], tuple[int, float, float, float]] = {}
    by: dict[tuple[int, str], dict[dt.date, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in summaries:
        by[date_of(row).year, row["sport_type"]][date_of(row)].append(row)
    for (year, sport), days in by.items():
        count, metres, seconds, climb = 0, 0.0, 0.0, 0.0
        day = dt.date(year, 1, 1)
        while day.year == year and day <= today:
            for row in days.get(day, []):
                count += 1
                metres += row["distance"] or 0
                seconds += repaired_moving_time(row) or 0
                climb += row["total_elevation_gain"] or 0
            out[year, day.timetuple().tm_yday, sport] = count, metres, seconds, climb
            day += dt.timedelta(days=1)
    return out


def weekly_volume(
    summaries: Iterable[Row], today: dt.date, first_weekday: int
) -> dict[tuple[dt.date, str], tuple[int, float, float]]:
    """(activity count, distance_m, moving_time_s), zeros included, to this week."""
    by: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    for row in summaries:
        by[week_of(date_of(row), first_weekday), row["sport_type"]].append(row)
    out: dict[tuple[dt.date, str], tuple[int, float, float]] = {}
    for sport in {sport for _, sport in by}:
        week = min(week for week, its in by if its == sport)
        while week <= week_of(today, first_weekday):
            its = by.get((week, sport), [])
            seconds = float(sum(repaired_moving_time(row) or 0 for row in its))
            out[week, sport] = len(its), sum(row["distance"] or 0.0 for row in its), seconds
            week += dt.timedelta(days=7)
    return out


def monthly_volume(summaries: Iterable[Row], today: dt.date) -> dict[tuple[dt.date, str], Row]:
    """Each month from the sport type's first to this one, zeros included."""
    by: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    for row in summaries:
        by[date_of(row).replace(day=1), row["sport_type"]].append(row)
    out: dict[tuple[dt.date, str], Row] = {}
    for sport in {sport for _, sport in by}:
        month = min(month for month, its in by if its == sport)
        before = None
        while month <= today:
            its = by.get((month, sport), [])
            metres = [row["distance"] or 0.0 for row in its]
            moving = [repaired_moving_time(row) or 0 for row in its]
            out[month, sport] = {
                "activity_count": len(its),
                "active_day_count": len({date_of(row) for row in its}),
                "distance_m": float(sum(metres)),
                "moving_time_s": float(sum(moving)),
                "elapsed_time_s": float(sum(row["elapsed_time"] or 0 for row in its)),
                "elevation_gain_m": float(sum(row["total_elevation_gain"] or 0 for row in its)),
                "longest_distance_m": max(metres, default=0.0),
                "longest_moving_time_s": float(max(moving, default=0)),
                "distance_change_pct": (sum(metres) - before) / before * 100 if before else None,
            }
            before = sum(metres)
            month = (month + dt.timedelta(days=31)).replace(day=1)
    return out


def weekly_pace(
    summaries: Iterable[Row], metrics: dict[int, Row], first_weekday: int
) -> dict[tuple[dt.date, str], Row]:
    """Sums of a week's activities that have distance and moving time, and their quotients."""
    by: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    for row in summaries:
        if (row["distance"] or 0) > 0 and (repaired_moving_time(row) or 0) > 0:
            by[week_of(date_of(row), first_weekday), row["sport_type"]].append(row)
    out: dict[tuple[dt.date, str], Row] = {}
    for key, its in by.items():
        metres = float(sum(row["distance"] for row in its))
        seconds = float(sum(repaired_moving_time(row) or 0 for row in its))
        graded = [metrics[row["id"]] for row in its if metrics[row["id"]]["gap_distance_m"] is not None]
        gap_m = sum(one["gap_distance_m"] for one in graded)
        out[key] = {
            "activity_count": len(its),
            "moving_time_s": seconds,
            "pace_s_per_km": seconds / metres * 1000,
            "gap_pace_s_per_km": sum(one["gap_moving_time_s"] for one in graded) / gap_m * 1000
            if gap_m > 0
            else None,
        }
    return out
