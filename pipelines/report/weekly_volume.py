"""Volume: how much of which sport, by week and by month."""

import datetime as dt
import json
from collections.abc import Sequence

from pipelines.report.colours import PALETTE
from pipelines.report.marts import Marts, Row, latest_week, query
from pipelines.report.section import Fold, Section, Table
from pipelines.report.units import Units
from pipelines.report.vegalite import (
    IN_PERIOD,
    OF_SPORTS,
    Specification,
    figure,
    grain_bars,
    grain_menu,
    menu,
)

# The other sports share the last colour of the palette.
SPORTS_NAMED = len(PALETTE) - 1
REST = "other sports"
MOST_PRACTISED = f"""
    select sport_type from activities
    group by sport_type order by sum(moving_time_s) desc, sport_type limit {SPORTS_NAMED}
"""
BY_PERIOD = f"""
    with
    named as ({MOST_PRACTISED}),
    groups as (select distinct sport_type, sport_group from activities),
    volume as (
        select 'week' as grain, week_start_date as day, sport_type, moving_time_s, distance_m from weekly_volume
        union all
        select 'month' as grain, month_start_date as day, sport_type, moving_time_s, distance_m from monthly_volume
    )
    select grain, day, if(sport_type in (from named), sport_type, ?) as sport, sport_group,
        coalesce(sum(moving_time_s), 0) as time_s, coalesce(sum(distance_m), 0) as distance_m
    from volume
    join groups using (sport_type)
    group by all having time_s > 0 or distance_m > 0
    order by grain desc, day desc, sport, sport_group
"""


def weekly_volume_section(marts: Marts, units: Units) -> Section:
    """Bars of the sports that take most of the time; the others are one bar together."""
    named = [row["sport_type"] for row in query(marts, MOST_PRACTISED)]
    rows = query(marts, BY_PERIOD, REST)
    sports = [*named, *([REST] if any(row["sport"] == REST for row in rows) else [])]
    return Section(
        "volume",
        "Volume",
        "Moving time or distance by sport type, of each week or month; vertical lines stand on first days of weeks. "
        "The tables hold the whole history.",
        figures=[
            figure(
                "Stacked bars: moving time or distance of each week or month, by sport type",
                _chart(sports, latest_week(marts), units),
                _values(rows, units),
                table=_table([row for row in rows if row["grain"] == "week"], "Week from", sports, units),
            )
        ],
        folds=[
            Fold(
                "Volume by month as a table",
                _table([row for row in rows if row["grain"] == "month"], "Month from", sports, units),
            )
        ],
    )


def _values(rows: Sequence[Row], units: Units) -> list[Row]:
    return [
        {
            "grain": row["grain"],
            "day": row["day"],
            "sport": row["sport"],
            "group": row["sport_group"],
            "hours": round(row["time_s"] / 3600, 2),
            "distance": round(units.distance.of(row["distance_m"]), 1),
        }
        for row in rows
    ]


def _chart(sports: Sequence[str], week: dt.date, units: Units) -> Specification:
    length = units.distance.name
    measures = {"hours": "moving time, hours", "distance": f"distance, {length}"}
    line = f"datum.sport + ': ' + format(datum.hours, '.1f') + ' h, ' + format(datum.distance, ',.1f') + ' {length}'"
    return {
        "params": [
            menu("measure", "Show", measures, chosen="hours"),
            *grain_menu(),
        ],
        "transform": [
            {"filter": "datum.grain == grain"},
            IN_PERIOD,
            OF_SPORTS,
            {"calculate": "datum[measure]", "as": "shown"},
            {"calculate": f"indexof({json.dumps(sports)}, datum.sport)", "as": "rank"},
        ],
        "layer": grain_bars(week, "sport", sports, PALETTE, line),
    }


def _table(rows: Sequence[Row], first_column: str, sports: Sequence[str], units: Units) -> Table:
    """A line for each week or month, the newest first."""
    by_day: dict[dt.date, dict[str, list[Row]]] = {}
    for row in rows:
        by_day.setdefault(row["day"], {}).setdefault(row["sport"], []).append(row)
    return Table(
        [first_column, *(f"{sport}, h ({units.distance.name})" for sport in sports)],
        [
            [str(day), *(_volume_text(of_sport.get(sport, ()), units) for sport in sports)]
            for day, of_sport in by_day.items()
        ],
    )


def _volume_text(rows: Sequence[Row], units: Units) -> str:
    if not rows:
        return ""
    time_s, distance_m = (sum(row[name] for row in rows) for name in ("time_s", "distance_m"))
    return f"{time_s / 3600:.1f} ({units.distance.of(distance_m):.1f})"
