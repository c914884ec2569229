"""Weekly volume: how much of which sport."""

import datetime as dt
import json
from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import (
    DAY_FORMAT,
    PALETTE,
    coloured,
    figure,
    menu,
    period_menu,
    wide_chart,
)
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import Units, local_day

# The other sports share the last colour of the palette.
SPORTS_NAMED = len(PALETTE) - 1
REST = "other sports"
MOST_PRACTISED = f"""
    select sport_type from activities
    group by sport_type order by sum(moving_time_s) desc, sport_type limit {SPORTS_NAMED}
"""
BY_WEEK = f"""
    with named as ({MOST_PRACTISED})
    select week_start_date as week, if(sport_type in (from named), sport_type, ?) as sport,
        coalesce(sum(moving_time_s), 0) as time_s, coalesce(sum(distance_m), 0) as distance_m
    from weekly_volume
    group by all having time_s > 0 or distance_m > 0
    order by week desc, sport
"""


def weekly_volume_section(marts: Marts, units: Units) -> Section:
    """Bars of the sports that take most of the time; the others are one bar together."""
    named = [row["sport_type"] for row in query(marts, MOST_PRACTISED)]
    rows = query(marts, BY_WEEK, REST)
    sports = [*named, *([REST] if any(row["sport"] == REST for row in rows) else [])]
    values = _values(rows, units)
    return Section(
        "volume",
        "Weekly volume",
        "Moving time and distance of each week, by sport type.",
        figures=[
            figure(
                "Stacked bars: moving time or distance of each week, by sport type",
                _chart(sports, values, units),
                values,
            )
        ],
        table=_table(rows, sports, units),
    )


def _values(rows: Sequence[Row], units: Units) -> list[Row]:
    return [
        {
            "week": local_day(row["week"]),
            "end": local_day(row["week"] + dt.timedelta(days=6)),
            "sport": row["sport"],
            "hours": round(row["time_s"] / 3600, 2),
            "distance": round(units.distance.of(row["distance_m"]), 1),
        }
        for row in rows
    ]


def _chart(sports: Sequence[str], values: Sequence[Row], units: Units) -> alt.Chart:
    period, recent = period_menu("week", values)
    choices = {"hours": "moving time, hours", "distance": f"distance, {units.distance.name}"}
    chart: alt.Chart = (
        wide_chart()
        .mark_bar()
        .transform_filter(recent)
        .transform_calculate(shown="datum[measure]")
        .encode(
            x=alt.X("week:T", bin="binned", title="week"),
            x2="end:T",
            y=alt.Y("shown:Q", stack=True, title=None),
            color=coloured("sport:N", sports, PALETTE[: len(sports)]),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("week:T", title="week from", format=DAY_FORMAT),
                "sport:N",
                alt.Tooltip("hours:Q", format=".1f"),
                alt.Tooltip("distance:Q", title=units.distance.name, format=".1f"),
            ],
        )
        .transform_calculate(rank=f"indexof({json.dumps(sports)}, datum.sport)")
        .add_params(period, menu("measure", "Show", choices, chosen="hours"))
    )
    return chart


def _table(rows: Sequence[Row], sports: Sequence[str], units: Units) -> Table:
    by_week: dict[dt.date, dict[str, str]] = {}
    for row in rows:
        text = f"{row['time_s'] / 3600:.1f} ({units.distance.of(row['distance_m']):.1f})"
        by_week.setdefault(row["week"], {})[row["sport"]] = text
    return Table(
        ["Week from", *(f"{sport}, h ({units.distance.name})" for sport in sports)],
        [[str(week), *(texts.get(sport, "") for sport in sports)] for week, texts in by_week.items()],
    )
