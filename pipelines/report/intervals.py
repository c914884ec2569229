"""Sessions: work and rest of the latest ones."""

from collections.abc import Sequence

from pipelines.report.colours import GREY, ORANGE
from pipelines.report.marts import Marts, Row, by_group, query
from pipelines.report.section import Figure, Section, Table
from pipelines.report.units import (
    GROUP_NAMES,
    PACED_GROUPS,
    UNNAMED,
    WATTS,
    PaceUnit,
    Units,
    clock,
    pace_unit,
    whole_number,
)
from pipelines.report.vegalite import (
    Specification,
    coloured,
    faded,
    figure,
    menu,
    pace_scale,
    pace_text,
    picked,
    spoken,
)

SESSIONS_SHOWN = 8
# Of sports of which workouts are named as such, these; of the others each activity with repetitions.
PIECES = f"""
    with
    repeated as (
        select activity_id from intervals
        where interval_kind = 'work' group by activity_id having count(*) > 1
    ),
    sessions as (
        select activity_id, activity_name, activity_date, sport_group
        from activities
        join repeated using (activity_id)
        qualify workout_kind is not distinct from 'workout'
            or not max(workout_kind is not distinct from 'workout') over (partition by sport_group)
    ),
    latest as (
        select activity_id, activity_name, activity_date, sport_group
        from sessions
        qualify row_number() over (partition by sport_group order by activity_date desc, activity_id) <= {SESSIONS_SHOWN}
    )
    select l.sport_group, l.activity_id, l.activity_name, l.activity_date as day, i.interval_kind, i.start_time_s,
        i.duration_s, i.distance_m, i.pace_s_per_km, i.average_power_w, i.average_heartrate_bpm
    from intervals i
    join latest l using (activity_id)
    order by l.activity_date desc, l.activity_id, i.start_time_s
"""


def interval_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a figure for each sport group that has sessions; none without any."""
    rows = query(marts, PIECES)
    figures = [_figure(group, found, units) for group, found in by_group(rows, PACED_GROUPS).items()]
    if not figures:
        return []
    return [
        Section(
            "intervals",
            "Sessions",
            "Work and rest of the latest sessions, parted by the one threshold that parts each of them best: no lap has to "
            "be pressed. Whatever the period.",
            figures=figures,
        )
    ]


def _figure(group: str, rows: Sequence[Row], units: Units) -> Figure:
    has_power = group == "ride" and any(row["average_power_w"] for row in rows)
    unit, name = pace_unit(group, units), GROUP_NAMES[group]
    shown = WATTS if has_power else unit
    sessions = {str(row["activity_id"]): f"{row['day']} {row['activity_name'] or UNNAMED}" for row in rows}
    return figure(
        f"{name}: a bar for each piece of work and rest of a session, as wide as it was long, as high as it was fast",
        _chart(sessions, shown),
        [
            {
                "session": str(row["activity_id"]),
                "kind": row["interval_kind"],
                "start": round(row["start_time_s"] / 60, 2),
                "end": round((row["start_time_s"] + row["duration_s"]) / 60, 2),
                "value": _power(row) if has_power else unit.value(row["pace_s_per_km"]),
                "time": clock(row["duration_s"]),
                "bpm": whole_number(row["average_heartrate_bpm"]),
            }
            for row in rows
        ],
        title=f"{name}, {shown.name}",
        table=_table(rows, unit),
        group=group,
    )


def _power(row: Row) -> float | None:
    return None if row["average_power_w"] is None else round(row["average_power_w"])


def _chart(sessions: dict[str, str], unit: PaceUnit) -> Specification:
    is_pace = not unit.is_speed
    scale = pace_scale(unit)
    text = (
        f"format(datum.value, '.0f') + '{unit.suffix}'"
        if unit is WATTS
        else f"{pace_text(unit, 'value')} + '{unit.suffix}'"
    )
    return {
        "params": [menu("session", "Session", sessions, chosen=next(iter(sessions))), picked("kind")],
        "transform": [
            {"filter": "datum.session == session"},
            {"calculate": text, "as": "shown"},
            {"calculate": "floor(datum.start) + ' min'", "as": "after"},
        ],
        "mark": {"type": "rect", "stroke": "#80808080", "strokeWidth": 0.5},
        "encoding": {
            "x": {
                "field": "start",
                "type": "quantitative",
                "title": "minutes",
                "scale": {"nice": False, "zero": False},
            },
            "x2": {"field": "end"},
            # Paces have no zero: their bars stand on the axis.
            "y": {
                "field": "value",
                **scale,
                "title": None,
                "scale": scale["scale"] if is_pace else {"zero": True},
            },
            "y2": {"value": "height"} if is_pace else {"datum": 0},
            "color": coloured("kind", ["work", "rest"], [ORANGE, GREY]),
            "opacity": faded(),
            **spoken("datum.kind + ' after ' + datum.after + ', ' + datum.time + ', ' + datum.shown"),
            "tooltip": [
                {"field": "kind", "type": "nominal", "title": "piece"},
                {"field": "after", "type": "nominal", "title": "after"},
                {"field": "time", "type": "nominal"},
                {"field": "shown", "type": "nominal", "title": "average"},
                {"field": "bpm", "type": "nominal", "title": "heart rate"},
            ],
        },
    }


def _table(rows: Sequence[Row], unit: PaceUnit) -> Table:
    return Table(
        ["Day", "Session", "Piece", "After", "Time", "m", unit.name, "Power, W", "Heart rate"],
        [
            [
                str(row["day"]),
                row["activity_name"] or UNNAMED,
                row["interval_kind"],
                clock(row["start_time_s"]),
                clock(row["duration_s"]),
                whole_number(row["distance_m"]),
                unit.text(row["pace_s_per_km"]),
                whole_number(row["average_power_w"]),
                whole_number(row["average_heartrate_bpm"]),
            ]
            for row in rows
        ],
        text_columns=3,
    )
