"""The land around the athlete's places: how high it lies, and the loops that begin there.

The height depends on the place alone, so that a hill is the same hill whoever comes by, and whenever.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

EARTH_M = 6_371_008.8  # the mean radius
STEP_M = 20  # between the points that a loop is drawn through
BASE_M = 60
# Metres north and east of the athlete's place, height, radius: round tops with a valley around them, so that it is
# clear where the way up begins.
HILLS = (
    (2514, 0, 75, 1100),  # 7 % for a kilometre
    (3200, 1848, 95, 1000),
    (770, 2775, 60, 900),
    (-400, -12700, 230, 4000),  # 6 % for four kilometres: of category 3
    (-9800, 5200, 130, 2600),
    (9500, -6500, 170, 3200),
    (14500, 13500, 300, 5000),
    (-17000, -9000, 260, 4500),
)
VALLEY_END, VALLEY_DEPTH = 1.6, 0.16  # shares of a hill's radius and height
# Waves of the ground in between, at most 3 % steep and too low for a climb: height, length, heading of its way up.
WAVES = ((4.0, 2600, 0.4), (2.2, 1100, 1.9))


@dataclass(frozen=True)
class Course:
    """A loop that begins so many metres (north, east) from the athlete's place, and goes off into a direction."""

    lap_m: float
    heading_deg: float
    start_m: tuple[float, float] = (0, 0)
    bend: float = 0.12  # 0 is a circle


class Lap(NamedTuple):
    """Points of one round, evenly spaced: metres from the start along it, north and east of the start, and height."""

    along_m: np.ndarray
    north_m: np.ndarray
    east_m: np.ndarray
    altitude_m: np.ndarray


def altitude_m(north_m: np.ndarray, east_m: np.ndarray) -> np.ndarray:
    """Height above the sea, by metres north and east of the athlete's place."""
    height = np.full(len(north_m), float(BASE_M))
    for amplitude, length_m, heading in WAVES:
        way_m = north_m * math.cos(heading) + east_m * math.sin(heading)
        height += amplitude * np.sin(2 * math.pi * way_m / length_m)
    for north, east, top_m, radius_m in HILLS:
        share = np.hypot(north_m - north, east_m - east) / radius_m
        if share.min() > VALLEY_END:
            continue
        height += top_m * (1 + np.cos(math.pi * np.minimum(share, 1))) / 2
        in_valley = (np.clip(share, 1, VALLEY_END) - 1) / (VALLEY_END - 1)
        height -= VALLEY_DEPTH * top_m * (1 - np.cos(2 * math.pi * in_valley)) / 2
    return height


def lap_of(course: Course, start_m: tuple[float, float]) -> Lap:
    """One round of the course by somebody who begins at `start_m`, which is some metres beside its start, as receivers have it."""
    heading = math.radians(course.heading_deg)
    angle = np.linspace(0, 2 * math.pi, max(math.ceil(course.lap_m / STEP_M), 90) + 1)
    radius = 1 + course.bend * (np.cos(3 * angle + heading) + 0.7 * np.sin(2 * angle - 2 * heading))
    # The start lies on the far side of the middle, seen in the direction of the heading.
    north, east = -radius * np.cos(angle + heading), -radius * np.sin(angle + heading)
    north, east = north - north[0], east - east[0]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(north), np.diff(east)))])
    scale = course.lap_m / along[-1]
    even = np.linspace(0, course.lap_m, len(along))
    north, east = (np.interp(even, along * scale, way * scale) for way in (north, east))
    return Lap(even, north, east, altitude_m(north + start_m[0], east + start_m[1]))


def metres_between(place: tuple[float, float], degrees: list[float]) -> tuple[float, float]:
    """Metres north and east from a place to a near point."""
    north = math.radians(degrees[0] - place[0]) * EARTH_M
    return north, math.radians(degrees[1] - place[1]) * EARTH_M * math.cos(math.radians(place[0]))


def degrees_at(start: list[float], north_m: np.ndarray, east_m: np.ndarray) -> np.ndarray:
    """Latitude and longitude, so many metres from the start."""
    lat = start[0] + np.degrees(north_m / EARTH_M)
    lng = start[1] + np.degrees(east_m / EARTH_M) / math.cos(math.radians(start[0]))
    return np.round(np.column_stack([lat, lng]), 6)
