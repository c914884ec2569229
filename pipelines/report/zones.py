"""Time in zones: how much of the training is easy, by heart rate, pace and power."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import ZONES
from pipelines.report.marts import Marts, Row, latest_week, query
from pipelines.report.section import Fold, Section, Table
from pipelines.report.units import ZONE_KIND_NAMES
from pipelines.report.vegalite import (
    IN_PERIOD,
    OF_SPORTS,
    Specification,
    figure,
    grain_bars,
    grain_menu,
    menu,
)

ZONE_COUNT = len(ZONES)
IN_ZONES = f"""
    with times as (
        select 'week' as grain, a.week_start_date as day, a.sport_group, t.zone_kind, t.zone_index, t.time_s
        from time_in_zones t
        join activities a using (activity_id)
        union all
        select 'month' as grain, date_trunc('month', a.activity_date)::date as day, a.sport_group, t.zone_kind, t.zone_index,
            t.time_s
        from time_in_zones t
        join activities a using (activity_id)
    )
    select grain, day, zone_kind, sport_group,
        {", ".join(f"sum(time_s) filter (zone_index = {zone}) as time_s_{zone}" for zone in range(1, ZONE_COUNT + 1))}
    from times
    group by all having sum(time_s) > 0
    order by grain desc, day desc, zone_kind, sport_group
"""
NAMES = [f"zone {zone}" for zone in range(1, ZONE_COUNT + 1)]


def zone_sections(marts: Marts) -> list[Section]:
    """One section, with a table of months for each kind of zones; none without any time in one."""
    rows = query(marts, IN_ZONES)
    kinds = {
        kind: name for kind, name in ZONE_KIND_NAMES.items() if any(row["zone_kind"] == kind for row in rows)
    }
    if not kinds:
        return []
    return [
        Section(
            "zones",
            "Time in zones",
            "Time of each week or month in each zone, by the bounds that were in force on the day of the activity. "
            "The tables hold the whole history.",
            figures=[
                figure(
                    "Stacked bars: time of each week or month in each zone",
                    _chart(kinds, latest_week(marts)),
                    _values(rows),
                )
            ],
            folds=[
                Fold(
                    f"Time in zones of {name} by month as a table",
                    _table([row for row in rows if row["grain"] == "month" and row["zone_kind"] == kind]),
                )
                for kind, name in kinds.items()
            ],
        )
    ]


def _values(rows: Sequence[Row]) -> list[Row]:
    """Minutes by zone; a zone without any is left empty."""
    return [
        {
            "grain": row["grain"],
            "day": row["day"],
            "kind": row["zone_kind"],
            "group": row["sport_group"],
            **{
                name: round(row[f"time_s_{zone}"] / 60) if row[f"time_s_{zone}"] else None
                for zone, name in enumerate(NAMES, start=1)
            },
        }
        for row in rows
    ]


def _chart(kinds: dict[str, str], week: dt.date) -> Specification:
    line = (
        "datum.zone + ': ' + format(datum.minutes / 60, '.1f') + ' h, ' + format(datum.share, '.0f') + ' %'"
    )
    return {
        "params": [
            menu("kind", "Zones of", kinds, chosen=next(iter(kinds))),
            menu("measure", "Show", {"hours": "hours", "share": "share of the time, %"}, chosen="hours"),
            *grain_menu(),
        ],
        "transform": [
            {"filter": "datum.grain == grain && datum.kind == kind"},
            IN_PERIOD,
            OF_SPORTS,
            {"fold": NAMES, "as": ["zone", "minutes"]},
            {
                "aggregate": [{"op": "sum", "field": "minutes", "as": "minutes"}],
                "groupby": ["day", "zone"],
            },
            {"filter": "datum.minutes > 0"},
            {"joinaggregate": [{"op": "sum", "field": "minutes", "as": "total"}], "groupby": ["day"]},
            {"calculate": "100 * datum.minutes / datum.total", "as": "share"},
            {"calculate": "toNumber(slice(datum.zone, 5))", "as": "rank"},
            {"calculate": "measure == 'share' ? datum.share : datum.minutes / 60", "as": "shown"},
        ],
        "layer": grain_bars(week, "zone", NAMES, ZONES, line),
    }


def _table(rows: Sequence[Row]) -> Table:
    """Hours and shares, of all sports together, the newest month first."""
    months: dict[dt.date, list[float]] = {}
    for row in rows:
        times = months.setdefault(row["day"], [0.0] * ZONE_COUNT)
        for zone in range(ZONE_COUNT):
            times[zone] += row[f"time_s_{zone + 1}"] or 0
    used = max(zone for times in months.values() for zone in range(ZONE_COUNT) if times[zone]) + 1
    return Table(
        ["Month from", *(f"Zone {zone}, h (%)" for zone in range(1, used + 1))],
        [
            [
                str(month),
                *(f"{time_s / 3600:.1f} ({100 * time_s / sum(times):.0f})" for time_s in times[:used]),
            ]
            for month, times in months.items()
        ],
    )
