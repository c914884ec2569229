"""Weekly pace on foot and swimming, weekly speed riding."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import BLUE, GREY, ORANGE
from pipelines.report.marts import Marts, Row, by_group, query
from pipelines.report.section import Figure, Section, Table
from pipelines.report.units import GROUP_NAMES, PACED_GROUPS, PaceUnit, Units, pace_unit, whole_number
from pipelines.report.vegalite import (
    IN_PERIOD,
    Specification,
    coloured,
    day_text,
    faded,
    figure,
    hover,
    menu,
    pace_scale,
    pace_text,
    period_axis,
    picked,
    spoken,
)

BY_WEEK = """
    with sports as (
        select sport_type, sport_group, count(*) as activity_count from activities group by sport_type, sport_group
    )
    select p.week_start_date as week, sport_type as sport, sport_group, p.distance_m, p.pace_s_per_km, p.pace_s_per_km_4w,
        p.gap_pace_s_per_km, p.average_heartrate_bpm
    from weekly_pace p
    join sports s using (sport_type)
    order by s.activity_count desc, sport, week desc
"""
GRADE_ADJUSTED = "grade adjusted"
# What the pace on the flat has in common with the one that was run, by `athlete.gap_model`.
GAP_MODELS = {
    "heartrate": "at the same heart rate (Strava's model, Robb 2017)",
    "energy": "for the same energy (Minetti et al. 2002)",
}


def weekly_pace_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a figure for each sport group that has a pace; none without any."""
    rows = query(marts, BY_WEEK)
    found = by_group(rows, PACED_GROUPS)
    [model] = query(marts, "select any_value(gap_model) as name from activities")
    figures = [_figure(group, of_group, units) for group, of_group in found.items()]
    if not figures:
        return []
    caption = (
        "Each week's time over its distance (points) and the same over four weeks (line); higher is faster. "
    )
    if _has_adjusted(found.get("foot", ())):
        caption += f"Grade adjusted is what it would have been on the flat {GAP_MODELS[model['name']]}. "
    caption += "The tables hold the whole history."
    return [Section("pace", "Pace and speed", caption, figures=figures)]


def _has_adjusted(rows: Sequence[Row]) -> bool:
    return any(row["gap_pace_s_per_km"] for row in rows)


def _figure(group: str, rows: Sequence[Row], units: Units) -> Figure:
    unit, name = pace_unit(group, units), GROUP_NAMES[group]
    series = {"week": "pace_s_per_km", "four weeks": "pace_s_per_km_4w"}
    is_adjusted = group == "foot" and _has_adjusted(rows)
    if is_adjusted:
        series[GRADE_ADJUSTED] = "gap_pace_s_per_km"
    sports = list(dict.fromkeys(row["sport"] for row in rows))
    return figure(
        f"{name}: points of each week's pace or speed in {unit.name}, and a line of four weeks'",
        _chart(list(series), sports, max(row["week"] for row in rows), unit),
        _values(rows, series, unit),
        title=f"{name}, {unit.name}",
        table=_table(rows, unit, units, is_adjusted=is_adjusted),
        group=group,
    )


def _values(rows: Sequence[Row], series: dict[str, str], unit: PaceUnit) -> list[Row]:
    return [
        {
            "day": row["week"],
            "sport": row["sport"],
            **{name: unit.value(row[column]) for name, column in series.items()},
        }
        for row in rows
    ]


def _chart(
    series: Sequence[str], sports: Sequence[str], latest_week: dt.date, unit: PaceUnit
) -> Specification:
    x = period_axis(latest_week)
    line = f"datum.series + ': ' + {pace_text(unit, 'value')} + '{unit.suffix}'"
    encoding = {
        "x": x,
        "y": {"field": "value", **pace_scale(unit), "title": None},
        "color": coloured("series", series, [GREY, ORANGE, BLUE]),
        "opacity": faded(0.9),
    }
    return {
        "params": [menu("sport", "Sport type", {name: name for name in sports}, chosen=sports[0])],
        "transform": [
            IN_PERIOD,
            {"filter": "datum.sport == sport"},
            {"fold": list(series), "as": ["series", "value"]},
            {"filter": "datum.value > 0"},
        ],
        "layer": [
            {
                "transform": [{"filter": "datum.series != 'four weeks'"}],
                "mark": {"type": "point", "filled": True, "size": 30},
                "params": [picked("series")],
                "encoding": encoding | spoken(f"{day_text()} + ', ' + {line}"),
            },
            {
                "transform": [{"filter": "datum.series == 'four weeks'"}],
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": encoding | spoken("datum.series"),
            },
            hover(
                x,
                line,
                "week from",
                day_text(),
            ),
        ],
    }


def _table(rows: Sequence[Row], unit: PaceUnit, units: Units, *, is_adjusted: bool) -> Table:
    adjusted = ["Grade adjusted"] if is_adjusted else []
    return Table(
        ["Week from", "Sport", units.distance.name, unit.name, "Four weeks", *adjusted, "Heart rate"],
        [
            [
                str(row["week"]),
                row["sport"],
                f"{units.distance.of(row['distance_m']):.1f}",
                unit.text(row["pace_s_per_km"]),
                unit.text(row["pace_s_per_km_4w"]),
                *([unit.text(row["gap_pace_s_per_km"])] if is_adjusted else []),
                whole_number(row["average_heartrate_bpm"]),
            ]
            for row in sorted(rows, key=lambda row: row["week"], reverse=True)
        ],
        text_columns=2,
    )
