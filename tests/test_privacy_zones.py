"""Privacy zones: they hide all starts and ends, and an attacker who fits circles to what is left finds no home."""

import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.report.map import drawn_pieces
from pipelines.report.polylines import UNITS_PER_DEGREE, Lines
from pipelines.report.privacy import KnownPlaces, Zones, mercator, zones_around
from pipelines.report.zone_file import read_places, write_places

EARTH_RADIUS_M = 6_371_008.8
HOME = (54.1, 7.85)
RADIUS_M = 400.0


def secret(number: int) -> KnownPlaces:
    return KnownPlaces(number.to_bytes(32))


def metres_from_home(degrees: Any) -> Any:
    """Metres to the east and to the north of home."""
    north = np.radians(degrees[:, 0] - HOME[0]) * EARTH_RADIUS_M
    east = np.radians(degrees[:, 1] - HOME[1]) * EARTH_RADIUS_M * np.cos(np.radians(HOME[0]))
    return np.stack([east, north], axis=1)


def from_home(metres: Any) -> Any:
    """Rows of latitude and longitude."""
    north = HOME[0] + np.degrees(metres[:, 1] / EARTH_RADIUS_M)
    east = HOME[1] + np.degrees(metres[:, 0] / EARTH_RADIUS_M / np.cos(np.radians(HOME[0])))
    return np.stack([north, east], axis=1)


def apart_m(degrees: Any, place: Any) -> Any:
    """Great-circle distances by the angle between vectors: another way than the one that is tested."""

    def vectors(rows: Any) -> Any:
        latitude, longitude = np.radians(rows).T
        return np.stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)],
            axis=1,
        )

    one, other = vectors(degrees), vectors(np.array([place]))
    return EARTH_RADIUS_M * np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), one @ other[0])


def centres_deg(zones: Zones) -> Any:
    return np.stack([np.degrees(np.arctan(np.sinh(zones.y))), np.degrees(zones.x)], axis=1)


def lines_of(tracks_deg: list[Any]) -> Lines:
    points = np.round(np.concatenate(tracks_deg) * UNITS_PER_DEGREE).astype(np.int64)
    return Lines(points, np.repeat(np.arange(len(tracks_deg)), [len(track) for track in tracks_deg]))


def ends_of(tracks: Lines) -> Any:
    is_end = ~np.append(tracks.goes_on, False) | ~np.append(False, tracks.goes_on)
    return tracks.points[is_end] / UNITS_PER_DEGREE


def loops(count: int, seed: int) -> Lines:
    """Rounds of 3 to 9 km from one home in all directions, a point each 15 m or so; GPS is off by 15 m at its start."""
    random = np.random.default_rng(seed)
    way = np.linspace(0, np.pi, 401)
    tracks = []
    for turn in np.linspace(0, 2 * np.pi, count, endpoint=False):
        reach_m = random.uniform(1000, 3000) * np.sin(way)
        heading = turn + np.linspace(-0.5, 0.5, way.size) * random.uniform(0.5, 1.5)
        start_m = random.normal(0, 15, 2) * np.linspace(1, 0, way.size)[:, None] ** 8
        tracks.append(
            from_home(reach_m[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1) + start_m)
        )
    return lines_of(tracks)


def fitted_circle(metres: Any) -> Any:
    """The centre of the circle of least squares (Kåsa 1976)."""
    equations = np.column_stack([2 * metres, np.ones(len(metres))])
    return np.linalg.lstsq(equations, (metres**2).sum(axis=1), rcond=None)[0][:2]


def most_agreed_circle(metres: Any, seed: int) -> Any:
    """Of circles through three of the ends, the centre of the one that most ends lie within 20 m of."""
    random = np.random.default_rng(seed)
    best, most = np.zeros(2), -1
    for _ in range(250):
        three = metres[random.choice(len(metres), 3, replace=False)]
        if abs(np.linalg.det(np.column_stack([three, np.ones(3)]))) < 1e3:
            continue  # nearly on a line
        centre = fitted_circle(three)
        from_centre = np.linalg.norm(metres - centre, axis=1)
        agreed = np.sum(np.abs(from_centre - np.linalg.norm(three[0] - centre)) < 20)
        if agreed > most:
            best, most = centre, agreed
    return best


def cut_ends_m(tracks: Lines, zones: Zones) -> Any:
    """Where lines end on the map, in metres from home."""
    pieces, _ = drawn_pieces(tracks, zones)
    return metres_from_home(ends_of(pieces))


