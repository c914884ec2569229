"""The power curve: the best average power over each duration."""

from collections.abc import Sequence

from pipelines.report.colours import BLUE, GREY, ORANGE
from pipelines.report.marts import Marts, Row, by_group, latest_day, query
from pipelines.report.section import Section, Table
from pipelines.report.units import GROUP_NAMES, clock, whole_number
from pipelines.report.vegalite import Specification, coloured, faded, figure, hover, picked, spoken

BESTS = """
    with curve as (
        select a.sport_group, a.activity_date as day, p.duration_s, p.average_power_w as power_w, ?::date as today
        from power_curve p
        join activities a using (activity_id)
    )
    select sport_group, duration_s,
        max(power_w) filter (year(day) = year(today)) as this_year,
        max(power_w) filter (day > today - 90) as last_90_days,
        max(power_w) as all_time, arg_max(day, power_w) as all_time_on
    from curve
    group by sport_group, duration_s
    order by sport_group, duration_s
"""
SERIES = {"all time": "all_time", "this year": "this_year", "last 90 days": "last_90_days"}
# The durations that the axis names, as far as the curve goes.
TICKS_S = [1, 5, 15, 30, 60, 300, 600, 1200, 3600, 7200, 18000]


def power_curve_sections(marts: Marts) -> list[Section]:
    """One section with a figure for each sport group with power; none without any."""
    rows = query(marts, BESTS, latest_day(marts))
    found = by_group(rows, GROUP_NAMES)
    if not found:
        return []
    return [
        Section(
            "power-curve",
            "Power curve",
            "The best average power over each duration: of this year, the last 90 days and all time, whatever the period.",
            figures=[
                figure(
                    f"{GROUP_NAMES[group]}: lines of the best average power by duration",
                    _chart(bests),
                    _values(bests),
                    title=f"{GROUP_NAMES[group]}, watts",
                    table=_table(bests),
                    group=group,
                )
                for group, bests in found.items()
            ],
        )
    ]


def _values(rows: Sequence[Row]) -> list[Row]:
    return [
        {
            "seconds": row["duration_s"],
            "duration": clock(row["duration_s"]),
            **{name: None if row[column] is None else round(row[column]) for name, column in SERIES.items()},
        }
        for row in rows
    ]


def _chart(rows: Sequence[Row]) -> Specification:
    longest_s = rows[-1]["duration_s"]
    x = {
        "field": "seconds",
        "type": "quantitative",
        "title": None,
        "scale": {"type": "log", "nice": False},
        "axis": {
            "values": [tick for tick in TICKS_S if rows[0]["duration_s"] <= tick <= longest_s],
            "labelExpr": "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? datum.value / 60 + ' min' : datum.value / 3600 + ' h'",
        },
    }
    return {
        "transform": [
            {"fold": list(SERIES), "as": ["series", "watts"]},
            {"filter": "datum.watts > 0"},
        ],
        "layer": [
            {
                "mark": {"type": "line", "point": {"size": 30}, "interpolate": "monotone"},
                "params": [picked("series")],
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "watts",
                        "type": "quantitative",
                        "title": None,
                        "scale": {"zero": False, "padding": 8},
                    },
                    "color": coloured("series", list(SERIES), [GREY, ORANGE, BLUE]),
                    "opacity": faded(),
                    **spoken("datum.series"),
                },
            },
            hover(
                x,
                "datum.series + ': ' + datum.watts + ' W'",
                "best over",
                "datum.all[0].duration",
            ),
        ],
    }


def _table(rows: Sequence[Row]) -> Table:
    return Table(
        ["Best over", "This year, W", "Last 90 days, W", "All time, W", "On"],
        [
            [
                clock(row["duration_s"]),
                whole_number(row["this_year"]),
                whole_number(row["last_90_days"]),
                whole_number(row["all_time"]),
                str(row["all_time_on"]),
            ]
            for row in rows
        ],
    )
