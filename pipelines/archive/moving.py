"""How fast the athlete was at each sample, and whether that counts as moving. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.archive.distance import GAP_S, Distance, Seconds, velocity
from pipelines.archive.recording import Floats

Flags = NDArray[np.bool_]

# An athlete slower than this across a gap in the recording has paused.
GAP_SPEED_M_PER_S = 0.5
# Moving is what is faster than one of these; without a moving time to fit, slower than anyone swims or climbs.
MOVING_SPEEDS_M_PER_S = (0.0, 0.3, 0.5, 0.8, 1.0, 1.2)
DEFAULT_MOVING_SPEED_M_PER_S = 0.3
# Whose distance grows faster does not stand, whatever the recorded speed says.
STANDS_BELOW_M_PER_S = MOVING_SPEEDS_M_PER_S[-1]


def speeds_of(time: Seconds, distance: Distance | None, recorded: Floats | None) -> Floats | None:
    """Return m/s at each sample: as recorded where it is, else from the distance; `None` without either.

    A speed that stood at 0 though the distance grew, all the time or at more than a walk, was not recorded.
    """
    if recorded is not None:
        recorded = np.where(recorded < 0, np.nan, recorded)
    if distance is not None and recorded is not None and recorded.any():
        across = np.diff(distance.metres, prepend=np.nan) / np.diff(time, prepend=np.nan)
        recorded = np.where((recorded == 0) & (across > STANDS_BELOW_M_PER_S), np.nan, recorded)
    if distance is None or (recorded is not None and not np.isnan(recorded).any() and recorded.any()):
        return recorded
    worked_out = velocity(time, distance)
    if recorded is None or not np.nan_to_num(recorded).any():
        return worked_out
    return np.where(np.isnan(recorded), worked_out, recorded)


def moving_flags(
    time: Seconds,
    distance: Distance | None,
    speeds: Floats | None,
    pauses: Sequence[tuple[float, float]],
    moving_time_s: float | None,
    repairs: list[str],
) -> Flags:
    """Return for each sample whether the athlete moved in the interval that it ends; the first says as the second.

    Not where the timer stood still for more than half of the interval, nor over a gap in the recording at less
    than 0.5 m/s; else above the speed that comes nearest to the summary's moving time, of equals the lowest.
    Where nothing tells a speed, or it never leaves 0, the athlete moves as long as the timer runs.
    """
    seconds = np.diff(time).astype(np.float64)
    can_move: Flags = np.diff(_paused_s(time, pauses)) <= seconds / 2
    if speeds is not None and np.nan_to_num(speeds).any():
        speed = speeds[1:]
        if distance:
            across = np.diff(distance.metres) / seconds
            is_gap = (seconds > GAP_S) & ~np.isnan(across)
            can_move &= ~(is_gap & (across < GAP_SPEED_M_PER_S))
            speed = np.where(is_gap, across, speed)
        speed = np.where(np.isnan(speed), np.inf, speed)
        limit, why = DEFAULT_MOVING_SPEED_M_PER_S, ", as no moving time is known"
        # A moving time of 0 is as good as none: Strava has it where it could not work it out.
        if moving_time_s:
            totals_s = [seconds[can_move & (speed > limit)].sum() for limit in MOVING_SPEEDS_M_PER_S]
            limit, why = MOVING_SPEEDS_M_PER_S[int(np.argmin(np.abs(np.array(totals_s) - moving_time_s)))], ""
        repairs.append(f"moving above {limit:g} m/s{why}")
        can_move &= speed > limit
    return np.concatenate([can_move[:1], can_move]) if len(can_move) else np.ones(1, np.bool_)


def _paused_s(time: Seconds, pauses: Sequence[tuple[float, float]]) -> Floats:
    """Return the seconds for which the timer has stood still until each sample; pauses may overlap."""
    stretches = sorted((start, end) for start, end in pauses if end > start)
    if not stretches:
        return np.zeros(len(time))
    starts, ends = np.array(stretches).T
    ends = np.maximum.accumulate(ends)
    starts[1:] = np.maximum(starts[1:], ends[:-1])
    until = np.cumsum(ends - starts)
    from_ = until - (ends - starts)
    total_s: Floats = np.interp(
        time, np.stack([starts, ends], 1).ravel(), np.stack([from_, until], 1).ravel()
    )
    return total_s
