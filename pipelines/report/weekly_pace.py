"""Weekly pace on foot and swimming, weekly speed riding."""

from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import (
    BLUE,
    DAY_FORMAT,
    GREY,
    ORANGE,
    AnyChart,
    coloured,
    figure,
    menu,
    pace_axis,
    period_menu,
    wide_chart,
)
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import PaceUnit, Units, local_day, pace_unit, whole_number

TITLES = {"foot": "Weekly pace on foot", "ride": "Weekly speed riding", "swim": "Weekly swim pace"}
BY_WEEK = """
    with sports as (
        select sport_type, count(*) as activity_count from activities where sport_group = ? group by sport_type
    )
    select p.week_start_date as week, sport_type as sport, p.distance_m, p.pace_s_per_km, p.pace_s_per_km_4w,
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
    """A section for each sport group that has a pace."""
    by_group = {group: query(marts, BY_WEEK, group) for group in TITLES}
    [model] = query(marts, "select any_value(gap_model) as name from activities")
    return [_section(group, rows, units, model["name"]) for group, rows in by_group.items() if rows]


def _section(group: str, rows: Sequence[Row], units: Units, gap_model: str) -> Section:
    unit, title = pace_unit(group, units), TITLES[group]
    series = {"week": "pace_s_per_km", "four weeks": "pace_s_per_km_4w"}
    if group == "foot" and any(row["gap_pace_s_per_km"] for row in rows):
        series[GRADE_ADJUSTED] = "gap_pace_s_per_km"
    explained = (
        f"; grade adjusted is what it would have been on the flat {GAP_MODELS[gap_model]}"
        if GRADE_ADJUSTED in series
        else ""
    )
    caption = (
        f"Each week's time over its distance (points) and the same over four weeks (line){explained}. "
        "Higher is faster."
    )
    values = _values(rows, series, unit)
    sports = list(dict.fromkeys(row["sport"] for row in rows))
    return Section(
        f"pace-{group}",
        title,
        caption,
        figures=[figure(f"{title}: {caption}", _chart(list(series), sports, values, unit), values)],
        table=_table(rows, unit, units, is_adjusted=GRADE_ADJUSTED in series),
    )


def _values(rows: Sequence[Row], series: dict[str, str], unit: PaceUnit) -> list[Row]:
    return [
        {
            "week": local_day(row["week"]),
            "sport": row["sport"],
            "series": name,
            "value": unit.value(row[column]),
            "text": unit.text(row[column]),
        }
        for row in rows
        for name, column in series.items()
        if row[column]
    ]


def _chart(series: Sequence[str], sports: Sequence[str], values: Sequence[Row], unit: PaceUnit) -> AnyChart:
    period, recent = period_menu("week", values)
    base = (
        wide_chart()
        .transform_filter(recent)
        .transform_filter("datum.sport == sport")
        .encode(
            x=alt.X("week:T", title="week"),
            y=pace_axis(unit),
            color=coloured("series:N", series, [GREY, ORANGE, BLUE][: len(series)]),
            tooltip=[
                alt.Tooltip("week:T", title="week from", format=DAY_FORMAT),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("text:N", title=unit.name),
            ],
        )
    )
    lines = base.transform_filter("datum.series == 'four weeks'").mark_line(strokeWidth=2.5)
    points = base.transform_filter("datum.series != 'four weeks'").mark_point(
        filled=True, size=28, opacity=0.8
    )
    sport = menu("sport", "Sport", {name: name for name in sports}, chosen=sports[0])
    return alt.layer(points, lines).add_params(period, sport)


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
