"""Records: the best efforts that were a record when they were set."""

from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import DAY_FORMAT, figure, pace_axis, wide_chart
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Link, Section, Table
from pipelines.report.units import GROUP_NAMES, PaceUnit, Units, clock, effort_name, local_day, pace_unit

GROUPS = ("foot", "ride", "swim")
RECORDS = """
    select e.sport_group, e.effort_distance_m, e.elapsed_time_s, e.rank_all_time, a.activity_date as day,
        activity_id, a.activity_name, e.pace_s_per_km
    from best_efforts e
    join activities a using (activity_id)
    where e.is_personal_record
    order by e.effort_distance_m, e.elapsed_time_s
"""


def record_sections(marts: Marts, units: Units) -> list[Section]:
    """A section for each sport group that has a record."""
    rows = query(marts, RECORDS)
    by_group = {group: [row for row in rows if row["sport_group"] == group] for group in GROUPS}
    return [_section(group, records, units) for group, records in by_group.items() if records]


def _section(group: str, rows: Sequence[Row], units: Units) -> Section:
    unit = pace_unit(group, units)
    return Section(
        f"records-{group}",
        f"Records: {GROUP_NAMES[group].lower()}",
        "The best time over each distance inside any activity, and each time it fell. Higher is faster.",
        highlights=_table([row for row in rows if row["rank_all_time"] == 1], unit),
        highlights_title="The records of today",
        figures=[
            figure(
                "Steps: the record over each distance, from the day it was set",
                _chart(rows, unit),
                _values(rows, unit),
            )
        ],
        table=_table(rows, unit),
    )


def _values(rows: Sequence[Row], unit: PaceUnit) -> list[Row]:
    return [
        {
            "day": local_day(row["day"]),
            "distance": effort_name(row["effort_distance_m"]),
            "value": unit.value(row["pace_s_per_km"]),
            "time": clock(row["elapsed_time_s"]),
            "activity": row["activity_name"] or "",
        }
        for row in rows
    ]


def _chart(rows: Sequence[Row], unit: PaceUnit) -> alt.Chart:
    names = list(dict.fromkeys(effort_name(row["effort_distance_m"]) for row in rows))
    chart: alt.Chart = (
        wide_chart()
        .mark_line(interpolate="step-after", point=alt.OverlayMarkDef(size=40))
        .encode(
            x=alt.X("day:T", title="day of the record", scale=alt.Scale(padding=8)),
            y=pace_axis(unit),
            color=alt.Color("distance:N", title=None, scale=alt.Scale(domain=names, scheme="tableau10")),
            tooltip=["distance:N", "time:N", alt.Tooltip("day:T", format=DAY_FORMAT), "activity:N"],
        )
    )
    return chart


def _activity(row: Row) -> Link | str:
    """Return a link to the activity; a mere recording has no page on Strava."""
    name: str = row["activity_name"] or "without a name"
    if row["activity_id"] < 0:
        return name
    return Link(f"https://www.strava.com/activities/{row['activity_id']}", name)


def _table(rows: Sequence[Row], unit: PaceUnit) -> Table:
    return Table(
        ["Distance", "Time", unit.name, "Day", "Activity"],
        [
            [
                effort_name(row["effort_distance_m"]),
                clock(row["elapsed_time_s"]),
                unit.text(row["pace_s_per_km"]),
                str(row["day"]),
                _activity(row),
            ]
            for row in rows
        ],
    )
