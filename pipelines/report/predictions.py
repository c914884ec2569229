"""Race predictions: what could be run today, and what says so."""

from pipelines.report.marts import Marts, query
from pipelines.report.section import Section, Table
from pipelines.report.units import GROUP_NAMES, Units, clock, effort_name, pace_unit

BY_TARGET = """
    select sport_group, target_distance_m,
        any_value(predicted_time_s) filter (method = 'riegel') as riegel_s,
        any_value(predicted_time_s) filter (method = 'critical_speed') as critical_speed_s,
        any_value(effort_distance_m) filter (method = 'riegel') as effort_distance_m,
        any_value(effort_time_s) filter (method = 'riegel') as effort_time_s
    from race_predictions
    group by sport_group, target_distance_m
    order by sport_group, target_distance_m
"""


def prediction_sections(marts: Marts, units: Units) -> list[Section]:
    """One section with a line for each distance; none without a prediction."""
    rows = query(marts, BY_TARGET)
    if not rows:
        return []
    lines = []
    for row in rows:
        unit = pace_unit(row["sport_group"], units)
        effort = (
            f"{effort_name(row['effort_distance_m'])} in {clock(row['effort_time_s'])}"
            if row["effort_distance_m"]
            else ""
        )
        cells = [effort_name(row["target_distance_m"]), GROUP_NAMES[row["sport_group"]]]
        for predicted_s in (row["riegel_s"], row["critical_speed_s"]):
            cells.append(clock(predicted_s) if predicted_s else "")
            cells.append(unit.full_text(1000 * predicted_s / row["target_distance_m"]) if predicted_s else "")
        lines.append([*cells, effort])
    return [
        Section(
            "predictions",
            "Race predictions",
            "By the best effort of late (Riegel 1981), and by critical speed, which is asked only for distances that it holds "
            "for. Whatever the period.",
            highlights=Table(
                ["Distance", "Sports", "Riegel", "Pace", "Critical speed", "Pace", "Riegel from"],
                lines,
                text_columns=2,
            ),
            highlights_title="Predicted times by distance",
        )
    ]
