"""Climbs: the biggest, the fastest, and how fast they were climbed over the years."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import BLUE, ORANGE
from pipelines.report.marts import Marts, Row, latest_week, query
from pipelines.report.section import Fold, Section, Table, activity_link
from pipelines.report.units import GROUP_NAMES, Units, clock, whole_number
from pipelines.report.vegalite import (
    DAY_FORMAT,
    IN_PERIOD,
    OF_SPORTS,
    Specification,
    coloured,
    figure,
    period_axis,
    picked,
)

CLIMBS = """
    select c.activity_id, a.activity_name, a.activity_date as day, a.sport_group, c.distance_m, c.elevation_gain_m,
        c.gradient_pct, c.elapsed_time_s, c.vam_m_per_h, c.average_heartrate_bpm, c.average_power_w,
        coalesce(c.climb_category, '') as category
    from climbs c
    join activities a using (athlete_id, activity_id)
    where a.activity_date is not null and c.elapsed_time_s > 0
    order by c.elevation_gain_m desc, c.activity_id, c.climb_index
"""
COLOURS = {"foot": ORANGE, "ride": BLUE}
BIGGEST, TABLED = 10, 200
# Who climbs for a minute only climbs faster than anybody up a mountain.
LEAST_GAIN_M = 100


def climb_sections(marts: Marts, units: Units) -> list[Section]:
    """One section; none without a climb."""
    rows = query(marts, CLIMBS)
    if not rows:
        return []
    by_vam = sorted(
        (row for row in rows if row["elevation_gain_m"] >= LEAST_GAIN_M), key=lambda row: -row["vam_m_per_h"]
    )
    least = f"{units.climb.of(LEAST_GAIN_M):,.0f} {units.climb.name}"
    return [
        Section(
            "climbs",
            "Climbs",
            f"The biggest of the whole history, and how fast each climb of the period was: {units.climb.name} of gain in an "
            "hour (VAM), a larger point for more gain. Categories are Strava's, by length and gradient.",
            highlights=_table(rows[:BIGGEST], units),
            highlights_title="The biggest climbs",
            figures=[
                figure(
                    "Points: the rate of ascent of each climb by day, larger with its gain",
                    _chart(
                        [group for group in COLOURS if any(row["sport_group"] == group for row in rows)],
                        latest_week(marts),
                        units,
                    ),
                    _values(rows, units),
                    table=_table(rows[:TABLED], units),
                )
            ],
            folds=[Fold(f"The fastest climbs of at least {least}", _table(by_vam[:BIGGEST], units))]
            if by_vam
            else [],
        )
    ]


def _values(rows: Sequence[Row], units: Units) -> list[Row]:
    return [
        {
            "day": row["day"],
            "group": row["sport_group"],
            "sports": GROUP_NAMES[row["sport_group"]],
            "vam": round(units.climb.of(row["vam_m_per_h"])),
            "gain": round(units.climb.of(row["elevation_gain_m"])),
            "gradient": round(row["gradient_pct"], 1),
            "category": row["category"],
            "activity": row["activity_name"] or "",
        }
        for row in rows
    ]


def _chart(groups: Sequence[str], week_start_date: dt.date, units: Units) -> Specification:
    unit = units.climb.name
    return {
        "params": [picked("sports")],
        "transform": [IN_PERIOD, OF_SPORTS],
        "mark": {"type": "point", "filled": True},
        "encoding": {
            "x": period_axis(week_start_date),
            "y": {
                "field": "vam",
                "type": "quantitative",
                "title": f"{unit} per hour",
                "scale": {"zero": False, "padding": 8},
            },
            "size": {
                "field": "gain",
                "type": "quantitative",
                "title": f"gain, {unit}",
                "scale": {"range": [20, 300]},
                "legend": None,
            },
            "color": coloured(
                "sports", [GROUP_NAMES[group] for group in groups], [COLOURS[group] for group in groups]
            ),
            "opacity": {"condition": {"param": "picked", "value": 0.7}, "value": 0.1},
            "tooltip": [
                {"field": "day", "type": "temporal", "format": DAY_FORMAT},
                {"field": "activity", "type": "nominal"},
                {"field": "gain", "type": "quantitative", "title": f"gain, {unit}", "format": ",.0f"},
                {"field": "gradient", "type": "quantitative", "title": "gradient, %"},
                {"field": "vam", "type": "quantitative", "title": f"{unit} per hour", "format": ",.0f"},
                {"field": "category", "type": "nominal"},
            ],
        },
    }


def _table(rows: Sequence[Row], units: Units) -> Table:
    unit = units.climb.name
    return Table(
        [
            "Day",
            "Sports",
            "Activity",
            "Category",
            f"Gain, {unit}",
            units.distance.name,
            "Gradient, %",
            "Time",
            f"{unit} per hour",
            "Heart rate",
            "Power, W",
        ],
        [
            [
                str(row["day"]),
                GROUP_NAMES[row["sport_group"]],
                activity_link(row["activity_id"], row["activity_name"]),
                row["category"],
                f"{units.climb.of(row['elevation_gain_m']):,.0f}",
                f"{units.distance.of(row['distance_m']):.1f}",
                f"{row['gradient_pct']:.1f}",
                clock(row["elapsed_time_s"]),
                f"{units.climb.of(row['vam_m_per_h']):,.0f}",
                whole_number(row["average_heartrate_bpm"]),
                whole_number(row["average_power_w"]),
            ]
            for row in rows
        ],
        text_columns=4,
    )
