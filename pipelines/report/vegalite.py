"""What the charts have in common, as plain Vega-Lite: https://vega.github.io/vega-lite/docs/.

Every chart knows three parameters, which the page's filter sets: `period_from` and `period_to` in milliseconds, and
`sports`, a sport group or `all`. A chart follows them by the transforms below. Specifications are dicts and not
altair's objects: importing altair and having it check them took longer than all queries.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.report.colours import named
from pipelines.report.marts import Row
from pipelines.report.section import Figure, Table
from pipelines.report.units import PaceUnit

Specification = dict[str, Any]

CHART_HEIGHT_PX = 280
# A bar is a little narrower than its week or month.
BAR_WIDTH = 0.88
DAY_FORMAT = "%a, %-d %b %Y"
WEEK_MS = 7 * 24 * 3600 * 1000
# Of a period of this length at most, an axis names days; of a longer one, months.
DAYS_NAMED_MS = 463 * 24 * 3600 * 1000
# Weeks of a longer period would be too many for a bar each.
WEEKS_SHOWN_MS = 4 * 366 * 24 * 3600 * 1000
# Ticks stand a little after midnight: when clocks change, they stay within their day.
AFTER_MIDNIGHT_MS = 2 * 3600 * 1000
EPOCH = dt.date(1970, 1, 1)
FILTER = [
    {"name": "period_from", "value": 0},
    {"name": "period_to", "value": 0},
    {"name": "sports", "value": "all"},
]
IN_PERIOD = {"filter": "datum.day >= period_from && datum.day <= period_to"}
OF_SPORTS = {"filter": "sports == 'all' || datum.group == sports"}


def figure(
    description: str,
    specification: Specification,
    rows: Sequence[Row],
    *,
    title: str = "",
    table: Table | None = None,
    group: str | None = None,
) -> Figure:
    """A chart that is as wide as the page, with its data.

    A column's name stands once in the page and not in each row: draw.js makes Vega's records of columns and rows, and
    days of numbers, in the reader's own zone, so that they stay the same days there.
    """
    return Figure(
        description,
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "description": description,
            "width": "container",
            "height": CHART_HEIGHT_PX,
            **specification,
            "params": [*FILTER, *specification.get("params", ())],
            "data": _data(rows),
        },
        title=title,
        table=table,
        group=group,
    )


def _data(rows: Sequence[Row]) -> Specification:
    columns = list(rows[0]) if rows else []
    days = [column for column in columns if isinstance(rows[0][column], dt.date)]
    return {"columns": columns, "days": days, "rows": [_short(row) for row in rows]}


def _short(row: Row) -> list[Any]:
    """Days as their number since 1970; what is missing at the end is left out."""
    values = [(value - EPOCH).days if isinstance(value, dt.date) else value for value in row.values()]
    while values and values[-1] is None:
        values.pop()
    return values


def menu(name: str, title: str, choices: Mapping[str, str], chosen: str) -> Specification:
    """A menu above the chart: its values, each with what the reader sees; expressions read it by its name."""
    options, labels = list(choices), list(choices.values())
    return {
        "name": name,
        "value": chosen,
        "bind": {"input": "select", "options": options, "labels": labels, "name": f"{title} "},
    }


def grain_menu() -> list[Specification]:
    """A menu of weeks and months, and the parameter `grain` (`week` or `month`) that follows from it."""
    fitting = f"period_to - period_from > {WEEKS_SHOWN_MS} ? 'month' : 'week'"
    choices = {"fitting": "week or month", "week": "week", "month": "month"}
    return [
        menu("by", "By", choices, chosen="fitting"),
        {"name": "grain", "expr": f"by == 'fitting' ? ({fitting}) : by"},
    ]


def coloured(field: str, names: Sequence[str], colours: Sequence[str]) -> Specification:
    """A colour for each value of a field, named in a legend without a title."""
    return {"field": field, "type": "nominal", "title": None, "scale": named(names, colours)}


def picked(field: str) -> Specification:
    """A click on the legend picks the series (a shift-click further ones); `faded` shows which."""
    return {"name": "picked", "select": {"type": "point", "fields": [field]}, "bind": "legend"}


def faded(opacity: float = 1.0) -> Specification:
    """How opaque a mark of a series is: hardly, when others are picked."""
    return {"condition": {"param": "picked", "value": opacity}, "value": 0.1}


def period_axis(week_start_date: dt.date) -> Specification:
    """The axis of the field `day` over the page's period: lines on first days of weeks, as many as can be read."""
    day = f"time(datetime({week_start_date.year}, {week_start_date.month - 1}, {week_start_date.day}))"
    step = f"({WEEK_MS} * max(1, round((period_to - period_from) / {13 * WEEK_MS})))"
    first = f"{day} - floor(({day} - period_from) / {step}) * {step} + {AFTER_MIDNIGHT_MS}"
    label = f"timeFormat(datum.value, period_to - period_from > {DAYS_NAMED_MS} ? '%b %Y' : '%-d %b')"
    return {
        "field": "day",
        "type": "temporal",
        "title": None,
        "axis": {
            # A binned scale would have no lines.
            "grid": True,
            "values": {"expr": f"sequence({first}, period_to, {step})"},
            "labelExpr": label,
            "labelOverlap": True,
        },
        "scale": {"domainMin": {"expr": "period_from"}, "domainMax": {"expr": "period_to"}, "nice": False},
    }


