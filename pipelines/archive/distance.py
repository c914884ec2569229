"""How far the athlete had come at each sample: as recorded, else from positions. Pure.

The rules go by what Strava's summary says of the same activity, where it says anything.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.archive.recording import Floats

Seconds = NDArray[np.int64]

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
GAP_S = 10  # samples further apart are a gap in the recording
DISTANCE_TOLERANCE = 0.01  # a distance this near to the summary's is the same
# A counter that begins further out than anybody comes in one sample has begun in the leg before.
LEG_START_M = 100


@dataclass(frozen=True)
class Distance:
    """Metres so far at each sample, never falling, NaN where none was recorded.

    `spans_s` is, for a distance from positions, the seconds since the last position at each sample that has one,
    else 0; `None` for a recorded distance.
    """

    metres: Floats
    spans_s: Floats | None = None

    def between_samples(self, time: Seconds) -> Floats:
        """Return metres so far without NaN: even speed between the samples that have a distance."""
        has_value = ~np.isnan(self.metres)
        return np.interp(time, time[has_value], self.metres[has_value])

    def cut(self, window: slice) -> "Distance | None":
        """Return the distance within the window, counted from its first sample; `None` where it has none."""
        metres = self.metres[window]
        has_value = np.flatnonzero(~np.isnan(metres))
        if not len(has_value):
            return None
        return Distance(metres - metres[has_value[0]], None if self.spans_s is None else self.spans_s[window])


def recorded_distance(values: Floats, is_later_leg: bool, repairs: list[str]) -> Distance | None:
    """Return the device's distance; `None` where it has none.

    A counter that falls below half of where it stood has begun anew, and what it counts is added; after a
    smaller fall the distance stays where it was until the counter is there again.
    """
    values = np.where(values < 0, np.nan, values)
    has_value = ~np.isnan(values)
    if not has_value.any():
        return None
    metres = values[has_value]
    if (metres[1:] < metres[:-1]).any():
        repairs.append("recorded distance kept from falling")
        metres = _rising(metres)
    if is_later_leg and metres[0] > LEG_START_M:
        metres = metres - metres[0]
    values[has_value] = metres
    return Distance(values)


def _rising(metres: Floats) -> Floats:
    highest, base = 0.0, 0.0
    rising = []
    for value in metres.tolist():
        if value < (highest - base) / 2:
            base = highest
        highest = max(highest, base + value)
        rising.append(highest)
    return np.array(rising)


def positions_distance(time: Seconds, lat: Floats, lng: Floats) -> Distance | None:
    """Return the sum of the great-circle steps, gaps in the recording included; `None` without a position."""
    has_value = np.flatnonzero(~np.isnan(lat))
    if not len(has_value):
        return None
    steps_m, spans_s = np.zeros(len(time)), np.zeros(len(time))
    steps_m[has_value[1:]] = great_circle_m(lat[has_value], lng[has_value])
    spans_s[has_value[1:]] = np.diff(time[has_value])
    return Distance(np.cumsum(steps_m), spans_s)


def great_circle_m(lat: Floats, lng: Floats) -> Floats:
    """Return the metres from each position (degrees) to the next, by the haversine formula."""
    phi, half = np.radians(lat), np.radians(lng) / 2
    across = np.sin(np.diff(phi) / 2) ** 2 + np.cos(phi[:-1]) * np.cos(phi[1:]) * np.sin(np.diff(half)) ** 2
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(across, 1.0)))
    return metres


def without_longest_gaps(distance: Distance, summary_m: float | None, repairs: list[str]) -> Distance:
    """Return the distance without the steps over the fewest longest gaps with which it meets the summary's.

    For Strava, an athlete who moved while the recording was paused has not gone that step.
    """
    total_m = distance.metres[-1]
    if distance.spans_s is None or not summary_m or total_m <= summary_m * (1 + DISTANCE_TOLERANCE):
        return distance
    gaps = np.flatnonzero(distance.spans_s > GAP_S)
    gaps = gaps[np.argsort(-distance.spans_s[gaps], kind="stable")]
    steps_m = np.diff(distance.metres, prepend=0)
    is_met = np.abs(total_m - np.cumsum(steps_m[gaps]) - summary_m) <= DISTANCE_TOLERANCE * summary_m
    if not is_met.any():
        return distance
    left_out = gaps[: int(np.argmax(is_met)) + 1]
    steps_m[left_out] = 0
    gap_words = "the longest gap" if len(left_out) == 1 else f"the {len(left_out)} longest gaps"
    repairs.append(f"no distance over {gap_words} in the recording")
    return Distance(np.cumsum(steps_m), distance.spans_s)


def velocity(time: Seconds, distance: Distance) -> Floats:
    """Return m/s at each sample: over two samples to either side, as far as they lie within 10 s."""
    has_value = np.flatnonzero(~np.isnan(distance.metres))
    at, metres = time[has_value], distance.metres[has_value]
    before, after = np.arange(len(at)), np.arange(len(at))
    for count in (1, 2):
        is_near = at[count:] - at[:-count] <= GAP_S
        before[count:] -= is_near
        after[: len(at) - count] += is_near
    seconds = at[after] - at[before]
    speeds = np.full(len(time), np.nan)
    speeds[has_value] = (metres[after] - metres[before]) / np.where(seconds > 0, seconds, np.nan)
    return speeds
