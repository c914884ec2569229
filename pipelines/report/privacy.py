"""Privacy zones: circles around the places where activities start and end, in which the page shows nothing.

Lines that are cut around a home lead to it: a circle fitted to their ends has its centre there. So each circle is
displaced by a secret, always the same way: pages that differ from time to time tell no more than one of them.
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Place = tuple[float, float]

EARTH_RADIUS_M = 6_371_008.8
# A displacement is drawn between these, in radii of the zone. What has been drawn serves another radius, too, as long
# as it lies between 0.3 and 0.8 of it.
DRAWN_FROM, DRAWN_TO = 0.5, 0.75
LEAST, MOST = 0.3, 0.8
# Side of the squares in which starts and ends are counted, in radii: what lies in one square is within 0.2 of each other.
SQUARE = 0.13
# A circle on a map of Mercator's is none on the ground: so much more hides all of it up to 80 degrees north.
MARGIN = 1.002
HIGHEST_LATITUDE_DEG = 85.05


@dataclass(frozen=True)
class KnownPlaces:
    """What is kept from one page to the next: the secret, the places, the radii that displacements were drawn for."""

    secret: bytes = field(repr=False)
    places: tuple[Place, ...] = ()
    drawn_for_m: tuple[float, ...] = ()


@dataclass(frozen=True)
class Zones:
    """Circles on the map of `mercator`, in radians; none where the reader wants no zones."""

    x: Floats
    y: Floats
    radius: Floats

    def hide_segments(self, begin: Floats, end: Floats) -> Bools:
        """Tell which straight lines, given by rows of x and y, come into a zone anywhere or leave the map."""
        hidden: Bools = ~(np.isfinite(begin[:, 1]) & np.isfinite(end[:, 1]))
        low_x, high_x = np.minimum(begin[:, 0], end[:, 0]), np.maximum(begin[:, 0], end[:, 0])
        low_y, high_y = np.minimum(begin[:, 1], end[:, 1]), np.maximum(begin[:, 1], end[:, 1])
        west, east = (low_x.min(), high_x.max()) if low_x.size else (0, 0)
        for zone_x, y, radius in zip(self.x, self.y, self.radius * MARGIN, strict=True):
            # A track across the date line goes on beyond 180 degrees.
            for x in (zone_x - 2 * np.pi, zone_x, zone_x + 2 * np.pi):
                if west - radius < x < east + radius:
                    beside = (low_x > x + radius) | (high_x < x - radius)
                    near = np.flatnonzero(~(beside | (low_y > y + radius) | (high_y < y - radius)))
                    hidden[near] |= _distance(begin[near], end[near], x, y) < radius
        return hidden

    def hide_tiles(self, zoom: int, x: Floats, y: Floats) -> Bools:
        """Tell which tiles of Web Mercator have a part in a zone."""
        side = 2 * np.pi / 2**zoom
        west, north = x * side - np.pi, np.pi - y * side
        hidden = np.zeros(x.shape, np.bool_)
        for zone_x, zone_y, radius in zip(self.x, self.y, self.radius * MARGIN, strict=True):
            north_off = zone_y - np.clip(zone_y, north - side, north)
            # At the date line a zone reaches over to the other edge of the map.
            for turned_x in (zone_x - 2 * np.pi, zone_x, zone_x + 2 * np.pi):
                east_off = turned_x - np.clip(turned_x, west, west + side)
                hidden |= np.hypot(east_off, north_off) < radius
        return hidden


NO_ZONES = Zones(np.empty(0), np.empty(0), np.empty(0))


def mercator(latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Rows of x and y in radians; y is no number beyond the latitudes that Web Mercator shows."""
    latitude = np.radians(np.where(np.abs(latitude_deg) <= HIGHEST_LATITUDE_DEG, latitude_deg, np.nan))
    return np.stack([np.radians(longitude_deg), np.arcsinh(np.tan(latitude))], axis=-1)


def _distance(begin: Floats, end: Floats, x: float, y: float) -> Floats:
    """The distance of a point from each line between two points."""
    along, to = end - begin, np.array([x, y]) - begin
    squared = (along**2).sum(axis=1)
    share = np.divide((along * to).sum(axis=1), squared, out=np.zeros_like(squared), where=squared > 0)
    off: Floats = to - along * np.clip(share, 0, 1)[:, None]
    return np.hypot(off[:, 0], off[:, 1])


def zones_around(ends_deg: Floats, known: KnownPlaces, radius_m: float) -> tuple[Zones, KnownPlaces]:
    """Zones that hold all starts and ends, given as rows of latitude and longitude, and what to keep of them.

    A known place has its zone again. What then still lies outside is a new place, the densest first; that goes on
    until each start and end is inside a zone.
    """
    circles = _Circles(known, radius_m)
    for place in known.places:
        circles.add(place)
    left = circles.outside(ends_deg)
    while left.size:
        place = _densest(left, radius_m)
        circles.known = replace(circles.known, places=(*circles.known.places, place))
        circles.add(place)
        left = circles.outside(left)
    return circles.zones(), circles.known


