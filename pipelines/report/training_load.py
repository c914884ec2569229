"""Fitness, fatigue and form: what the training load of each day adds up to."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import PALETTE, named
from pipelines.report.marts import Marts, Row, latest_week, query
from pipelines.report.section import Section, Table
from pipelines.report.vegalite import (
    IN_PERIOD,
    Specification,
    coloured,
    day_text,
    faded,
    figure,
    hover,
    period_axis,
    picked,
    spoken,
)

BY_DAY = """
    select load_date as day, training_load, fitness, fatigue, form, acute_chronic_ratio, ramp_7d, monotony
    from daily_training_load order by day
"""
SERIES = ["fitness", "fatigue", "form"]
DASHES = [[1, 0], [6, 3], [2, 2]]


def training_load_section(marts: Marts) -> Section:
    """Lines by day; the table has each seventh day, from the newest back."""
    rows = query(marts, BY_DAY)
    [days] = query(
        marts,
        "select fitness_days, fatigue_days from athlete_settings where valid_to is null",
    ) or [{"fitness_days": 42, "fatigue_days": 7}]
    return Section(
        "training-load",
        "Fitness, fatigue, form",
        f"Fitness and fatigue are averages of the daily training load that forget with {days['fitness_days']:.0f} and "
        f"{days['fatigue_days']:.0f} days (Banister et al. 1975); form is yesterday's fitness minus yesterday's fatigue. "
        "All sports count, whichever the page shows; the table holds the whole history.",
        figures=[
            figure(
                "Lines of fitness, fatigue and form by day",
                _chart(latest_week(marts), has_points=len(rows) < 3),
                [{"day": row["day"], **{name: round(row[name], 1) for name in SERIES}} for row in rows],
                table=_table(rows[::-7]),
            )
        ],
    )


def _chart(week: dt.date, *, has_points: bool) -> Specification:
    x = period_axis(week)
    return {
        "transform": [IN_PERIOD, {"fold": SERIES, "as": ["series", "value"]}],
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "point": has_points},
                "params": [picked("series")],
                "encoding": {
                    "x": x,
                    "y": {"field": "value", "type": "quantitative", "title": "training load per day"},
                    "color": coloured("series", SERIES, PALETTE),
                    "strokeDash": {
                        "field": "series",
                        "type": "nominal",
                        "title": None,
                        "scale": named(SERIES, DASHES),
                    },
                    "opacity": faded(),
                    **spoken("datum.series"),
                },
            },
            hover(
                x,
                "datum.series + ': ' + format(datum.value, '.0f')",
                "day",
                day_text(),
            ),
        ],
    }


def _table(rows: Sequence[Row]) -> Table:
    decimals = ("acute_chronic_ratio", "ramp_7d", "monotony")
    return Table(
        [
            "Day (each seventh)",
            "Load",
            "Fitness",
            "Fatigue",
            "Form",
            "Acute : chronic",
            "Ramp, 7 days",
            "Monotony",
        ],
        [
            [
                str(row["day"]),
                *(f"{row[name]:.0f}" for name in ("training_load", *SERIES)),
                *("" if row[name] is None else f"{row[name]:.1f}" for name in decimals),
            ]
            for row in rows
        ],
    )
