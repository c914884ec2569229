"""Places of the oracle (tests/formulas), held against values worked out by hand."""

import datetime as dt
from typing import Any

import pytest

from tests.formulas import places, tracks
from tests.formulas.places import Position, Tile, Way
from tests.formulas.recording import Recording

DAY = dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)


def test_positions() -> None:
    pairs: list[Any] = [None, [0, 0], [0.0, 7.5], [None, 7.5], [47.0, None], [47.0, 8.0]]
    assert places.positions(Recording({"latlng": pairs, "time": [None] * 6}, "foot")) == [(0, 7.5), (47, 8)]


def test_great_circle() -> None:
    degree = 6_371_008.8 * 3.141592653589793 / 180
    assert places.great_circle_m((0, 0), (0, 1)) == pytest.approx(degree)
    assert places.great_circle_m((10, 179.5), (11, 179.5)) == pytest.approx(degree)
    assert places.great_circle_m((0, 179.5), (0, -179.5)) == pytest.approx(degree)
    assert places.great_circle_m((89, 0), (89, 180)) == pytest.approx(2 * degree)


# ---- routes


def way(id_: int, cells: range, day: int = 0, **changes: Any) -> Way:
    """Along the equator, through the middle of so many squares of 0.001 degrees (111.2 m)."""
    values = {"group": "foot", "distance_m": 1000.0, "moving_time_s": 300, "at_deg": 0.0, **changes}
    at = values.pop("at_deg")
    start = DAY + dt.timedelta(days=day)
    its: list[Position] = [(0.0005, 0.0005 + 0.001 * cell + at) for cell in cells]
    return Way(id=id_, started_at=start, date=start.date(), positions=its, **values)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (way(2, range(12)), True),
        (way(2, range(12), group="ride"), False),
        (way(2, range(12), distance_m=900.0), True),  # 100 m are 10 % of the longer
        (way(2, range(12), distance_m=899.0), False),
        (way(2, range(12), distance_m=None), False),
        (way(2, range(3, 12)), True),  # 9 of 12 squares, and the start 334 m away
        (way(2, range(3, 15)), True),  # 9 of the 12 of each
        (way(2, range(3, 16)), False),  # 9 of 13
        (way(2, range(8)), False),
        (way(2, range(4, 16)), False),
        (way(2, range(11, -1, -1)), False),  # the other way round: the start is 1223 m away
    ],
)
def test_two_are_on_one_route(other: Way, is_same: bool) -> None:
    assert places.is_same_route(way(1, range(12)), other) is is_same
    assert places.is_same_route(other, way(1, range(12))) is is_same


def test_starts_lie_within_500_m() -> None:
    """A degree is 111,195.08 m."""
    assert places.is_same_route(way(1, range(40)), way(2, range(40), at_deg=0.00449))  # 499.27 m
    assert not places.is_same_route(way(1, range(40)), way(2, range(40), at_deg=0.004497))  # 500.04 m


def test_a_route_is_its_earliest_beginners() -> None:
    ways = [
        way(10, range(3, 15), 2, moving_time_s=290),  # on the route of 30 and, but for 30, of 20
        way(20, range(6, 18), 1),  # 6 of 12 squares of 30: begins its own
        way(30, range(12), 0),
        way(40, range(6, 18), 3, moving_time_s=290),
        way(50, range(9), 0),  # fewer than 10 squares
        way(60, range(12), 0, distance_m=None),
        way(70, range(100, 112), 0),  # alone
        way(25, range(12), 0, moving_time_s=None),  # at the same instant as 30: by id
    ]
    assert places.route_ids(ways) == {25: 25, 30: 25, 70: 70, 20: 20, 10: 25, 40: 20}
    found = places.routes(ways)
    assert set(found) == {20, 25}
    assert found[25] == {
        "sport_group": "foot",
        "activity_count": 3,
        "distance_m": 1000.0,
        "first_on": dt.date(2026, 5, 1),
        "last_on": dt.date(2026, 5, 3),
        "fastest_activity_id": 10,
        "fastest_moving_time_s": 290,
        "start_lat": 0.0005,
        "start_lng": 0.0005,
    }


def test_of_equally_fast_ones_the_earlier() -> None:
    [route] = places.routes([way(2, range(12), 0), way(1, range(12), 1)]).values()
    assert (route["fastest_activity_id"], route["fastest_moving_time_s"]) == (2, 300)
    [route] = places.routes([way(i, range(12), 0, moving_time_s=None) for i in (1, 2)]).values()
    assert (route["fastest_activity_id"], route["fastest_moving_time_s"]) == (None, None)


# ---- tiles


@pytest.mark.parametrize(
    ("position", "tile"),
    [
        ((0.0, 0.0), (8192, 8192)),
        # ln(tan 60 + 1/cos 60) = ln 3.73205 = 1.316958; (1 - 1.316958 / pi) / 2 * 16384 = 4757.91
        ((60.0, 0.01), (8192, 4757)),
        ((-60.0, -0.01), (8191, 11626)),  # 16384 - 4757.91
        ((0.0, 179.99), (16383, 8192)),
        ((0.0, 180.0), (0, 8192)),
        ((0.0, -180.0), (0, 8192)),
        ((85.05, 0.0), (8192, 0)),
        ((85.0501, 0.0), None),
        ((-85.0501, 0.0), None),
    ],
)
def test_tile(position: Position, tile: Tile | None) -> None:
    assert places.tile_of(position, 14) == tile


