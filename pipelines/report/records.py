"""Records: the best efforts that were a record when they were set."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import spectrum
from pipelines.report.marts import Marts, Row, by_group, latest_day, query
from pipelines.report.section import Figure, Section, Table, activity_link
from pipelines.report.units import GROUP_NAMES, PACED_GROUPS, PaceUnit, Units, clock, effort_name, pace_unit
from pipelines.report.vegalite import (
    Specification,
    coloured,
    day_text,
    faded,
    figure,
    hover,
    pace_scale,
    picked,
    spoken,
    years_axis,
)

RECORDS = """
    select e.sport_group, e.effort_distance_m, e.elapsed_time_s, e.rank_all_time, a.activity_date as day,
        activity_id, a.activity_name, e.pace_s_per_km
    from best_efforts e
    join activities a using (activity_id)
    where e.is_personal_record
    order by e.effort_distance_m, e.elapsed_time_s
"""


def record_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a figure for each sport group that has a record; none without any."""
    rows = query(marts, RECORDS)
    today = latest_day(marts) if rows else dt.date.min
    found = by_group(rows, PACED_GROUPS)
    if not found:
        return []
    return [
        Section(
            "records",
            "Records",
            "The best time over each distance inside any activity, and each time it fell. Higher is faster. "
            "Of the whole history, whatever the period.",
            highlights=_table(
                [row for records in found.values() for row in records if row["rank_all_time"] == 1], units
            ),
            highlights_title="The records of today",
            figures=[_figure(group, records, today, units) for group, records in found.items()],
        )
    ]


def _figure(group: str, rows: Sequence[Row], today: dt.date, units: Units) -> Figure:
    unit, name = pace_unit(group, units), GROUP_NAMES[group]
    return figure(
        f"{name}: steps of the record over each distance, from the day it was set",
        _chart(rows, today, unit),
        _values(rows, today, unit),
        title=f"{name}, {unit.name}",
        table=_table(rows, units),
        group=group,
    )


def _values(rows: Sequence[Row], today: dt.date, unit: PaceUnit) -> list[Row]:
    """Each record, and today's ones once more: their lines go on to today."""
    standing: dict[float, Row] = {}
    for row in rows:
        standing.setdefault(row["effort_distance_m"], row)
    points = [*((row["day"], 1, row) for row in rows), *((today, 0, row) for row in standing.values())]
    return [
        {
            "day": day,
            "is_point": is_point,
            "distance": effort_name(row["effort_distance_m"]),
            "value": unit.value(row["pace_s_per_km"]),
            "time": clock(row["elapsed_time_s"]),
            "activity": row["activity_name"] or "",
        }
        for day, is_point, row in points
    ]


def _chart(rows: Sequence[Row], today: dt.date, unit: PaceUnit) -> Specification:
    names = list(dict.fromkeys(effort_name(row["effort_distance_m"]) for row in rows))
    x = years_axis(min(row["day"] for row in rows), today)
    was_set = {"filter": "datum.is_point"}
    encoding = {
        "x": x,
        "y": {"field": "value", **pace_scale(unit), "title": None},
        "color": coloured("distance", names, spectrum(len(names))),
        "opacity": faded(),
    }
    line = "datum.distance + ': ' + datum.time + ', ' + datum.activity"
    told = hover(x, line, "set on", day_text())
    return {
        "layer": [
            {
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                "params": [picked("distance")],
                "encoding": encoding | spoken("datum.distance"),
            },
            {
                "transform": [was_set],
                "mark": {"type": "point", "filled": True, "size": 55},
                "encoding": encoding | spoken(f"{day_text()} + ', ' + {line}"),
            },
            {**told, "transform": [was_set, *told["transform"]]},
        ]
    }


def _table(rows: Sequence[Row], units: Units) -> Table:
    return Table(
        ["Distance", "Sports", "Activity", "Day", "Time", "Pace"],
        [
            [
                effort_name(row["effort_distance_m"]),
                GROUP_NAMES[row["sport_group"]],
                activity_link(row["activity_id"], row["activity_name"]),
                str(row["day"]),
                clock(row["elapsed_time_s"]),
                unit.full_text(row["pace_s_per_km"]),
            ]
            for row in rows
            for unit in (pace_unit(row["sport_group"], units),)
        ],
        text_columns=4,
    )
