"""What the charts have in common: colours, sizes, menus, and a chart's way into the page.

The colours of text and grid are the reader's (light or dark): page.html sets them when it draws.
"""

from collections.abc import Sequence

import altair as alt

from pipelines.report.marts import Row
from pipelines.report.section import Figure
from pipelines.report.units import PaceUnit

BLUE, ORANGE, GREEN, PINK, VIOLET, OCHRE, GREY = PALETTE = [
    "#3b82c4",
    "#e07b39",
    "#2fa084",
    "#c55a8a",
    "#8f7ad6",
    "#b59b2a",
    "#8a94a3",
]
PALE_GREY = "#9aa5b1"
CHART_HEIGHT = 280
DAY_FORMAT = "%Y-%m-%d"
CLOCK_LABEL = 'utcFormat(datum.value * 1000, "%-M:%S")'

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart


def figure(description: str, chart: AnyChart, values: Sequence[Row]) -> Figure:
    """The chart of `wide_chart` with its data.

    They come together here and not in altair, which would check each value: that took longer than the queries.
    """
    specification = chart.properties(description=description).to_dict()
    return Figure(description, {**specification, "data": {"values": values}})


def wide_chart(height: int = CHART_HEIGHT) -> alt.Chart:
    """A chart as wide as the page; `figure` gives it its data."""
    return alt.Chart(alt.NamedData(name="values"), width="container", height=height)


def coloured(field: str, domain: Sequence[str], colours: Sequence[str]) -> alt.Color:
    """A colour for each value of a field, named in a legend without a title."""
    return alt.Color(field, title=None, scale=alt.Scale(domain=list(domain), range=list(colours)))


def pace_axis(unit: PaceUnit) -> alt.Y:
    """The axis of the field `value`; faster is higher."""
    axis = alt.Axis() if unit.is_speed else alt.Axis(labelExpr=CLOCK_LABEL, tickMinStep=1)
    scale = alt.Scale(zero=False, reverse=not unit.is_speed, padding=8)
    return alt.Y("value:Q", title=unit.name, axis=axis, scale=scale)


def year_colours(count: int) -> list[str]:
    """The last colour is this year's; the earlier years go from pale to strong."""
    earlier = [PALE_GREY, OCHRE, PINK, VIOLET, GREEN, BLUE]
    return [*(earlier[-(1 + i % len(earlier))] for i in reversed(range(count - 1))), ORANGE]


def menu(name: str, title: str, choices: dict[str, str], chosen: str) -> alt.Parameter:
    """A menu above the chart: its values, each with what the reader sees; expressions read it by its name."""
    binding = alt.binding_select(options=list(choices), labels=list(choices.values()), name=f"{title} ")
    return alt.param(name=name, value=chosen, bind=binding)


def period_menu(column: str, values: Sequence[Row]) -> tuple[alt.Parameter, str]:
    """A menu of periods that end with the newest value, and the filter that goes with it."""
    newest = max((value[column] for value in values), default="")
    binding = alt.binding_select(
        options=[366, 1096, 36600], labels=["12 months", "3 years", "all"], name="Period "
    )
    chooser = alt.param(name="days", value=366, bind=binding)
    return chooser, f"toDate(datum.{column}) > toDate('{newest}') - days * 864e5"
