"""Routes, tiles, explorer and tracks: by definition, whatever the order in which activities came and went."""

import datetime as dt
import itertools
import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import PLENTY, assert_same_rows, make_playground, rows, run
from tests.simulated_strava import Activity, SimulatedStrava, uniform_history

Position = tuple[float, float]
HOME = (54.1, 7.85)  # the sea off Heligoland
METRES_PER_DEGREE = math.radians(6_371_008.8)
PLACES = {
    "routes": "select * from marts.routes order by all",
    "routes of activities": "select activity_id, route_id from marts.activities order by all",
    "tiles": "select * from marts.tiles order by all",
    "explorer": "select * from marts.explorer order by all",
    "tracks": "select * from marts.tracks order by all",
}


class Traveller:
    """Activities on a simulated Strava, each of positions that a test gives."""

    def __init__(self, strava: SimulatedStrava) -> None:
        self.strava = strava
        self.base = uniform_history(1)[0].summary
        self.numbers = itertools.count(1)
        self.ways: dict[int, list[Position | None]] = {}

    def add(self, way: Iterable[Position | None], day: int, **changes: Any) -> int:
        """An activity on that day of 2026."""
        number = next(self.numbers)
        start = f"{dt.date(2026, 1, 1) + dt.timedelta(days=day)}T08:00:{number % 60:02}Z"
        summary = {
            **self.base,
            "id": 9_000_000_000 + number,
            "sport_type": "Run",
            "start_date": start,
            "start_date_local": start,
            "utc_offset": 0.0,
            "distance": 5000.0,
            "moving_time": 1800 + number,
            "elapsed_time": 1900,
            **changes,
        }
        self.serve(summary, list(way))
        return int(summary["id"])

    def crop(self, id_: int, share: float) -> None:
        summary, way = self.strava.activities[id_].summary, self.ways[id_]
        changes = {"distance": summary["distance"] * share, "elapsed_time": summary["elapsed_time"] - 100}
        self.serve({**summary, **changes}, way[: int(len(way) * share)])

    def delete(self, id_: int) -> None:
        self.strava.delete(id_)
        del self.ways[id_]

    def serve(self, summary: dict[str, Any], way: list[Position | None]) -> None:
        self.strava.add(Activity(summary, 1))
        self.ways[summary["id"]] = way
        streams: dict[str, list[Any]] = {
            "time": list(range(len(way))),
            "latlng": [p and list(p) for p in way],
        }
        self.strava.served_streams[summary["id"]] = {
            name: {"data": v, "series_type": "time", "original_size": len(v), "resolution": "high"}
            for name, v in streams.items()
        }


@pytest.fixture
def traveller() -> Iterator[Traveller]:
    with SimulatedStrava(read_limit=PLENTY, overall_limit=PLENTY) as strava:
        yield Traveller(strava)