def test_a_circle_around_the_home_itself_is_found_within_ten_metres() -> None:
    """What the attack is worth: without it the next test would show nothing."""
    at = mercator(np.array([HOME[0]]), np.array([HOME[1]]))
    radius = np.array([RADIUS_M / EARTH_RADIUS_M / np.cos(np.radians(HOME[0]))])
    ends_m = cut_ends_m(loops(48, seed=1), Zones(at[:, 0], at[:, 1], radius))
    assert np.linalg.norm(fitted_circle(ends_m)) < 10
    assert np.linalg.norm(most_agreed_circle(ends_m, seed=1)) < 20


@pytest.mark.parametrize("radius_m", [150.0, 400.0, 1000.0])
def test_no_circle_that_is_fitted_to_cut_ends_leads_home(radius_m: float) -> None:
    errors = []
    for number in range(30):
        tracks = loops(48, seed=number)
        zones, _ = zones_around(ends_of(tracks), secret(number), radius_m)
        ends_m = cut_ends_m(tracks, zones)
        assert len(ends_m) > 40
        # The mean of the ends is nearer to home than any circle: what is asked of the zones are the circles.
        found = [fitted_circle(ends_m), most_agreed_circle(ends_m, seed=number), ends_m.mean(axis=0)]
        # All directions, and each half of them alone.
        for side in (ends_m[:, 0] > ends_m[:, 0].mean(), ends_m[:, 1] > ends_m[:, 1].mean()):
            found += [fitted_circle(ends_m[side]), fitted_circle(ends_m[~side])]
        errors.append([np.linalg.norm(centre) / radius_m for centre in found])
    least = np.array(errors).min(axis=0)
    print(f"radius {radius_m:g} m, least errors in radii: {np.round(least, 2)}")
    assert (np.delete(least, 2) >= 0.3).all(), least


def test_pages_of_many_days_tell_no_more_than_one(tmp_path: Path) -> None:
    """New activities, and their starts nearby, add zones: those of before stay, the mean of all is no home."""
    random = np.random.default_rng(5)
    known, before = secret(7), None
    for day in range(1, 30):
        spread_m = random.normal(0, 60, (10 * day, 2))
        ends = from_home(
            np.concatenate([spread_m[: 5 * day], np.random.default_rng(day).normal(0, 90, (5, 2))])
        )
        zones, known = zones_around(ends, known, RADIUS_M)
        write_places(tmp_path / "zones.json", known)
        assert read_places(tmp_path / "zones.json") == known
        centres = centres_deg(zones)
        if before is not None:
            assert np.array_equal(centres[: len(before)], before)
        before = centres
        home_off_m = np.linalg.norm(metres_from_home(centres).mean(axis=0))
        assert home_off_m >= 0.3 * RADIUS_M, day


@pytest.mark.parametrize("radius_m", [20.0, 400.0, 5000.0])
@pytest.mark.parametrize("latitude_deg", [0.0, -45.0, 78.0])
def test_every_start_and_end_lies_in_a_zone(radius_m: float, latitude_deg: float) -> None:
    random = np.random.default_rng(3)
    scattered = random.uniform(-3, 3, (300, 2)) * radius_m / EARTH_RADIUS_M
    ends = np.degrees(scattered / [1, np.cos(np.radians(latitude_deg))]) + np.array([latitude_deg, 179.9999])
    zones, known = zones_around(ends, secret(1), radius_m)
    nearest_m = np.min([apart_m(ends, centre) for centre in centres_deg(zones)], axis=0)
    assert nearest_m.max() < radius_m
    # Each zone is displaced from its place, by what the contract says.
    again, same = zones_around(ends[::-1], known, radius_m)
    assert same == known
    assert np.array_equal(again.x, zones.x)
    off = [
        apart_m(np.array([place]), centre)[0] / radius_m
        for place, centre in zip(known.places, centres_deg(zones), strict=True)
    ]
    assert 0.299 < min(off) <= max(off) < 0.801


def test_another_secret_moves_the_zones_another_way() -> None:
    ends = np.array([HOME])
    found = np.concatenate(
        [metres_from_home(centres_deg(zones_around(ends, secret(n), RADIUS_M)[0])) for n in range(500)]
    )
    # Evenly around home: no direction is preferred.
    assert np.linalg.norm(found.mean(axis=0)) < 40
    turns = np.histogram(np.arctan2(found[:, 1], found[:, 0]), bins=4)[0]
    assert turns.min() > 90