def block(west: int, south: int, width: int, height: int, count: int = 16) -> set[Tile]:
    return {((west + i) % count, south + j) for i in range(width) for j in range(height)}


def test_largest_square_and_cluster() -> None:
    assert (places.max_square(set(), 16), places.max_cluster(set(), 16)) == (0, 0)
    assert (places.max_square({(3, 3)}, 16), places.max_cluster({(3, 3)}, 16)) == (1, 0)
    four_by_three = block(1, 1, 4, 3)  # the two in the middle have four neighbours each
    assert (places.max_square(four_by_three, 16), places.max_cluster(four_by_three, 16)) == (3, 2)
    holed = four_by_three - {(2, 1)}  # the right-hand 2 of 4 columns; of the middle only (3, 2) is left
    assert (places.max_square(holed, 16), places.max_cluster(holed, 16)) == (2, 1)
    # Two crosses whose middles touch at a corner are two clusters.
    crosses = block(1, 2, 3, 1) | block(2, 1, 1, 3) | block(2, 3, 3, 1) | block(3, 2, 1, 3)
    assert places.max_cluster(crosses, 16) == 1
    across = block(14, 5, 4, 4)
    assert (places.max_square(across, 16), places.max_cluster(across, 16)) == (4, 4)
    at_the_top = block(4, 0, 3, 2)  # nothing is north of the map
    assert (places.max_square(at_the_top, 16), places.max_cluster(at_the_top, 16)) == (2, 0)


def test_tiles_and_explorer() -> None:
    # A tile of zoom 17 is 0.002747 degrees wide: squares 0-2 lie in one, the middle of square 3 in the next.
    ways = [way(1, range(3), 5), way(2, range(2), 1), way(3, range(1, 4), 5)]
    found = places.tiles(ways)
    assert found == {
        (14, 8192, 8191): {"first_activity_id": 2, "first_on": dt.date(2026, 5, 2), "visit_count": 3},
        (17, 65536, 65535): {"first_activity_id": 2, "first_on": dt.date(2026, 5, 2), "visit_count": 3},
        (17, 65537, 65535): {"first_activity_id": 3, "first_on": dt.date(2026, 5, 6), "visit_count": 1},
    }
    one = {"tile_count": 1, "max_square": 1, "max_cluster": 0}
    assert places.explorer(found) == {
        (14, dt.date(2026, 5, 2)): one,
        (17, dt.date(2026, 5, 2)): one,
        (17, dt.date(2026, 5, 6)): {**one, "tile_count": 2},
    }


# ---- tracks


def test_decode() -> None:
    """The example of the algorithm's own page."""
    line = "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
    assert tracks.decode(line) == [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
    assert tracks.decode("") == []


def test_box() -> None:
    assert tracks.box([(1, 8), (-2, -9), (3, 0)]) == {"south": -2, "west": -9, "north": 3, "east": 8}
    assert tracks.box([(1, -70.3), (2, -70.1)]) == {"south": 1, "west": -70.3, "north": 2, "east": -70.1}
    assert tracks.box([(1, 179), (2, -178)]) == {"south": 1, "west": 179, "north": 2, "east": -178}
    assert tracks.box([(1, 80), (2, -80)]) == {"south": 1, "west": -80, "north": 2, "east": 80}


def test_distance_from_a_line() -> None:
    a, b = (0.0, 179.999), (0.0, -179.999)
    metre = 1 / tracks.M_PER_DEG
    assert tracks.distance_m((10 * metre, 180.0), a, b) == pytest.approx(10)
    assert tracks.distance_m((0.0, 179.999 - 7 * metre), a, b) == pytest.approx(7, rel=1e-6)
    assert tracks.distance_m((60.0, 8 + 10 * metre), (60, 8), (60, 8)) == pytest.approx(5)


def test_a_track_keeps_within_ten_metres_in_order() -> None:
    metre = 1 / tracks.M_PER_DEG
    corner = (0.0, 0.01)
    recorded = [(0.0, 0.0), (9 * metre, 0.005), corner, (0.005, 0.01), corner, (0.0, 0.0)]
    line = [recorded[i] for i in (0, 2, 3, 5)]
    assert "within reach" in str(tracks.fault(line, recorded))  # straight home from the tip
    assert tracks.fault([recorded[i] for i in (0, 2, 3, 4, 5)], recorded) is None
    assert "within reach" in str(tracks.fault([recorded[i] for i in (0, 3, 2, 5)], recorded))
    assert "within reach" in str(tracks.fault([recorded[0], (0.0, 0.004), *recorded[2:]], recorded))
    assert "begin and end" in str(tracks.fault(recorded[:-1][:4], recorded))
    further = [(0.0, 0.0), (12 * metre, 0.005), corner]
    assert tracks.fault([further[0], corner], further)
    assert tracks.fault(further, further) is None
    # A track that turns back to where it was has not ended there.
    assert tracks.fault([(0.0, 0.0)], recorded)
    assert tracks.fault([(0.0, 0.0)], [(0.0, 0.0)] * 3) is None
    assert tracks.fault([(0.0, 0.0)] * 2, [(0.0, 0.0)]) is None
