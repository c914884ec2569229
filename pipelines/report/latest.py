"""The latest activities, each with its splits."""

from collections.abc import Sequence

from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Fold, Section, Table, activity_link
from pipelines.report.units import Length, PaceUnit, Units, clock, pace_unit, whole_number

SHOWN = 10
LATEST = f"""
    select activity_id, activity_date as day, activity_name, sport_type, sport_group, distance_m, moving_time_s,
        pace_s_per_km, elevation_gain_m, average_heartrate_bpm, average_power_w, training_load
    from activities
    order by started_at desc, activity_id
    limit {SHOWN}
"""
SPLITS = f"""
    with latest as ({LATEST})
    select s.activity_id, s.split_index, s.distance_m, s.moving_time_s, s.pace_s_per_km, s.gap_pace_s_per_km,
        s.elevation_change_m, s.average_heartrate_bpm, s.average_cadence_spm, s.average_power_w
    from splits s
    join latest using (activity_id)
    order by s.activity_id, s.split_index
"""
# The columns that a table of splits has when one of its rows has something in them.
OPTIONAL = {
    "average_heartrate_bpm": "bpm",
    "average_cadence_spm": "Cadence",
    "average_power_w": "W",
}


def latest_section(marts: Marts, units: Units) -> Section:
    """A line for each activity; the splits open by a click."""
    rows = query(marts, LATEST)
    splits: dict[int, list[Row]] = {}
    for split in query(marts, SPLITS):
        splits.setdefault(split["activity_id"], []).append(split)
    return Section(
        "latest",
        "Latest activities",
        f"The last {len(rows)}, whatever period and sports the page shows. Splits are kilometres, the last one what is left."
        if len(rows) > 1
        else "Splits are kilometres, the last one what is left.",
        highlights=_table(rows, units),
        highlights_title="The latest activities",
        folds=[
            Fold(
                f"Splits of {row['day']}, {row['activity_name'] or row['sport_type']}",
                _splits(splits[row["activity_id"]], pace_unit(row["sport_group"], units), units.climb),
            )
            for row in rows
            if row["activity_id"] in splits
        ],
    )


def _table(rows: Sequence[Row], units: Units) -> Table:
    length, climb = units.distance, units.climb
    return Table(
        [
            "Day",
            "Activity",
            "Sport",
            length.name,
            "Time",
            "Pace",
            f"Climb, {climb.name}",
            "bpm",
            "W",
            "Load",
        ],
        [
            [
                str(row["day"]),
                activity_link(row["activity_id"], row["activity_name"]),
                row["sport_type"],
                f"{length.of(row['distance_m']):.1f}" if row["distance_m"] else "",
                clock(row["moving_time_s"] or 0),
                pace_unit(row["sport_group"], units).full_text(row["pace_s_per_km"]),
                f"{climb.of(row['elevation_gain_m']):,.0f}" if row["elevation_gain_m"] else "",
                whole_number(row["average_heartrate_bpm"]),
                whole_number(row["average_power_w"]),
                whole_number(row["training_load"]),
            ]
            for row in rows
        ],
        text_columns=3,
    )


def _splits(rows: Sequence[Row], unit: PaceUnit, climb: Length) -> Table:
    present = {name: title for name, title in OPTIONAL.items() if any(row[name] is not None for row in rows)}
    is_adjusted = any(row["gap_pace_s_per_km"] for row in rows)
    return Table(
        [
            "",
            "m",
            "Time",
            unit.name,
            *(["Grade adjusted"] if is_adjusted else []),
            f"Up, {climb.name}",
            *present.values(),
        ],
        [
            [
                str(row["split_index"]),
                f"{row['distance_m']:.0f}",
                clock(row["moving_time_s"] or 0),
                unit.text(row["pace_s_per_km"]),
                *([unit.text(row["gap_pace_s_per_km"])] if is_adjusted else []),
                "" if row["elevation_change_m"] is None else f"{climb.of(row['elevation_change_m']):+.0f}",
                *(whole_number(row[name]) for name in present),
            ]
            for row in rows
        ],
    )
