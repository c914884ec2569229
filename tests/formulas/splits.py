"""Kilometres of one activity."""

import itertools
import math

import numpy as np

from tests.formulas import grade
from tests.formulas.activity import Recorded
from tests.formulas.recording import Shares
from tests.formulas.sports import Row

SPLIT_M = 1000


def splits(recorded: Recorded) -> list[Row]:
    """The full kilometres and the rest, in order; none where stream and summary disagree."""
    recording = recorded.recording
    total = recording.total_m
    if not recorded.has_distance or not total:
        return []
    kept = recording.kept(distance=recording.distance)
    curve = [(float(recording.time[i]), float(recording.distance[i] or 0)) for i in kept]
    count = math.ceil(round(total / SPLIT_M, 9))
    ends = [curve[0][0], *(_first_instant(curve, k * SPLIT_M) for k in range(1, count)), curve[-1][0]]
    columns = _Columns(recorded)
    out = []
    for k, (begin, end) in enumerate(itertools.pairwise(ends), start=1):
        metres = float(SPLIT_M) if k < count else total - (count - 1) * SPLIT_M
        out.append({"distance_m": metres, "elapsed_time_s": end - begin, **columns.of(begin, end, metres)})
    return out


def _first_instant(curve: list[tuple[float, float]], metre: float) -> float:
    for (t0, d0), (t1, d1) in itertools.pairwise(curve):
        if d0 >= metre:
            return t0
        if d1 >= metre:
            return t0 + (metre - d0) / (d1 - d0) * (t1 - t0)
    return curve[-1][0]


class _Columns:
    """What the samples say of any stretch of time of one activity."""

    def __init__(self, recorded: Recorded) -> None:
        recording = recorded.recording
        is_foot = recorded.group == "foot"
        moving = recording.moving(distance=recording.distance)
        self._moving = Shares(moving, [1.0] * len(moving))
        graded = recording.moving(distance=recording.distance, grade=recorded.grades) if is_foot else []
        self._graded = Shares(
            graded, [grade.adjusted_metres(i, recorded.gap_model) / i.seconds for i in graded]
        )
        self._beats = Shares(recording.counted(v=recording.column("heartrate")))
        self._power = Shares(recording.counted(v=recording.column("watts")) if recorded.has_power else [])
        self._steps = Shares(recording.moving(v=recording.column("cadence")) if is_foot else [])
        self._legs = recorded.legs
        altitude = recording.column("altitude")
        kept = recording.kept(altitude=altitude)
        self._heights = [recording.time[i] for i in kept], [altitude[i] for i in kept]

    def of(self, begin: float, end: float, metres: float) -> Row:
        moving = self._moving.seconds(begin, end)
        adjusted = self._graded.total(begin, end)
        steps = self._steps.mean(begin, end)
        climb = None
        if self._heights[0]:
            climb = float(np.interp(end, *self._heights) - np.interp(begin, *self._heights))
        return {
            "moving_time_s": moving,
            "pace_s_per_km": moving / metres * 1000 if moving > 0 else None,
            "elevation_change_m": climb,
            "average_heartrate_bpm": self._beats.mean(begin, end),
            "gap_pace_s_per_km": self._graded.seconds(begin, end) / adjusted * 1000 if adjusted > 0 else None,
            "average_cadence_spm": None if steps is None else steps * self._legs,
            "average_power_w": self._power.mean(begin, end),
        }
