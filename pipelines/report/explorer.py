"""Explorer: how the visited part of the map has grown, in tiles."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.colours import ORANGE
from pipelines.report.marts import Marts, Row, latest_day, query
from pipelines.report.section import Section, Table, Tile
from pipelines.report.vegalite import DAY_FORMAT, Specification, figure, menu, years_axis

# Of several athletes each zoom and day has the one who has come furthest.
BY_DAY = """
    select zoom, explored_on as day, max(tile_count) as tile_count, max(max_square) as max_square,
        max(max_cluster) as max_cluster
    from explorer
    group by all
    order by zoom, day
"""
MEASURES = {
    "tile_count": "tiles visited",
    "max_square": "side of the largest square",
    "max_cluster": "largest cluster",
}
SIZES = {14: "large (zoom 14)", 17: "small (zoom 17)"}


def explorer_sections(marts: Marts) -> list[Section]:
    """One section; none when no position is known."""
    rows = query(marts, BY_DAY)
    if not rows:
        return []
    today = latest_day(marts)
    by_zoom = {zoom: found for zoom in SIZES if (found := [row for row in rows if row["zoom"] == zoom])}
    return [
        Section(
            "explorer",
            "Explorer",
            "Tiles of maps on the web that an activity has visited: of zoom 14, about 1.5 km wide in Europe, and of zoom "
            "17, an eighth of that. In the largest square all are visited; in a cluster all neighbours are, too. "
            "Of the whole history and all sports; the map shows the tiles of zoom 14.",
            tiles=[
                Tile(f"{found[-1][name]:,}", f"{meaning}, zoom {zoom}")
                for zoom, found in by_zoom.items()
                for name, meaning in MEASURES.items()
            ],
            figures=[
                figure(
                    "Steps: how many tiles were visited by each day, or the largest square or cluster of them",
                    _chart(list(by_zoom), rows[0]["day"], today),
                    _values(by_zoom, today),
                    table=_table(by_zoom),
                )
            ],
        )
    ]


def _values(by_zoom: dict[int, list[Row]], today: dt.date) -> list[Row]:
    """Each day with new tiles, and today: the lines go on."""
    return [
        {"zoom": str(zoom), "day": row["day"], **{name: row[name] for name in MEASURES}}
        for zoom, rows in by_zoom.items()
        for row in [*rows, {**rows[-1], "day": today}]
    ]


def _chart(zooms: Sequence[int], first: dt.date, today: dt.date) -> Specification:
    return {
        "params": [
            menu("tiles", "Tiles", {str(zoom): SIZES[zoom] for zoom in zooms}, chosen=str(zooms[0])),
            menu("measure", "Show", MEASURES, chosen="tile_count"),
        ],
        "transform": [{"filter": "datum.zoom == tiles"}, {"calculate": "datum[measure]", "as": "shown"}],
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "strokeWidth": 2,
            "color": ORANGE,
            "point": {"size": 25, "color": ORANGE},
        },
        "encoding": {
            "x": years_axis(first, today),
            "y": {"field": "shown", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1}},
            "tooltip": [
                {"field": "day", "type": "temporal", "format": DAY_FORMAT},
                *(
                    {"field": name, "type": "quantitative", "title": title, "format": ","}
                    for name, title in MEASURES.items()
                ),
            ],
        },
    }


def _table(by_zoom: dict[int, list[Row]]) -> Table:
    """How it stood at the end of each month with a new tile, the newest first."""
    lines = []
    for zoom, rows in by_zoom.items():
        months = {f"{row['day']:%Y-%m}": row for row in rows}
        lines += [
            [month, str(zoom), *(f"{row[name]:,}" for name in MEASURES)]
            for month, row in reversed(months.items())
        ]
    return Table(["Until the end of", "Zoom", *MEASURES.values()], lines)
