"""Gear: how far each bike and each pair of shoes has gone."""

from collections.abc import Sequence

from pipelines.report.colours import BLUE, GREY, ORANGE
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import UNNAMED, Units, hours, numbered
from pipelines.report.vegalite import Specification, coloured, figure, picked

GEAR = """
    select gear_name, gear_kind, activity_count, distance_m, moving_time_s, coalesce(is_retired, false) as is_retired,
        first_used_on, last_used_on
    from gear
    where activity_count > 0
    order by distance_m desc nulls last, gear_id
"""
KINDS = {"shoe": ORANGE, "bike": BLUE, "other": GREY}


def gear_sections(marts: Marts, units: Units) -> list[Section]:
    """One section; none when no activity has gear."""
    rows = query(marts, GEAR)
    if not rows:
        return []
    # Each bar has a name of its own: of a second pair of the same shoes, too.
    names = numbered([row["gear_name"] or UNNAMED for row in rows])
    return [
        Section(
            "gear",
            "Gear",
            "How far each has gone in the whole history, whatever period and sports the page shows; what is retired is pale.",
            figures=[
                figure(
                    "A bar for each bike and pair of shoes, as long as it has gone far",
                    _chart(names, [kind for kind in KINDS if any(_kind(row) == kind for row in rows)], units),
                    [
                        {
                            "name": name,
                            "kind": _kind(row),
                            "distance": round(units.distance.of(row["distance_m"])),
                            "activities": row["activity_count"],
                            "used": f"{row['first_used_on']} to {row['last_used_on']}",
                            "is_retired": int(row["is_retired"]),
                        }
                        for name, row in zip(names, rows, strict=True)
                    ],
                )
            ],
            table=_table(names, rows, units),
        )
    ]


def _kind(row: Row) -> str:
    return row["gear_kind"] if row["gear_kind"] in KINDS else "other"


def _chart(names: Sequence[str], kinds: Sequence[str], units: Units) -> Specification:
    return {
        "height": max(60, 30 * len(names)),
        "params": [picked("kind")],
        "transform": [{"calculate": "datum.is_retired ? 'retired' : 'in use'", "as": "state"}],
        "mark": {"type": "bar", "cornerRadiusEnd": 3},
        "encoding": {
            "x": {
                "field": "distance",
                "type": "quantitative",
                "title": f"distance, {units.distance.name}",
                "axis": {"tickCount": 6},
            },
            "y": {
                "field": "name",
                "type": "nominal",
                "title": None,
                "sort": list(names),
                "axis": {"grid": False, "labelLimit": 160},
            },
            "color": coloured("kind", kinds, [KINDS[kind] for kind in kinds]),
            "opacity": {
                "condition": [
                    {"test": {"and": [{"param": "picked"}, "datum.is_retired == 1"]}, "value": 0.45},
                    {"param": "picked", "value": 1},
                ],
                "value": 0.1,
            },
            "tooltip": [
                {"field": "name", "type": "nominal"},
                {"field": "distance", "type": "quantitative", "title": units.distance.name, "format": ",.0f"},
                {"field": "activities", "type": "quantitative"},
                {"field": "used", "type": "nominal"},
                {"field": "state", "type": "nominal"},
            ],
        },
    }


def _table(names: Sequence[str], rows: Sequence[Row], units: Units) -> Table:
    return Table(
        ["Gear", "Kind", "Activities", units.distance.name, "Time", "First used", "Last used", "Retired"],
        [
            [
                name,
                row["gear_kind"] or "",
                str(row["activity_count"]),
                f"{units.distance.of(row['distance_m']):,.0f}",
                hours(row["moving_time_s"] or 0),
                str(row["first_used_on"]),
                str(row["last_used_on"]),
                "yes" if row["is_retired"] else "",
            ]
            for name, row in zip(names, rows, strict=True)
        ],
        text_columns=2,
    )
