"""What of a stream was measured, and the distance that it makes."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

Values = list[Any]

PLAUSIBLE = {
    "heartrate": (30, 230),
    "watts": (0, 2500),
    "cadence": (0, 250),
    "grade_smooth": (-100, 100),
    "altitude": (-500, 9000),
}
OUT_OF_LINE_M = 100
RESTART_FROM_M, RESTART_TO_M = 200, 10
SPREAD_AT_MOST_S = 60


def plausible(name: str, values: Values) -> Values:
    """What no body can have was not measured."""
    if name not in PLAUSIBLE:
        return values
    low, high = PLAUSIBLE[name]
    return [value if value is not None and low <= value <= high else None for value in values]


def _neighbours(values: Values) -> list[tuple[int, Any, Any, Any]]:
    """(index, the value before, the value, the next), over those that have one; None at the ends."""
    known = [i for i, value in enumerate(values) if value is not None]
    return [
        (i, values[known[n - 1]] if n else None, values[i], values[known[n + 1]] if i != known[-1] else None)
        for n, i in enumerate(known)
    ]


def time_in_line(values: Values) -> Values:
    """`time` without a single one that runs ahead of its neighbours."""
    out = list(values)
    for i, before, value, after in _neighbours(values):
        if after is not None and after < value and (before is None or after > before):
            out[i] = None
    return out


def distance_in_line(values: Values) -> Values:
    """`distance` without a single one that juts out above or below its neighbours."""
    out = list(values)
    for i, before, value, after in _neighbours(values):
        if after is None:
            continue
        is_above = value > after + OUT_OF_LINE_M and (before is None or after >= before)
        is_below = before is not None and value < before - OUT_OF_LINE_M and after >= before
        if is_above or is_below:
            out[i] = None
    return out


@dataclass
class Distance:
    """Metres from the first sample that has time and distance; None where a sample has none.

    `jumps` are the samples that a step which was too fast ends.
    """

    metres: list[float | None]
    jumps: set[int]


def clean_distance(time: Values, raw: Values, limit_m_per_s: float) -> Distance:
    """The five steps. `time` is in line already."""
    known = _running_maximum(distance_in_line(raw))
    kept: list[int] = []
    for i, second in enumerate(time):
        if second is not None and known[i] is not None and (not kept or second > time[kept[-1]]):
            kept.append(i)
    metres: list[float | None] = [None] * len(raw)
    if not kept:
        return Distance(metres, set())
    # Whole millimetres, halves up: what is compared with a limit must not hang on a binary fraction.
    mm = {i: math.floor((known[i] - known[kept[0]]) * 1000 + 0.5) for i in kept}
    metres[kept[0]] = 0.0
    jumps: set[int] = set()
    jumped_mm = 0
    grown_at = 0  # place among the kept of the sample at which distance last grew, else of the first
    for place, (a, b) in enumerate(itertools.pairwise(kept), start=1):
        step_mm = mm[b] - mm[a]
        if step_mm > limit_m_per_s * 1000 * (time[b] - time[a]):
            since = time[kept[grown_at]]
            if time[b] - since <= SPREAD_AT_MOST_S and step_mm <= limit_m_per_s * 1000 * (time[b] - since):
                for i in kept[grown_at + 1 : place]:
                    share = (time[i] - since) / (time[b] - since)
                    metres[i] = (mm[a] - jumped_mm + step_mm * share) / 1000
            else:
                jumps.add(b)
                jumped_mm += step_mm
        metres[b] = (mm[b] - jumped_mm) / 1000
        if step_mm > 0:
            grown_at = place
    return Distance(metres, jumps)


def _running_maximum(values: Values) -> Values:
    """A recording that began again at nought goes on from the highest reached; then the running maximum."""
    out: Values = []
    added, highest, before = 0.0, None, None
    for value in values:
        if value is None:
            out.append(None)
            continue
        if before is not None and before > RESTART_FROM_M and value <= RESTART_TO_M:
            added = highest or 0.0
        before = value
        highest = value + added if highest is None else max(highest, value + added)
        out.append(highest)
    return out
