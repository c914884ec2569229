"""Effort second by second, as intervals and durability have it."""

from tests.formulas import grade
from tests.formulas.activity import Recorded
from tests.formulas.recording import Interval

# A longest stretch of consecutive seconds. Second s covers (s - 1, s]: the first one's number, and the values.
Run = tuple[int, list[float]]


def runs(intervals: list[Interval], values: list[float]) -> list[Run]:
    """Each interval's value for all its seconds; what is no interval of these ends a run."""
    out: list[Run] = []
    for interval, value in zip(intervals, values, strict=True):
        first = int(interval.begin_s) + 1
        if not out or out[-1][0] + len(out[-1][1]) != first:
            out.append((first, []))
        out[-1][1].extend([value] * int(interval.seconds))
    return out


def power_runs(recorded: Recorded) -> list[Run]:
    """Watts; none where power does not count."""
    return column_runs(recorded, "watts") if recorded.has_power else []


def column_runs(recorded: Recorded, name: str) -> list[Run]:
    counted = recorded.recording.counted(v=recorded.recording.column(name))
    return runs(counted, [interval.values["v"] for interval in counted])


def adjusted_speeds(recorded: Recorded) -> list[float | None]:
    """Of each sample, by its grade; the speed itself where there is none."""
    return [
        None if speed is None else speed * (1 if pct is None else grade.factor(recorded.gap_model, pct))
        for speed, pct in zip(recorded.recording.column("velocity_smooth"), recorded.grades, strict=True)
    ]


def pace_runs(recorded: Recorded) -> list[Run]:
    """Grade-adjusted speeds, as pace zones have them."""
    if recorded.is_consistent is False:
        return []
    counted = recorded.recording.counted(v=adjusted_speeds(recorded))
    return runs(counted, [interval.values["v"] for interval in counted])


def grade_adjusted_runs(recorded: Recorded) -> list[Run]:
    """Grade-adjusted metres a second over moving intervals, foot only."""
    if recorded.group != "foot" or not recorded.has_distance:
        return []
    recording = recorded.recording
    graded = recording.moving(distance=recording.distance, grade=recorded.grades)
    return runs(graded, [grade.adjusted_metres(i, recorded.gap_model) / i.seconds for i in graded])
