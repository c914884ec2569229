"""Power over durations, and time in zones."""

import bisect

import numpy as np

from tests.formulas.activity import Recorded
from tests.formulas.seconds import adjusted_speeds
from tests.formulas.sports import POWER_CURVE_S


def power_curve(recorded: Recorded) -> dict[int, float]:
    """The highest mean over so many consecutive seconds."""
    if not recorded.has_power:
        return {}
    out: dict[int, float] = {}
    for run in recorded.recording.expansion("watts"):
        work = np.concatenate([[0.0], np.cumsum(run)])
        for seconds in POWER_CURVE_S:
            if len(run) >= seconds:
                best = float((work[seconds:] - work[:-seconds]).max() / seconds)
                out[seconds] = max(best, out.get(seconds, 0.0))
    return out


def time_in_zones(recorded: Recorded) -> dict[tuple[str, int], float]:
    """Seconds by kind and zone; every zone of a kind that has values."""
    out: dict[tuple[str, int], float] = {}
    for kind, values in _values(recorded).items():
        if not values or kind not in recorded.period.zones:
            continue
        bounds, _ = recorded.period.zones[kind]
        for zone in range(1, len(bounds) + 2):
            out[kind, zone] = 0
        for value, seconds in values:
            out[kind, bisect.bisect_right(bounds, value) + 1] += seconds
    return out


def _values(recorded: Recorded) -> dict[str, list[tuple[float, float]]]:
    """(value, seconds) by kind."""
    recording = recorded.recording
    out = {
        "heartrate": [(i.values["v"], i.seconds) for i in recording.counted(v=recording.column("heartrate"))]
    }
    if recorded.has_power:
        out["power"] = [(i.values["v"], i.seconds) for i in recording.counted(v=recording.column("watts"))]
    if recorded.group == "foot" and recorded.is_consistent is not False:
        speeds = adjusted_speeds(recorded)
        out["pace"] = [(i.values["v"], i.seconds) for i in recording.counted(v=speeds)]
    return out
