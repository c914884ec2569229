"""Where activities went: routes, tiles, and how much of the map is explored by when."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from tests.formulas.recording import Recording
from tests.formulas.sports import Row

EARTH_RADIUS_M = 6_371_008.8
CELL_DEG = 0.001
FEWEST_CELLS = 10
LENGTHS_DIFFER_BY, STARTS_WITHIN_M, SHARED_CELLS = 0.1, 500, 0.75
ZOOMS = (14, 17)
MAP_ENDS_DEG = 85.05

Position = tuple[float, float]  # latitude, longitude
Tile = tuple[int, int]  # x, y


def positions(recording: Recording) -> list[Position]:
    """Those that were recorded; (0, 0) is none."""
    pairs = [pair for pair in recording.column("latlng") if pair is not None]
    return [(lat, lng) for lat, lng in pairs if lat is not None and lng is not None and (lat or lng)]


def great_circle_m(a: Position, b: Position) -> float:
    (lat_a, lng_a), (lat_b, lng_b) = [(math.radians(lat), math.radians(lng)) for lat, lng in (a, b)]
    across = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lng_b - lng_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(across, 1)))


@dataclass(frozen=True)
class Way:
    """An activity that has positions. `moving_time_s` is the repaired one."""

    id: int
    group: str
    started_at: dt.datetime
    date: dt.date
    distance_m: float | None
    moving_time_s: int | None
    positions: list[Position]

    @property
    def order(self) -> tuple[dt.datetime, int]:
        return self.started_at, self.id

    @cached_property
    def cells(self) -> set[tuple[int, int]]:
        return {(math.floor(lat / CELL_DEG), math.floor(lng / CELL_DEG)) for lat, lng in self.positions}


# ---- routes


def is_same_route(a: Way, b: Way) -> bool:
    """Whether of two that may have a route at all."""
    if a.group != b.group or a.distance_m is None or b.distance_m is None:
        return False
    longer = max(a.distance_m, b.distance_m)
    if abs(a.distance_m - b.distance_m) > LENGTHS_DIFFER_BY * longer:
        return False
    if great_circle_m(a.positions[0], b.positions[0]) > STARTS_WITHIN_M:
        return False
    return len(a.cells & b.cells) >= SHARED_CELLS * max(len(a.cells), len(b.cells))


def route_ids(ways: Iterable[Way]) -> dict[int, int]:
    """Route by activity, of those that have one: by its beginner's id."""
    begun: list[Way] = []
    out: dict[int, int] = {}
    for way in sorted(ways, key=lambda way: way.order):
        if way.distance_m is None or len(way.cells) < FEWEST_CELLS:
            continue
        beginner = next((its for its in begun if is_same_route(its, way)), None)
        if beginner is None:
            begun.append(way)
        out[way.id] = (beginner or way).id
    return out


def routes(ways: Iterable[Way]) -> dict[int, Row]:
    """Those that were taken at least twice."""
    by_id = {way.id: way for way in ways}
    members: dict[int, list[Way]] = defaultdict(list)
    for id_, route in route_ids(by_id.values()).items():
        members[route].append(by_id[id_])
    out: dict[int, Row] = {}
    for route, its in members.items():
        if len(its) < 2:
            continue
        beginner = by_id[route]
        timed = [(way.moving_time_s, way.order, way) for way in its if way.moving_time_s is not None]
        seconds, _, fastest = min(timed, default=(None, None, None))
        out[route] = {
            "sport_group": beginner.group,
            "activity_count": len(its),
            "distance_m": beginner.distance_m,
            "first_on": min(way.date for way in its),
            "last_on": max(way.date for way in its),
            "fastest_activity_id": fastest.id if fastest else None,
            "fastest_moving_time_s": seconds,
            "start_lat": beginner.positions[0][0],
            "start_lng": beginner.positions[0][1],
        }
    return out


# ---- tiles


def tile_of(position: Position, zoom: int) -> Tile | None:
    """The Web Mercator tile; None where the map has ended."""
    lat, lng = position
    if abs(lat) > MAP_ENDS_DEG:
        return None
    count = 2**zoom
    x = math.floor((lng + 180) / 360 * count) % count
    y = math.floor((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * count)
    return x, y


def tiles(ways: Iterable[Way]) -> dict[tuple[int, int, int], Row]:
    """By zoom, x and y."""
    out: dict[tuple[int, int, int], Row] = {}
    for way in sorted(ways, key=lambda way: way.order):
        for zoom in ZOOMS:
            for tile in {tile_of(position, zoom) for position in way.positions} - {None}:
                assert tile
                first = {"first_activity_id": way.id, "first_on": way.date, "visit_count": 0}
                out.setdefault((zoom, *tile), first)["visit_count"] += 1
    return out


def explorer(visited: dict[tuple[int, int, int], Row]) -> dict[tuple[int, dt.date], Row]:
    """By zoom and date, each worked out from nothing."""
    out: dict[tuple[int, dt.date], Row] = {}
    for zoom, date in {(zoom, row["first_on"]) for (zoom, _, _), row in visited.items()}:
        by_then = {(x, y) for (z, x, y), row in visited.items() if z == zoom and row["first_on"] <= date}
        out[zoom, date] = {
            "tile_count": len(by_then),
            "max_square": max_square(by_then, 2**zoom),
            "max_cluster": max_cluster(by_then, 2**zoom),
        }
    return out


def max_square(visited: set[Tile], count: int) -> int:
    """Side of the largest square. The map of `count` columns goes on across the date line."""
    columns = {x for x, _ in visited}
    # A column that was never visited, after which to begin.
    empty = next(x for x in range(count) if x not in columns)
    side: dict[Tile, int] = {}
    for x, y in sorted(visited, key=lambda tile: ((tile[0] - empty) % count, tile[1])):
        west = (x - 1) % count
        side[x, y] = 1 + min(side.get(tile, 0) for tile in ((west, y), (x, y - 1), (west, y - 1)))
    return max(side.values(), default=0)


def max_cluster(visited: set[Tile], count: int) -> int:
    """Size of the largest set of tiles joined side by side, all whose neighbours are visited."""

    def neighbours(tile: Tile) -> list[Tile]:
        x, y = tile
        return [((x - 1) % count, y), ((x + 1) % count, y), (x, y - 1), (x, y + 1)]

    left = {tile for tile in visited if all(beside in visited for beside in neighbours(tile))}
    largest = 0
    while left:
        reached = [left.pop()]
        for tile in reached:
            found = [beside for beside in neighbours(tile) if beside in left]
            left.difference_update(found)
            reached += found
        largest = max(largest, len(reached))
    return largest
