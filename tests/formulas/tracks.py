"""What a simplified track has to be, whatever the method: its box, and the properties of its line."""

import math
from collections.abc import Sequence

from tests.formulas.places import EARTH_RADIUS_M, Position
from tests.formulas.sports import Row

WITHIN_M = 10
# Five decimals move each end of a line by up to 0.8 m; a tenth for how degrees are made metres.
ROUNDING_M = 0.9
# Degrees; a step of five decimals, as halves are rounded up here and down there.
SAME_DEG = 1e-5 + 1e-9
M_PER_DEG = math.radians(EARTH_RADIUS_M)


def decode(polyline: str) -> list[Position]:
    """Positions of an encoded polyline of precision 5 (Google's algorithm)."""
    numbers: list[int] = []
    number, shift = 0, 0
    for character in polyline:
        bits = ord(character) - 63
        assert 0 <= bits < 64, character
        number |= (bits & 31) << shift
        shift += 5
        if bits < 32:  # the last five bits of a number; its lowest bit is the sign
            numbers.append(~(number >> 1) if number & 1 else number >> 1)
            number, shift = 0, 0
    assert shift == 0
    assert len(numbers) % 2 == 0
    out: list[Position] = []
    lat, lng = 0, 0
    for north, east in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lng = lat + north, lng + east
        out.append((lat / 1e5, lng / 1e5))
    return out


def box(positions: Sequence[Position]) -> Row:
    """South, west, north, east; across the date line where that is narrower."""
    lats, lngs = [lat for lat, _ in positions], [lng for _, lng in positions]
    west, east = min(lngs), max(lngs)
    eastern, western = [lng for lng in lngs if lng >= 0], [lng for lng in lngs if lng < 0]
    if eastern and western and max(western) + 360 - min(eastern) < east - west:
        west, east = min(eastern), max(western)
    return {"south": min(lats), "west": west, "north": max(lats), "east": east}


def _east_deg(a: Position, b: Position) -> float:
    """From one to the other, the short way round."""
    return (b[1] - a[1] + 180) % 360 - 180


def distance_m(position: Position, a: Position, b: Position) -> float:
    """From a position to the straight line from `a` to `b`, in the plane that touches the earth there."""
    width = math.cos(math.radians(position[0])) * M_PER_DEG
    ax, ay = _east_deg(position, a) * width, (a[0] - position[0]) * M_PER_DEG
    dx, dy = _east_deg(a, b) * width, (b[0] - a[0]) * M_PER_DEG
    length = dx * dx + dy * dy
    share = min(max(-(ax * dx + ay * dy) / length, 0), 1) if length else 0
    return math.hypot(ax + share * dx, ay + share * dy)


def is_same(a: Position, b: Position) -> bool:
    return abs(a[0] - b[0]) <= SAME_DEG and abs(_east_deg(a, b)) <= SAME_DEG


def fault(line: list[Position], recorded: list[Position]) -> str | None:
    """What is wrong with a line of a track, if anything.

    Its vertices are recorded positions in their order, the first and the last among them, and what was recorded
    between two of them lies within 10 m of the line between them.
    """
    if not line or not is_same(line[0], recorded[0]) or not is_same(line[-1], recorded[-1]):
        return "does not begin and end where the track does"
    # A position may have been recorded more than once: the samples that a vertex may be, so far.
    may_be = {0}
    for number in range(1, len(line)):
        a, b = line[number - 1], line[number]
        if not (may_be := _reached(may_be, a, b, recorded)):
            return f"vertex {number} {b} is no recorded position within reach of the line from {a}"
    last = len(recorded) - 1
    if last not in may_be and not (len(line) == 1 and all(is_same(line[0], its) for its in recorded)):
        return "its last vertex is not the last position"
    return None


def _reached(begins: set[int], a: Position, b: Position, recorded: list[Position]) -> set[int]:
    """Later samples at `b` to which the line from `a` follows what was recorded."""
    out: set[int] = set()
    is_followed = False
    for i in range(min(begins), len(recorded)):
        is_near = is_followed and distance_m(recorded[i], a, b) <= WITHIN_M + ROUNDING_M
        # Of a track of one position the second vertex is the first.
        if (is_near or len(recorded) == 1) and is_same(recorded[i], b):
            out.add(i)
        is_followed = is_near or i in begins
        if not is_followed and i > max(begins):
            break
    return out
