"""Routes: the ways that were gone more than once, and how fast."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.report.colours import BLUE, ORANGE
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table, activity_link
from pipelines.report.units import GROUP_NAMES, Units, clock, numbered, pace_unit
from pipelines.report.vegalite import DAY_FORMAT, Specification, clock_text, figure, menu, years_axis

ON_ROUTES = """
    select r.route_id, r.sport_group, r.activity_count, r.distance_m, r.first_on, r.last_on, r.fastest_activity_id,
        r.fastest_moving_time_s, a.activity_id, a.activity_name, a.activity_date as day, a.moving_time_s, a.pace_s_per_km
    from routes r
    join activities a using (athlete_id, route_id)
    order by r.activity_count desc, r.route_id, a.started_at, a.activity_id
"""
# In the chart's menu; the table has all.
ROUTES_CHOSEN_FROM = 30


@dataclass(frozen=True)
class Route:
    """A route and the activities on it, in order of their starts."""

    name: str
    rows: Sequence[Row]


def route_sections(marts: Marts, units: Units) -> list[Section]:
    """One section; none when no way was gone twice."""
    routes = _routes(query(marts, ON_ROUTES), units)
    if not routes:
        return []
    charted = [route for route in routes if any(row["moving_time_s"] for row in route.rows)][
        :ROUTES_CHOSEN_FROM
    ]
    figures = [
        figure(
            "Points: the moving time of each activity on the chosen route, by day; its fastest stands out",
            _chart(charted),
            _values(charted, units),
        )
    ]
    return [
        Section(
            "routes",
            "Routes",
            "Ways that were gone more than once, each named like most of its activities: moving time by day, higher is "
            "faster. Of the whole history, whatever period and sports the page shows.",
            figures=figures if charted else [],
            table=_table(routes, units),
        )
    ]


def _routes(rows: Sequence[Row], units: Units) -> list[Route]:
    by_route: dict[int, list[Row]] = {}
    for row in rows:
        by_route.setdefault(row["route_id"], []).append(row)
    called = []
    for found in by_route.values():
        names = Counter(row["activity_name"] for row in found if row["activity_name"])
        usual = names.most_common(1)[0][0] if names else GROUP_NAMES[found[0]["sport_group"]]
        called.append(f"{usual}, {units.distance.of(found[0]['distance_m']):.1f} {units.distance.name}")
    return [Route(name, found) for name, found in zip(numbered(called), by_route.values(), strict=True)]


def _values(routes: Sequence[Route], units: Units) -> list[Row]:
    return [
        {
            "route": str(row["route_id"]),
            "day": row["day"],
            "seconds": row["moving_time_s"],
            "time": clock(row["moving_time_s"]),
            "pace": unit.full_text(row["pace_s_per_km"]),
            "activity": row["activity_name"] or "",
            "is_fastest": int(row["activity_id"] == row["fastest_activity_id"]),
        }
        for route in routes
        for row in route.rows
        for unit in (pace_unit(row["sport_group"], units),)
        if row["moving_time_s"]
    ]


def _chart(routes: Sequence[Route]) -> Specification:
    days = [row["day"] for route in routes for row in route.rows]
    choices = {
        str(route.rows[0]["route_id"]): f"{route.name}: {route.rows[0]['activity_count']} times"
        for route in routes
    }
    encoding = {
        "x": years_axis(min(days), max(days)),
        "y": {
            "field": "seconds",
            "type": "quantitative",
            "title": "moving time",
            "axis": {
                "labelExpr": clock_text("datum.value"),
                "tickMinStep": 1,
            },
            "scale": {"zero": False, "reverse": True, "padding": 12},
        },
        "tooltip": [
            {"field": "day", "type": "temporal", "format": DAY_FORMAT},
            {"field": "time", "type": "nominal"},
            {"field": "pace", "type": "nominal"},
            {"field": "activity", "type": "nominal"},
        ],
    }
    return {
        "params": [menu("route", "Route", choices, chosen=next(iter(choices)))],
        "transform": [{"filter": "datum.route == route"}],
        "layer": [
            {"mark": {"type": "line", "color": BLUE, "strokeWidth": 1, "opacity": 0.5}, "encoding": encoding},
            {
                "mark": {"type": "point", "filled": True, "opacity": 0.9},
                "encoding": {
                    **encoding,
                    "size": {"condition": {"test": "datum.is_fastest == 1", "value": 160}, "value": 55},
                    "color": {"condition": {"test": "datum.is_fastest == 1", "value": ORANGE}, "value": BLUE},
                },
            },
        ],
    }


def _table(routes: Sequence[Route], units: Units) -> Table:
    return Table(
        ["Route", "Sports", "Fastest", "Its time", "Times", units.distance.name, "First", "Last"],
        [
            [
                route.name,
                GROUP_NAMES[row["sport_group"]],
                activity_link(fastest["activity_id"], str(fastest["day"])) if fastest else "",
                clock(row["fastest_moving_time_s"]) if fastest else "",
                str(row["activity_count"]),
                f"{units.distance.of(row['distance_m']):.1f}",
                str(row["first_on"]),
                str(row["last_on"]),
            ]
            for route in routes
            for row in route.rows[:1]
            for fastest in (
                next((one for one in route.rows if one["activity_id"] == row["fastest_activity_id"]), None),
            )
        ],
        text_columns=3,
    )
