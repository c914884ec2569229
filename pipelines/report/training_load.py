"""Fitness, fatigue and form: what the training load of each day adds up to."""

from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import DAY_FORMAT, PALETTE, coloured, figure, period_menu, wide_chart
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import local_day

BY_DAY = """
    select load_date as day, training_load, fitness, fatigue, form, monotony from daily_training_load order by day
"""
SERIES = ["fitness", "fatigue", "form"]


def training_load_section(marts: Marts) -> Section:
    """Lines by day; the table has each seventh day, from the newest back."""
    rows = query(marts, BY_DAY)
    values = [
        {"day": local_day(row["day"]), **{name: round(row[name], 1) for name in SERIES}} for row in rows
    ]
    return Section(
        "form",
        "Fitness, fatigue, form",
        "Fitness and fatigue are averages of the daily training load that forget with 42 and 7 days "
        "(Banister et al. 1975); form is yesterday's fitness minus yesterday's fatigue.",
        figures=[figure("Lines of fitness, fatigue and form by day", _chart(values), values)],
        table=_table(rows[::-7]),
    )


def _chart(values: Sequence[Row]) -> alt.Chart:
    period, recent = period_menu("day", values)
    chart: alt.Chart = (
        wide_chart()
        .transform_filter(recent)
        .transform_fold(list(SERIES), as_=["series", "value"])
        .mark_line(point=len(values) < 3)
        .encode(
            x=alt.X("day:T", title="day"),
            y=alt.Y("value:Q", title="training load per day"),
            color=coloured("series:N", SERIES, PALETTE[: len(SERIES)]),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=SERIES, range=[[1, 0], [6, 3], [2, 2]])
            ),
            tooltip=[
                alt.Tooltip("day:T", format=DAY_FORMAT),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("value:Q", format=".0f"),
            ],
        )
        .add_params(period)
    )
    return chart


def _table(rows: Sequence[Row]) -> Table:
    return Table(
        ["Day (each seventh)", "Load", "Fitness", "Fatigue", "Form", "Monotony"],
        [
            [
                str(row["day"]),
                *(f"{row[name]:.0f}" for name in ("training_load", *SERIES)),
                "" if row["monotony"] is None else f"{row['monotony']:.1f}",
            ]
            for row in rows
        ],
    )
