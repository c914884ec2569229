"""Positions as devices record them: loops that come again, and places where maps and degrees have edges."""

import math
import random
from typing import Any

Pairs = list[Any]

M_PER_DEG = 111_195
HOMES = [
    (47.3769, 8.5417),
    (47.3769, 8.5417),
    (-33.45, -70.66),
    (0.002, -0.004),  # the equator and the meridian of Greenwich
    (-16.79, 179.985),  # a few minutes from the date line
    (85.045, 21.3),  # where maps end
]


def moved(place: tuple[float, float], north_m: float, east_m: float) -> list[float]:
    """A position at a distance, across the date line, too."""
    lat = place[0] + north_m / M_PER_DEG
    lng = place[1] + east_m / M_PER_DEG / math.cos(math.radians(place[0]))
    return [round(lat, 6), round((lng + 180) % 360 - 180, 6)]


def wandering(rng: random.Random, count: int, step_m: float) -> Pairs:
    """From one of a few homes, by ever other directions."""
    home, heading = rng.choice(HOMES), rng.uniform(0, 2 * math.pi)
    north = east = 0.0
    out: Pairs = []
    for _ in range(count):
        out.append(moved(home, north, east))
        heading += rng.gauss(0, 0.2)
        north += step_m * math.cos(heading)
        east += step_m * math.sin(heading)
    return spoiled(rng, out) if rng.random() < 0.5 else out


def spoiled(rng: random.Random, pairs: Pairs) -> Pairs:
    """With samples that have no position, half of one, or one off Africa."""
    faults = [None, [0.0, 0.0], [0, 0], [None, 8.5], [47.3, None]]
    return [rng.choice(faults) if rng.random() < 0.05 else pair for pair in pairs]


def loop(rng: random.Random, home: tuple[float, float], count: int, radius_m: float) -> Pairs:
    """A round of `count` samples that begins and ends at its southern end, each time 2 m beside the last."""
    out = []
    for i in range(count):
        angle = 2 * math.pi * i / (count - 1)
        radius = radius_m * (1 + 0.15 * math.sin(3 * angle))
        north, east = radius_m - radius * math.cos(angle), radius * math.sin(angle)
        out.append(moved(home, north + rng.uniform(-2, 2), east + rng.uniform(-2, 2)))
    return out


def shifted(pairs: Pairs, north_m: float, east_m: float) -> Pairs:
    return [moved((lat, lng), north_m, east_m) for lat, lng in pairs]


def sweep(corner: tuple[float, float], rows: int, side_m: float, step_m: float) -> Pairs:
    """A square, row by row to and fro."""
    out = []
    steps = int(side_m / step_m)
    for row in range(rows):
        for step in range(steps + 1):
            east = (step if row % 2 == 0 else steps - step) * step_m
            out.append(moved(corner, row * side_m / (rows - 1), east))
    return out
