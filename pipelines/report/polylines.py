"""Encoded polylines: https://developers.google.com/maps/documentation/utilities/polylinealgorithm, precision 5.

All lines are held in one array and worked on at once: ten years have a hundred thousand points and more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNITS_PER_DEGREE = 100_000
METRES_PER_UNIT = 6_371_008.8 * np.pi / 180 / UNITS_PER_DEGREE
# The text has five bits of a number in each character, the lowest first; a sixth says that more follow.
_BITS, _MORE, _FIRST_CHARACTER = 5, 32, 63


@dataclass(frozen=True)
class Lines:
    """Lines of one point or more: `points` are pairs of latitude and longitude in 0.00001 degrees, line after line.

    `line` is the number of each point's line, rising; a line may have lost all its points.
    """

    points: Ints
    line: Ints

    @property
    def goes_on(self) -> Bools:
        """Tell of each point but the last whether the next one is of its line."""
        same: Bools = self.line[1:] == self.line[:-1]
        return same

    def only(self, kept: Bools) -> "Lines":
        """The same lines with fewer points."""
        return Lines(self.points[kept], self.line[kept])


def decode(texts: Sequence[str]) -> Lines:
    """The lines of texts that are not empty."""
    codes = np.frombuffer("".join(texts).encode("ascii"), np.uint8).astype(np.int64) - _FIRST_CHARACTER
    if not codes.size:
        return Lines(np.empty((0, 2), np.int64), np.empty(0, np.int64))
    is_last = codes < _MORE
    first = np.flatnonzero(np.concatenate(([True], is_last[:-1])))
    place = np.arange(codes.size) - first[np.cumsum(is_last) - is_last]
    numbers = np.add.reduceat((codes & (_MORE - 1)) << (_BITS * place), first)
    steps = ((numbers >> 1) ^ -(numbers & 1)).reshape(-1, 2)
    text_begins = np.cumsum([0, *map(len, texts)])[:-1]
    counts = np.add.reduceat(is_last.astype(np.int64), text_begins) // 2
    line = np.repeat(np.arange(len(texts)), counts)
    points = np.cumsum(steps, axis=0)
    begins = np.cumsum(counts) - counts
    before = np.where(begins[:, None] > 0, points[begins - 1], 0)
    return Lines(points - before[line], line)


def encode(lines: Lines) -> list[str]:
    """The texts of lines, which each have a point, numbered from 0."""
    if not lines.line.size:
        return []
    steps = np.diff(lines.points, axis=0, prepend=0)
    begins = np.concatenate(([True], ~lines.goes_on))
    steps[begins] = lines.points[begins]
    numbers = ((steps << 1) ^ (steps >> 63)).ravel()
    lengths = np.searchsorted(2 ** (_BITS * np.arange(1, 12)), numbers, side="right") + 1
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    codes = (np.repeat(numbers, lengths) >> (_BITS * place)) & (_MORE - 1)
    codes[place < np.repeat(lengths, lengths) - 1] |= _MORE
    text = (codes + _FIRST_CHARACTER).astype(np.uint8).tobytes().decode("ascii")
    ends = np.cumsum(lengths)[1::2][np.flatnonzero(np.append(~lines.goes_on, True))]
    return [text[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def simplify(lines: Lines, tolerance_m: float) -> Lines:
    """Without points that lie closer than so many metres to the line without them (Douglas-Peucker, in rounds)."""
    if not lines.line.size:
        return lines
    north_m = lines.points[:, 0] * METRES_PER_UNIT
    east_m = lines.points[:, 1] * METRES_PER_UNIT * np.cos(np.radians(lines.points[:, 0] / UNITS_PER_DEGREE))
    way_m = east_m + 1j * north_m
    is_corner = np.append(True, ~lines.goes_on) | np.append(~lines.goes_on, True)
    left = np.flatnonzero(~is_corner)
    while left.size:
        corners = np.flatnonzero(is_corner)
        span = np.searchsorted(corners, left) - 1
        begin = way_m[corners[span]]
        along = way_m[corners[span + 1]] - begin
        length_m = np.abs(along)
        toward = np.divide(along, length_m, out=np.zeros_like(along), where=length_m > 0)
        offset = (way_m[left] - begin) * np.conj(toward)
        # Beyond an end of the span it is the distance to that end.
        beyond_m = offset.real - np.clip(offset.real, 0, length_m)
        off_m = np.where(length_m > 0, np.hypot(beyond_m, offset.imag), np.abs(way_m[left] - begin))
        first = np.flatnonzero(np.append(True, span[1:] != span[:-1]))
        furthest_m = np.repeat(np.maximum.reduceat(off_m, first), np.diff(np.append(first, left.size)))
        is_new = (off_m == furthest_m) & (furthest_m > tolerance_m)
        is_corner[left[is_new]] = True
        left = left[~is_new & (furthest_m > tolerance_m)]
    return lines.only(is_corner)
