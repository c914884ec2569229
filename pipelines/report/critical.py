"""Critical power and critical speed: what can be held for long, month by month."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.report.colours import ORANGE
from pipelines.report.marts import Marts, Row, latest_week, query
from pipelines.report.section import Figure, Section, Table
from pipelines.report.units import WATTS, PaceUnit, Units, pace_unit
from pipelines.report.vegalite import (
    IN_PERIOD,
    Specification,
    day_text,
    figure,
    hover,
    pace_scale,
    period_axis,
    spoken,
)

# The value of a month is that of its last day, or of today.
DAY = "least(last_day(month_start_date), (select max(load_date) from daily_training_load))"
POWER = f"""
    select {DAY} as day, critical_power_w as value, w_prime_j / 1000 as reserve,
        standard_error_w as error, effort_count
    from critical_power order by day
"""
SPEED = f"""
    select {DAY} as day, critical_speed_m_per_s as value, d_prime_m as reserve,
        standard_error_m_per_s as error, effort_count
    from critical_speed order by day
"""


class Model(NamedTuple):
    """One of the two models, and how its values are written: `decimals` are the reserve's."""

    group: str
    title: str
    unit: PaceUnit
    reserve: str
    decimals: int


def critical_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a figure for each of the two that there is; none without any."""
    models = [
        (Model("ride", "Critical power", WATTS, "W′, kJ", 1), query(marts, POWER)),
        (Model("foot", "Critical speed", pace_unit("foot", units), "D′, m", 0), query(marts, SPEED)),
    ]
    figures = [_figure(model, rows, latest_week(marts)) for model, rows in models if rows]
    if not figures:
        return []
    return [
        Section(
            "critical-power",
            "Critical power and speed",
            "What can be held for long by the best efforts of the 90 days that end with each month, and one standard error "
            "around it; W′ and D′ are what is left above it. The tables hold the whole history.",
            figures=figures,
        )
    ]


def _shown(value: float, unit: PaceUnit) -> float | None:
    """Watts as they are; a speed as its pace."""
    if unit is WATTS:
        return round(value, 1)
    return unit.value(1000 / value) if value > 0 else None


def _text(value: float, unit: PaceUnit) -> str:
    return f"{value:.0f}" if unit is WATTS else unit.text(1000 / value if value > 0 else None)


def _figure(model: Model, rows: Sequence[Row], week: dt.date) -> Figure:
    unit = model.unit
    return figure(
        f"{model.title}: a line by month, in a band of one standard error",
        _chart(model, week),
        [
            {
                "day": row["day"],
                "value": _shown(row["value"], unit),
                "low": _shown(row["value"] - (row["error"] or 0), unit),
                "high": _shown(row["value"] + (row["error"] or 0), unit),
                "text": f"{_text(row['value'], unit)}{unit.suffix}",
                "reserve": f"{row['reserve']:,.{model.decimals}f}",
            }
            for row in rows
        ],
        title=f"{model.title}, {unit.name}",
        table=_table(model, rows),
        group=model.group,
    )


def _chart(model: Model, week: dt.date) -> Specification:
    x = period_axis(week)
    y = {"field": "value", **pace_scale(model.unit), "title": None}
    return {
        "height": 200,
        "transform": [IN_PERIOD],
        "layer": [
            {
                "mark": {"type": "area", "color": ORANGE, "opacity": 0.2, "aria": False},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": ORANGE, "point": {"size": 60, "color": ORANGE}},
                "encoding": {
                    "x": x,
                    "y": y,
                    **spoken("datum.text"),
                },
            },
            hover(
                x,
                f"'{model.title.lower()}: ' + datum.text + '\\n{model.reserve}: ' + datum.reserve",
                "on",
                day_text(),
            ),
        ],
    }


def _table(model: Model, rows: Sequence[Row]) -> Table:
    return Table(
        ["On", model.unit.name, "± one standard error", model.reserve, "Efforts"],
        [
            [
                str(row["day"]),
                _text(row["value"], model.unit),
                "" if row["error"] is None else _error(row, model.unit),
                f"{row['reserve']:,.{model.decimals}f}",
                str(row["effort_count"]),
            ]
            for row in reversed(rows)
        ],
    )


def _error(row: Row, unit: PaceUnit) -> str:
    low, high = _text(row["value"] - row["error"], unit), _text(row["value"] + row["error"], unit)
    return f"{low} to {high}"
