"""Climbs of one activity, from a low to the next high."""

import math
from dataclasses import dataclass

import numpy as np

from tests.formulas.activity import Recorded
from tests.formulas.grade import smooth_altitude
from tests.formulas.recording import Shares
from tests.formulas.sports import Row

LEAST_GAIN_M = {"foot": 30, "ride": 50}
LEAST_GRADIENT_PCT = 3
FALL_MM, FALL_SHARE = 10_000, 5  # 10 m, and a fifth of the gain
STEEPEST_OVER_M = 100
# By length in m times gradient in per cent.
CATEGORIES = {"HC": 80_000, "1": 64_000, "2": 32_000, "3": 16_000, "4": 8_000}


@dataclass(frozen=True)
class Point:
    """A distance, with the smooth altitude there."""

    metres: float
    altitude_m: float

    @property
    def altitude_mm(self) -> int:
        """In whole millimetres, by which lows and highs are compared: below lies the noise of summing."""
        return math.floor(self.altitude_m * 1000 + 0.5)


def climbs(recorded: Recorded) -> list[Row]:
    """In order; none where stream and summary disagree."""
    if recorded.group not in LEAST_GAIN_M or not recorded.has_distance:
        return []
    ways, heights = smooth_altitude(recorded.recording)
    points = [Point(metres, height) for metres, height in zip(ways, heights, strict=True)]
    columns = _Columns(recorded)
    out = []
    for first, last in ascents(points):
        gain = (points[last].altitude_mm - points[first].altitude_mm) / 1000
        metres = points[last].metres - points[first].metres
        if gain < LEAST_GAIN_M[recorded.group] or gain / metres * 100 < LEAST_GRADIENT_PCT:
            continue
        out.append(
            {
                "start_distance_m": points[first].metres,
                "distance_m": metres,
                "elevation_gain_m": gain,
                "gradient_pct": gain / metres * 100,
                "max_gradient_100m_pct": steepest_pct(points[first : last + 1]),
                **columns.of(points[first].metres, points[last].metres, gain),
                "climb_category": category(gain, metres),
            }
        )
    return out


def ascents(points: list[Point]) -> list[tuple[int, int]]:
    """(low, high) as numbers of points, however small, those without a rise too."""
    out: list[tuple[int, int]] = []
    if not points:
        return out
    low = high = 0
    for i, point in enumerate(points):
        gain = points[high].altitude_mm - points[low].altitude_mm
        fall = points[high].altitude_mm - point.altitude_mm
        if fall > FALL_MM and fall * FALL_SHARE > gain:
            out.append((low, high))
            low = high = i
        elif point.altitude_mm <= points[low].altitude_mm:
            low = high = i
        elif point.altitude_mm > points[high].altitude_mm:
            high = i
    return [*out, (low, high)]


def steepest_pct(points: list[Point]) -> float | None:
    """The largest rise over exactly 100 m."""
    ways = [point.metres for point in points]
    heights = [point.altitude_m for point in points]
    begins = [
        begin
        for metres in ways
        for begin in (metres, metres - STEEPEST_OVER_M)
        if begin >= ways[0] - 1e-9 and begin + STEEPEST_OVER_M <= ways[-1] + 1e-9
    ]
    rises = [
        float(np.interp(begin + STEEPEST_OVER_M, ways, heights) - np.interp(begin, ways, heights))
        for begin in begins
    ]
    return max(rises) / STEEPEST_OVER_M * 100 if rises else None


def category(gain: float, metres: float) -> str | None:
    score = metres * (gain / metres * 100)
    return next((name for name, least in CATEGORIES.items() if score >= least), None)


class _Columns:
    """What the samples say of a stretch of distance."""

    def __init__(self, recorded: Recorded) -> None:
        recording = recorded.recording
        kept = recording.kept(distance=recording.distance)
        self._curve = [(recording.distance[i], recording.time[i]) for i in kept]
        self._beats = Shares(recording.counted(v=recording.column("heartrate")))
        self._power = Shares(recording.counted(v=recording.column("watts")) if recorded.has_power else [])

    def of(self, begin_m: float, end_m: float, gain: float) -> Row:
        # Each point is a sample's. A stop before the climb is none of it, nor one after.
        begin = max(time for metres, time in self._curve if metres == begin_m)
        end = min(time for metres, time in self._curve if metres == end_m)
        return {
            "elapsed_time_s": float(end - begin),
            "vam_m_per_h": gain / (end - begin) * 3600,
            "pace_s_per_km": (end - begin) / (end_m - begin_m) * 1000,
            "average_heartrate_bpm": self._beats.mean(begin, end),
            "average_power_w": self._power.mean(begin, end),
        }
