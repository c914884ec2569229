"""Durability: what is left of the best when one is tired."""

from collections.abc import Sequence

from pipelines.report.colours import BLUE, GREEN, ORANGE, PINK
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Figure, Section, Table
from pipelines.report.units import GROUP_NAMES, PaceUnit, Units, clock, pace_unit
from pipelines.report.vegalite import IN_PERIOD, Specification, coloured, faded, figure, hover, picked, spoken

# By month, so that the chart can add up the months of the period.
BY_MONTH = """
    select date_trunc('month', a.activity_date)::date as day, d.after_unit, d.duration_s, d.after,
        count(*) as activity_count, sum(d.share_of_best_pct) as share_sum, max(d.value) as best
    from durability d
    join activities a using (activity_id)
    where d.share_of_best_pct is not null
    group by all
    order by day, d.after_unit, d.duration_s, d.after
"""
GROUPS = {"s": "foot", "kJ": "ride"}
COLOURS = [ORANGE, BLUE, GREEN, PINK]


def durability_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a figure on foot and one riding, where there are data; none without any."""
    rows = query(marts, BY_MONTH)
    by_unit = {unit: [row for row in rows if row["after_unit"] == unit] for unit in GROUPS}
    figures = [_figure(unit, found, units) for unit, found in by_unit.items() if found]
    if not figures:
        return []
    return [
        Section(
            "durability",
            "Durability",
            "The best power, or grade-adjusted pace, over some minutes after so much work, as a share of the same "
            "activity's best: the average of the period's activities. The table holds the whole history.",
            figures=figures,
        )
    ]


def _after(row: Row) -> str:
    if row["after_unit"] == "kJ":
        return f"{row['after']:,} kJ"
    return f"{row['after'] / 3600:g} h"


def _best(value: float, after_unit: str, unit: PaceUnit) -> str:
    return f"{value:.0f} W" if after_unit == "kJ" else unit.full_text(1000 / value)


def _figure(after_unit: str, rows: Sequence[Row], units: Units) -> Figure:
    group = GROUPS[after_unit]
    durations = [f"over {clock(duration_s)}" for duration_s in sorted({row["duration_s"] for row in rows})]
    return figure(
        f"{GROUP_NAMES[group]}: lines of the share of the best that is left, by the work done before",
        _chart(
            durations, list(dict.fromkeys(_after(row) for row in sorted(rows, key=lambda row: row["after"])))
        ),
        [
            {
                "day": row["day"],
                "series": f"over {clock(row['duration_s'])}",
                "after": _after(row),
                "n": row["activity_count"],
                "sum": round(row["share_sum"], 1),
            }
            for row in rows
        ],
        title=f"{GROUP_NAMES[group]}, % of the best",
        table=_table(rows, pace_unit(group, units)),
        group=group,
    )


def _chart(durations: Sequence[str], afters: Sequence[str]) -> Specification:
    x = {
        "field": "after",
        "type": "ordinal",
        "title": "work done before" if "kJ" in afters[0] else "time before",
        "sort": list(afters),
        "axis": {"labelAngle": 0},
    }
    return {
        "height": 200,
        "transform": [
            IN_PERIOD,
            {
                "aggregate": [
                    {"op": "sum", "field": "n", "as": "activities"},
                    {"op": "sum", "field": "sum", "as": "total"},
                ],
                "groupby": ["series", "after"],
            },
            {"calculate": "datum.total / datum.activities", "as": "share"},
        ],
        "layer": [
            {
                "mark": {"type": "line", "point": {"size": 60}},
                "params": [picked("series")],
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "share",
                        "type": "quantitative",
                        "title": None,
                        "scale": {"zero": False, "padding": 8},
                    },
                    "color": coloured("series", durations, COLOURS),
                    "opacity": faded(),
                    **spoken("datum.series"),
                },
            },
            hover(
                x,
                "datum.series + ': ' + format(datum.share, '.0f') + ' % in ' + datum.activities + (datum.activities == 1 ? ' activity' : ' activities')",
                "after",
                "datum.after",
            ),
        ],
    }


def _table(rows: Sequence[Row], unit: PaceUnit) -> Table:
    sums: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        sums.setdefault((row["duration_s"], row["after"]), []).append(row)
    return Table(
        ["Over", "After", "Activities", "Best", "Average share of the best, %"],
        [
            [
                clock(duration_s),
                _after(months[0]),
                str(count),
                _best(max(row["best"] for row in months), months[0]["after_unit"], unit),
                f"{sum(row['share_sum'] for row in months) / count:.1f}",
            ]
            for (duration_s, _), months in sorted(sums.items())
            for count in (sum(row["activity_count"] for row in months),)
        ],
        text_columns=2,
    )
