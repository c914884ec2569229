"""This week so far, against the same days of the four weeks before it."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.report.colours import GREY, ORANGE
from pipelines.report.marts import Marts, Row, latest_day, latest_week, query
from pipelines.report.section import Section, Table, Tile
from pipelines.report.units import Units, hours
from pipelines.report.vegalite import Specification, coloured, faded, figure, picked

# A week counts up to the weekday that the newest one has reached.
BY_SPORT = """
    with
    today as (
        select (select max(week_start_date) from weekly_volume) as week_start_date,
            (select max(load_date) from daily_training_load) as day
    ),
    days as (
        select a.sport_type, a.sport_group, a.distance_m, a.moving_time_s, a.elevation_gain_m,
            a.week_start_date = t.week_start_date as is_this_week
        from activities a, today t
        where a.week_start_date > t.week_start_date - 35
            and a.activity_date - a.week_start_date <= t.day - t.week_start_date
    )
    select sport_type, sport_group,
        count(*) filter (is_this_week)::double as count_now,
        count(*) filter (not is_this_week) / 4 as count_before,
        coalesce(sum(distance_m) filter (is_this_week), 0) as distance_m_now,
        coalesce(sum(distance_m) filter (not is_this_week), 0) / 4 as distance_m_before,
        coalesce(sum(moving_time_s) filter (is_this_week), 0)::double as time_s_now,
        coalesce(sum(moving_time_s) filter (not is_this_week), 0) / 4 as time_s_before,
        coalesce(sum(elevation_gain_m) filter (is_this_week), 0) as climb_m_now,
        coalesce(sum(elevation_gain_m) filter (not is_this_week), 0) / 4 as climb_m_before
    from days
    group by sport_type, sport_group
    order by time_s_now + time_s_before desc, sport_type
"""


class Compared(NamedTuple):
    """A sum of this week, and the average of the weeks before it."""

    now: float
    before: float


def this_week_section(marts: Marts, units: Units) -> Section:
    """Totals as tiles, the moving time of each sport as bars."""
    rows = query(marts, BY_SPORT)
    week, today = latest_week(marts), latest_day(marts)
    days = f"the same {(today - week).days + 1} days" if today > week else "the same day"
    description = "Moving time of this week by sport, beside the average of the same days of the four before"
    return Section(
        "week",
        "This week so far",
        f"From {week} to {today}, against the average of {days} of the four weeks before. Whatever period and sports the "
        "page shows.",
        tiles=_tiles(rows, units),
        figures=[figure(description, _chart(rows), _values(rows))] if rows else [],
        table=_table(rows, units) if rows else None,
    )


def _tiles(rows: Sequence[Row], units: Units) -> list[Tile]:
    def total(name: str) -> Compared:
        return Compared(sum(row[f"{name}_now"] for row in rows), sum(row[f"{name}_before"] for row in rows))

    time_s, distance_m = total("time_s"), total("distance_m")
    climb_m, count = total("climb_m"), total("count")
    length, climb = units.distance, units.climb
    return [
        Tile(
            hours(time_s.now),
            f"moving time; {hours(time_s.before)} on average before",
        ),
        Tile(
            f"{length.of(distance_m.now):,.1f} {length.name}",
            f"distance; {length.of(distance_m.before):,.1f} on average before",
        ),
        Tile(
            f"{climb.of(climb_m.now):,.0f} {climb.name}",
            f"climbed; {climb.of(climb_m.before):,.0f} on average before",
        ),
        Tile(f"{count.now:.0f}", f"activities; {count.before:.1f} on average before"),
    ]


def _values(rows: Sequence[Row]) -> list[Row]:
    return [
        {"sport": row["sport_type"], "period": period, "hours": round(row[f"time_s_{key}"] / 3600, 3)}
        for row in rows
        for key, period in (("now", "this week"), ("before", "average before"))
    ]


def _chart(rows: Sequence[Row]) -> Specification:
    sports = [row["sport_type"] for row in rows]
    return {
        "height": max(60, 44 * len(rows)),
        "mark": {"type": "bar", "cornerRadiusEnd": 3},
        "params": [picked("period")],
        "encoding": {
            "x": {
                "field": "hours",
                "type": "quantitative",
                "title": "moving time, hours",
                "axis": {"tickCount": 6, "format": ".1~f"},
            },
            "y": {
                "field": "sport",
                "type": "nominal",
                "title": None,
                "sort": sports,
                "axis": {"grid": False},
            },
            "yOffset": {"field": "period", "type": "nominal", "sort": ["this week"]},
            "color": coloured("period", ["this week", "average before"], [ORANGE, GREY]),
            "opacity": faded(),
            "tooltip": [
                {"field": "sport", "type": "nominal"},
                {"field": "period", "type": "nominal"},
                {"field": "hours", "type": "quantitative", "format": ".1f"},
            ],
        },
    }


def _table(rows: Sequence[Row], units: Units) -> Table:
    length, climb = units.distance, units.climb
    before = "Average before"
    return Table(
        ["Sport", "Time", before, length.name, before, f"Climb, {climb.name}", before],
        [
            [
                row["sport_type"],
                hours(row["time_s_now"]),
                hours(row["time_s_before"]),
                f"{length.of(row['distance_m_now']):,.1f}",
                f"{length.of(row['distance_m_before']):,.1f}",
                f"{climb.of(row['climb_m_now']):,.0f}",
                f"{climb.of(row['climb_m_before']):,.0f}",
            ]
            for row in rows
        ],
    )
