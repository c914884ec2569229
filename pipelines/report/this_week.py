"""This week so far, against the four weeks before it."""

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from pipelines.report.charts import GREY, ORANGE, coloured, figure, wide_chart
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table, Tile
from pipelines.report.units import Units, hours

BY_SPORT = """
    with
    latest as (select max(week_start_date) as week_start_date from weekly_volume),
    weeks as (
        select v.sport_type, v.activity_count, v.distance_m, v.moving_time_s, v.elevation_gain_m,
            v.week_start_date = l.week_start_date as is_this_week
        from weekly_volume v, latest l
        where v.week_start_date > l.week_start_date - 35
    )
    select sport_type,
        coalesce(sum(activity_count) filter (is_this_week), 0)::double as count_now,
        coalesce(sum(activity_count) filter (not is_this_week), 0) / 4 as count_before,
        coalesce(sum(distance_m) filter (is_this_week), 0) as distance_m_now,
        coalesce(sum(distance_m) filter (not is_this_week), 0) / 4 as distance_m_before,
        coalesce(sum(moving_time_s) filter (is_this_week), 0)::double as time_s_now,
        coalesce(sum(moving_time_s) filter (not is_this_week), 0) / 4 as time_s_before,
        coalesce(sum(elevation_gain_m) filter (is_this_week), 0) as climb_m_now,
        coalesce(sum(elevation_gain_m) filter (not is_this_week), 0) / 4 as climb_m_before
    from weeks
    group by sport_type
    having count_now + count_before > 0
    order by time_s_now + time_s_before desc, sport_type
"""


class Compared(NamedTuple):
    """A sum of this week, and the average of the weeks before it."""

    now: float
    before: float


def this_week_section(marts: Marts, units: Units) -> Section:
    """Totals as tiles, the moving time of each sport as bars."""
    rows = query(marts, BY_SPORT)
    [start] = query(marts, "select max(week_start_date) as week from weekly_volume")
    description = "Moving time of this week by sport, beside the average of the four before"
    return Section(
        "week",
        "This week",
        f"The week from {start['week']} so far, against the average of the four before it.",
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
            f"moving time; {hours(time_s.before)} on average in the four weeks before",
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


def _chart(rows: Sequence[Row]) -> alt.Chart:
    chart: alt.Chart = (
        wide_chart(height=max(60, 44 * len(rows)))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("hours:Q", title="moving time, hours"),
            y=alt.Y("sport:N", title=None, sort=[row["sport_type"] for row in rows]),
            yOffset=alt.YOffset("period:N", sort=["this week"]),
            color=coloured("period:N", ["this week", "average before"], [ORANGE, GREY]),
            tooltip=["sport:N", "period:N", alt.Tooltip("hours:Q", format=".1f")],
        )
    )
    return chart


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