def test_a_radius_without_decimals_is_the_same_as_one_with(tmp_path: Path) -> None:
    """The default is 400, and what is read back 400.0: a second page must have the zones of the first."""
    first, known = zones_around(np.array([HOME]), secret(3), 400)
    write_places(tmp_path / "zones.json", known)
    second, same = zones_around(np.array([HOME]), read_places(tmp_path / "zones.json"), 400)
    assert same == known
    assert second.x == first.x


def test_another_radius_keeps_the_centre_as_long_as_it_can() -> None:
    ends = np.array([HOME])
    first, known = zones_around(ends, secret(3), 400.0)
    for radius_m in (401.0, 420.0, 390.0):
        zones, known = zones_around(ends, known, radius_m)
        assert zones.x == first.x
    far, known = zones_around(ends, known, 4000.0)
    assert far.x != first.x
    zones, _ = zones_around(ends, known, 400.0)
    assert zones.x == first.x


def test_nothing_that_is_drawn_comes_into_a_zone() -> None:
    """Lines that pass through, also between two far points, and across the date line."""
    random = np.random.default_rng(11)
    east = from_home(random.uniform(-6000, 6000, (400, 2))) + np.array([0, 180 - HOME[1]])
    tracks = [*np.split(from_home(random.uniform(-6000, 6000, (400, 2))), 40), *np.split(east, 40)]
    lines = lines_of(tracks)
    at_home = from_home(random.normal(0, 500, (20, 2)))
    zones, _ = zones_around(
        np.concatenate([at_home, at_home + np.array([0, 180 - HOME[1]])]), secret(2), RADIUS_M
    )
    pieces, owners = drawn_pieces(lines, zones)
    assert set(owners) & set(range(40))
    assert set(owners) & set(range(40, 80))
    degrees = pieces.points / UNITS_PER_DEGREE
    at = mercator(degrees[:, 0], degrees[:, 1])
    drawn = np.concatenate(
        [
            at[:-1][pieces.goes_on] * (1 - share) + at[1:][pieces.goes_on] * share
            for share in np.linspace(0, 1, 201)
        ]
    )
    drawn_deg = np.stack([np.degrees(np.arctan(np.sinh(drawn[:, 1]))), np.degrees(drawn[:, 0])], axis=1)
    for centre in centres_deg(zones):
        assert apart_m(drawn_deg, centre).min() >= RADIUS_M
    # Every point that is left is one of the track's own.
    assert set(map(tuple, pieces.points)) <= set(map(tuple, lines.points))


@pytest.mark.parametrize("longitude_deg", [7.85, 179.9999, -179.9999])
def test_tiles_that_a_zone_touches_are_hidden(longitude_deg: float) -> None:
    zones, _ = zones_around(np.array([[HOME[0], longitude_deg]]), secret(4), 800.0)
    [centre] = centres_deg(zones)
    around = np.linspace(0, 2 * np.pi, 721)
    circle = np.concatenate(
        [
            [centre],
            centre
            + np.degrees(799 / EARTH_RADIUS_M)
            * np.stack([np.sin(around), np.cos(around) / np.cos(np.radians(centre[0]))], axis=1),
        ]
    )
    at = mercator(circle[:, 0], (circle[:, 1] + 180) % 360 - 180)
    tiles = np.unique(
        np.floor(np.stack([at[:, 0] + np.pi, np.pi - at[:, 1]], axis=1) / (2 * np.pi) * 2**14), axis=0
    )
    assert zones.hide_tiles(14, tiles[:, 0], tiles[:, 1]).all()
    row, column = np.mgrid[-6:7, -6:7].reshape(2, -1)
    x, y = (tiles[0, 0] + row) % 2**14, tiles[0, 1] + column
    hidden = zones.hide_tiles(14, x, y)
    assert {(float(a), float(b)) for a, b in zip(x[hidden], y[hidden], strict=True)} == set(map(tuple, tiles))


def test_the_file_is_the_users_alone_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "privacy-zones.json"
    known = read_places(file)
    assert len(known.secret) == 32
    assert read_places(file).secret != known.secret
    assert known.secret.hex() not in repr(known)
    write_places(file, known)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_places(file) == known
    for text in (
        "",
        "[]",
        "{}",
        '{"secret": "ab", "places": [], "drawn_for_m": []}',
        "{\x00",
        '{"secret": 3}',
    ):
        file.write_text(text)
        with pytest.raises(UserError, match=r"privacy-zones.json is damaged.* type `make report`"):
            read_places(file)
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link"):
        read_places(file)