def built(playground: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The marts, after a listing of everything and a transform."""
    run("extract", playground, FULL="1", ALLOW_DELETES="1")
    run("transform", playground)
    return {name: rows(playground, query) for name, query in PLACES.items()}


def loop(rng: random.Random, turn: float, noise_m: float = 5.0) -> list[Position]:
    """Round a circle of five kilometres that begins at home, which `turn` lays in its direction."""
    out = []
    for i in range(0, 1200, 3):
        angle, radius = 2 * math.pi * i / 1200, 800.0
        north = radius * (math.sin(turn) - math.sin(turn + angle)) + rng.gauss(0, noise_m)
        east = radius * (math.cos(turn) - math.cos(turn + angle)) + rng.gauss(0, noise_m)
        lat = HOME[0] + north / METRES_PER_DEGREE
        out.append(
            (round(lat, 6), round(HOME[1] + east / METRES_PER_DEGREE / math.cos(math.radians(lat)), 6))
        )
    return out


# ---- the definitions, without a database


def cells_of(way: list[Position | None]) -> set[tuple[int, int]]:
    return {(math.floor(p[0] / 0.001), math.floor(p[1] / 0.001)) for p in way if p and p != (0, 0)}


def routes_of(traveller: Traveller) -> dict[int, int | None]:
    """Activity -> beginner of its route; all begin at home, in one sport."""
    summaries = sorted(traveller.strava.visible_activities(), key=lambda row: (row["start_date"], row["id"]))
    out: dict[int, int | None] = {}
    beginners: list[tuple[int, float, set[tuple[int, int]]]] = []
    for summary in summaries:
        id_, metres, cells = summary["id"], summary["distance"], cells_of(traveller.ways[summary["id"]])
        if len(cells) < 10:
            out[id_] = None
            continue
        matches = (
            beginner
            for beginner, other_m, other in beginners
            if abs(metres - other_m) <= 0.1 * max(metres, other_m)
            and len(cells & other) >= 0.75 * max(len(cells), len(other))
        )
        out[id_] = next(matches, id_)
        if out[id_] == id_:
            beginners.append((id_, metres, cells))
    return out


def off_track_m(way: list[Position | None], track: list[Position]) -> float:
    """How far the furthest position is from the line, in metres."""

    def from_line(p: Position, a: Position, b: Position) -> float:
        scale = math.cos(math.radians(p[0]))

        def vector(q: Position) -> tuple[float, float]:
            east = (q[1] - p[1] + 180) % 360 - 180
            return (q[0] - p[0]) * METRES_PER_DEGREE, east * scale * METRES_PER_DEGREE

        (ay, ax), (by, bx) = vector(a), vector(b)
        dy, dx = by - ay, bx - ax
        share = min(max(-(ay * dy + ax * dx) / (dy * dy + dx * dx or 1), 0), 1)
        return math.hypot(ay + share * dy, ax + share * dx)

    lines = list(itertools.pairwise(track)) or [(track[0], track[0])]
    return max(min(from_line(p, a, b) for a, b in lines) for p in way if p and p != (0, 0))


def decoded(polyline: str) -> list[Position]:
    numbers, number, shift = [], 0, 0
    for letter in polyline:
        bits = ord(letter) - 63
        number |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(-(number >> 1) - 1 if number & 1 else number >> 1)
            number = shift = 0
    return [
        (lat / 1e5, lng / 1e5)
        for lat, lng in zip(
            itertools.accumulate(numbers[::2]), itertools.accumulate(numbers[1::2]), strict=True
        )
    ]


def to_five_digits(position: Position) -> Position:
    lat, lng = (math.floor(degrees * 1e5 + 0.5) / 1e5 for degrees in position)
    return lat, lng


def explored(visits: dict[dt.date, set[tuple[int, int]]], side: int) -> list[tuple[Any, ...]]:
    """(date, tiles, largest square, largest cluster) from the tiles visited on each date; the world is `side` wide."""
    visited: set[tuple[int, int]] = set()
    out = []
    for day, tiles in sorted(visits.items()):
        if tiles <= visited:
            continue
        visited |= tiles
        square = 1
        while any(
            all(((x + i) % side, y + j) in visited for i in range(square + 1) for j in range(square + 1))
            for x, y in visited
        ):
            square += 1
        inside = {(x, y) for x, y in visited if around((x, y), side) <= visited}
        largest = 0
        while inside:
            cluster, edge = set(), {inside.pop()}
            while edge:
                cluster |= edge
                edge = {n for tile in edge for n in around(tile, side)} & inside
                inside -= edge
            largest = max(largest, len(cluster))
        out.append((day, len(visited), square, largest))
    return out


def around(tile: tuple[int, int], side: int) -> set[tuple[int, int]]:
    x, y = tile
    return {((x + 1) % side, y), ((x - 1) % side, y), (x, y + 1), (x, y - 1)}


def centre(x: int, y: int, side: int) -> Position:
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / side))))
    return lat, (x + 0.5) / side * 360 - 180


# ---- the marts


@pytest.mark.long
def test_late_cropped_and_deleted_activities_leave_the_places_of_one_whole_build(
    tmp_path: Path, traveller: Traveller
) -> None:
    rng = random.Random(5)
    turns = [0.0, 0.25, 0.5, 2.0, 4.0]

    def go(day: int) -> int:
        return traveller.add(loop(rng, rng.choice(turns)), day, distance=5000.0 * rng.uniform(0.94, 1.06))

    playground = make_playground(tmp_path / "steps", traveller.strava)
    first = [go(day) for day in range(20, 50)]
    assert {row[1] for row in built(playground)["routes of activities"]} == set(routes_of(traveller).values())
    for _ in range(6):
        go(rng.randint(0, 60))  # late: before what is known
    for id_ in first[3:7]:
        traveller.crop(id_, rng.uniform(0.5, 0.95))
    begun = sorted({route for route in routes_of(traveller).values() if route})
    for id_ in begun[:2]:
        traveller.delete(id_)  # what belonged to it begins anew
    built(playground)
    for id_ in first[20:24]:
        traveller.delete(id_)
    traveller.crop(first[10], 0.02)
    late = go(1)
    found = built(playground)

    expected = built(make_playground(tmp_path / "whole", traveller.strava))
    for name, its in expected.items():
        assert_same_rows(found[name], its, name)
    assert dict(found["routes of activities"]) == routes_of(traveller)
    assert late in routes_of(traveller).values()
    assert None in routes_of(traveller).values()
    for _, id_, polyline, *_ in found["tracks"]:
        track = decoded(polyline)
        recorded = [to_five_digits(p) for p in traveller.ways[id_] if p]
        assert (track[0], track[-1]) == (recorded[0], recorded[-1])
        assert set(track) <= set(recorded)
        assert len(track) < len(recorded)
        assert off_track_m(traveller.ways[id_], track) <= 10


@pytest.mark.parametrize("x_of_first", [70000, 2**17 - 6])  # somewhere, and on both sides of the date line
def test_explorer_has_the_tiles_squares_and_clusters_of_the_definition(
    tmp_path: Path, traveller: Traveller, x_of_first: int
) -> None:
    rng, side = random.Random(x_of_first), 2**17
    visits: dict[dt.date, set[tuple[int, int]]] = {}
    for day in range(12):
        tiles = {((x_of_first + rng.randrange(12)) % side, 43000 + rng.randrange(12)) for _ in range(25)}
        traveller.add([centre(x, y, side) for x, y in sorted(tiles)], day)
        visits[dt.date(2026, 1, 1) + dt.timedelta(days=day)] = tiles
    playground = make_playground(tmp_path / "p", traveller.strava)
    built(playground)
    for zoom, size in ((17, 1), (14, 8)):
        found = rows(
            playground,
            "select explored_on, tile_count, max_square, max_cluster from marts.explorer "
            f"where zoom = {zoom} order by all",
        )
        wide = {day: {(x // size, y // size) for x, y in tiles} for day, tiles in visits.items()}
        assert found == explored(wide, side // size)
        if zoom == 17:
            assert found[-1][2] >= 3
            assert found[-1][3] >= 10
        tiles_found = rows(playground, f"select x, y, visit_count from marts.tiles where zoom = {zoom}")
        count = {tile: sum(tile in its for its in wide.values()) for tile in set().union(*wide.values())}
        assert {(x, y): visits for x, y, visits in tiles_found} == count


def test_positions_of_no_use_make_no_row_and_no_error(tmp_path: Path, traveller: Traveller) -> None:
    north = [(85.2 + i / 1e4, 20.0) for i in range(30)]
    date_line = [(-17.0, round((179.99 + i / 1e3 + 180) % 360 - 180, 6)) for i in range(30)]
    nowhere = traveller.add([None, None], 0)
    zero = traveller.add([(0, 0)] * 30, 1)
    beyond = traveller.add(north, 2)
    across = traveller.add(date_line, 3)
    again = traveller.add([None, (0, 0), *date_line], 4)
    alone = traveller.add([HOME], 5)
    far_and_back = traveller.add([HOME, (-33.9, 151.2), HOME], 6)
    playground = make_playground(tmp_path / "p", traveller.strava)
    marts = built(playground)
    tracks = {id_: (decoded(polyline), box) for _, id_, polyline, *box in marts["tracks"]}
    assert sorted(tracks) == [beyond, across, again, alone, far_and_back]
    assert tracks[alone] == ([HOME], [HOME[0], HOME[1], HOME[0], HOME[1]])
    assert tracks[across] == ([(-17.0, 179.99), (-17.0, 180.019)], [-17.0, 179.99, -17.0, -179.981])
    assert tracks[again] == tracks[across]
    assert tracks[far_and_back][0] == [HOME, (-33.9, 151.2), HOME]
    routes = dict(marts["routes of activities"])
    assert {id_: routes[id_] for id_ in (nowhere, zero, alone, far_and_back)} == dict.fromkeys(
        (nowhere, zero, alone, far_and_back)
    )
    assert (routes[beyond], routes[across], routes[again]) == (beyond, across, across)
    assert [row[1:4] for row in marts["routes"]] == [(across, "foot", 2)]
    of_tiles = rows(playground, "select distinct first_activity_id from marts.tiles order by all")
    assert of_tiles == [(across,), (alone,), (far_and_back,)]
    zooms = dict(
        rows(playground, "select zoom, min(x) = 0 and max(x) = 2^zoom - 1 from marts.tiles group by all")
    )
    assert zooms == {14: True, 17: True}