def years_axis(first: dt.date, last: dt.date) -> Specification:
    """The axis of the field `day` over the whole history: years, or months of a short one."""
    is_short = (last - first).days < 3 * 365
    return {
        "field": "day",
        "type": "temporal",
        "title": None,
        "axis": {"format": "%b %Y", "labelOverlap": True}
        if is_short
        else {"format": "%Y", "tickCount": "year"},
    }


def pace_scale(unit: PaceUnit) -> Specification:
    """Title, axis and scale of values in a unit of pace; faster is higher."""
    if unit.is_speed:
        return {"type": "quantitative", "title": unit.name, "scale": {"zero": False, "padding": 8}}
    return {
        "type": "quantitative",
        "title": unit.name,
        "axis": {"labelExpr": 'utcFormat(datum.value * 1000, "%-M:%S")', "tickMinStep": 1},
        "scale": {"zero": False, "reverse": True, "padding": 8},
    }


def pace_text(unit: PaceUnit, field: str) -> str:
    """The expression that writes a field's value as people read it."""
    return f"format(datum['{field}'], '.1f')" if unit.is_speed else clock_text(f"datum['{field}']")


def clock_text(seconds: str) -> str:
    """The expression that writes the seconds of an expression as `clock` does."""
    return f"utcFormat({seconds} * 1000, {seconds} >= 3600 ? '%-H:%M:%S' : '%-M:%S')"


def hover(x: Specification, line: str, title: str, head: str, *, place: str | None = None) -> Specification:
    """A layer with one tooltip for all series at the nearest x: `line` is the expression of each one's line in it.

    Above them stands the value of the expression `head`. `place` is the expression of where the line under the pointer
    stands, if not at x.
    """
    field = x["field"]
    transform = [
        {"calculate": line, "as": "line"},
        {"aggregate": [{"op": "values", "as": "all"}], "groupby": [field]},
        {"calculate": "join(pluck(datum.all, 'line'), '\\n')", "as": "lines"},
        {"calculate": head, "as": "head"},
        *([{"calculate": place, "as": "place"}] if place else []),
    ]
    # The pointer meets the cell around the rule, whose datum is the rule: Vega-Lite would look for texts in the cell.
    shown = "(datum.datum || datum)"
    nearest = {"nearest": True, "on": "pointerover", "clear": "pointerout"}
    return {
        "transform": transform,
        "mark": {"type": "rule", "strokeWidth": 1.5, "aria": False},
        "params": [{"name": "hovered", "select": {"type": "point", "fields": [field], **nearest}}],
        "encoding": {
            "x": {**x, "field": "place"} if place else x,
            "opacity": {"condition": {"param": "hovered", "empty": False, "value": 0.5}, "value": 0},
            "tooltip": {"value": {"expr": f"{{'{title}': {shown}.head, ' ': {shown}.lines}}"}},
        },
    }


def grain_bars(
    week_start_date: dt.date, field: str, names: Sequence[str], colours: Sequence[str], line: str
) -> list[Specification]:
    """Layers of stacked bars, as wide as the weeks or months of `grain_menu`, with one tooltip for each of them.

    They are as high as the field `shown` and in the order of `rank`; each value of `field` has its colour, `line` is
    the expression of its line in the tooltip.
    """
    x = period_axis(week_start_date)

    def after(share: float) -> str:
        return f"time(datum.day) + {share} * (time(timeOffset(grain, datum.day, 1)) - time(datum.day))"

    bars = {
        "transform": [{"calculate": after(BAR_WIDTH), "as": "end"}],
        "mark": {"type": "bar", "binSpacing": 0},
        "params": [picked(field)],
        "encoding": {
            "x": {**x, "bin": "binned"},
            "x2": {"field": "end"},
            "y": {"field": "shown", "type": "quantitative", "stack": True, "title": None},
            "color": coloured(field, names, colours),
            "opacity": faded(),
            "order": {"field": "rank", "type": "quantitative"},
            **spoken(f"{day_text()} + ', ' + {line}"),
        },
    }
    return [bars, hover(x, line, "from", day_text(), place=after(BAR_WIDTH / 2))]


def spoken(text: str) -> Specification:
    """The channel with what a screen reader says of each mark: the value of an expression."""
    return {"description": {"value": {"expr": text}}}


def day_text(field: str = "day") -> str:
    """The expression that writes a day."""
    return f"timeFormat(datum['{field}'], '{DAY_FORMAT}')"