def places_near(known: KnownPlaces, ends_deg: Floats) -> KnownPlaces:
    """What is known without the places that no start or end is near to, by the largest radius there was."""
    reach_m = max(known.drawn_for_m, default=0)
    near = [place for place in known.places if (_apart_m(ends_deg, place) <= reach_m).any()]
    return replace(known, places=tuple(near))


def _densest(ends_deg: Floats, radius_m: float) -> Place:
    """The end in the middle of the square with most of them: a mean of ends could lie in a zone already."""
    side_deg = np.degrees(SQUARE * radius_m / EARTH_RADIUS_M)
    row = np.floor(ends_deg[:, 0] / side_deg)
    column = np.floor(ends_deg[:, 1] * np.cos(np.radians(row * side_deg)) / side_deg)
    _, square, counts = np.unique(
        np.stack([row, column], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    found = ends_deg[square.ravel() == np.argmax(counts)]
    latitude_deg, longitude_deg = found[np.argmin(_apart_m(found, found.mean(axis=0)))]
    return float(latitude_deg), float(longitude_deg)


class _Circles:
    """The zones so far, on the ground: each has a place of its own outside those before it."""

    def __init__(self, known: KnownPlaces, radius_m: float) -> None:
        self.known = known
        self._radius_m = radius_m
        self._centres: list[Place] = []
        # Places with a displacement of their own, by which those within a radius of them are displaced, too: their
        # mean tells no more than one of them.
        self._leaders: list[tuple[Place, Floats]] = []

    def add(self, place: Place) -> None:
        """Add a zone for a place, unless it lies in one."""
        if not self.outside(np.array([place])).size:
            return
        led_by = [
            east_north_m
            for leader, east_north_m in self._leaders
            if _apart_m(np.array([place]), leader)[0] < self._radius_m
        ]
        east_north_m = led_by[0] if led_by else self._displacement_m(place)
        if not led_by:
            self._leaders.append((place, east_north_m))
        east_deg, north_deg = np.degrees(east_north_m / EARTH_RADIUS_M)
        self._centres.append((place[0] + north_deg, place[1] + east_deg / np.cos(np.radians(place[0]))))

    def outside(self, ends_deg: Floats) -> Floats:
        """The rows that lie in no zone."""
        for centre in self._centres:
            ends_deg = ends_deg[_apart_m(ends_deg, centre) >= self._radius_m]
        return ends_deg

    def zones(self) -> Zones:
        if not self._centres:
            return NO_ZONES
        centres = np.array(self._centres)
        # A zone beyond the edge of the map may reach over it.
        x, y = np.radians(centres[:, 1]), np.arcsinh(np.tan(np.radians(centres[:, 0])))
        radius = self._radius_m / EARTH_RADIUS_M / np.cos(np.radians(centres[:, 0]))
        return Zones(x, y, radius)

    def _displacement_m(self, place: Place) -> Floats:
        """Metres to the east and to the north: the first of those drawn that suits the radius, else a new one."""
        for drawn_for_m in self.known.drawn_for_m:
            drawn_m = _drawn_m(self.known.secret, place, drawn_for_m)
            if LEAST <= np.hypot(*drawn_m) / self._radius_m <= MOST:
                return drawn_m
        self.known = replace(self.known, drawn_for_m=(*self.known.drawn_for_m, self._radius_m))
        return _drawn_m(self.known.secret, place, self._radius_m)


def _drawn_m(secret: bytes, place: Place, radius_m: float) -> Floats:
    """Evenly drawn from a ring around the place."""
    # Of numbers as they are read back from JSON: 400 is 400.0.
    words = " ".join(repr(float(number)) for number in (*place, radius_m)).encode()
    digest = hmac.digest(secret, words, hashlib.sha256)
    turn, share = (int.from_bytes(part) / 2**64 for part in (digest[:8], digest[8:16]))
    length_m = radius_m * np.sqrt(DRAWN_FROM**2 + share * (DRAWN_TO**2 - DRAWN_FROM**2))
    east_north_m: Floats = np.array([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)]) * length_m
    return east_north_m


def _apart_m(ends_deg: Floats, place: Place | Floats) -> Floats:
    """Great-circle distances (haversine)."""
    latitude, longitude = np.radians(ends_deg).T
    at_latitude, at_longitude = np.radians(place)
    half = (
        np.sin((latitude - at_latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(at_latitude) * np.sin((longitude - at_longitude) / 2) ** 2
    )
    apart_m: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return apart_m
