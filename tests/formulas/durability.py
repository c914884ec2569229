"""What is left of the best effort after so much work."""

import numpy as np

from tests.formulas.activity import Recorded
from tests.formulas.seconds import Run, grade_adjusted_runs, power_runs
from tests.formulas.sports import Row

DURATIONS_S = (300, 1200)
AFTER_KJ = (0, 1000, 1500, 2000)
AFTER_S = (0, 3600, 7200, 10800)


def durability(recorded: Recorded) -> dict[tuple[int, int], Row]:
    """By duration and work done before."""
    if recorded.group == "foot":
        runs = grade_adjusted_runs(recorded)
        return best_after(runs, [[1.0] * len(values) for _, values in runs], AFTER_S, "s", 1)
    runs = power_runs(recorded)
    return best_after(runs, [values for _, values in runs], AFTER_KJ, "kJ", 1000)


def best_after(
    runs: list[Run], work: list[list[float]], afters: tuple[int, ...], unit: str, per_unit: int
) -> dict[tuple[int, int], Row]:
    """`work` is what each second of each run adds; `per_unit` of it make one of `afters`."""
    out: dict[tuple[int, int], Row] = {}
    for duration in DURATIONS_S:
        windows = _windows(runs, work, duration)
        whole = max((mean for _, mean in windows), default=0.0)
        for after in afters:
            means = [mean for done, mean in windows if done >= after * per_unit]
            if means:
                out[duration, after] = {
                    "after_unit": unit,
                    "value": max(means),
                    "share_of_best_pct": max(means) / whole * 100 if whole else None,
                }
    return out


def _windows(runs: list[Run], work: list[list[float]], duration: int) -> list[tuple[float, float]]:
    """(work done before it, mean) of every window inside a run."""
    out: list[tuple[float, float]] = []
    done = 0.0
    for (_, values), its in zip(runs, work, strict=True):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        before = done + np.concatenate([[0.0], np.cumsum(its)])
        out += [
            (float(before[i]), float(sums[i + duration] - sums[i]) / duration)
            for i in range(len(values) - duration + 1)
        ]
        done = float(before[-1])
    return out
