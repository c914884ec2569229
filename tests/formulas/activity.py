"""Every figure of one activity but its splits, efforts and curves."""

import statistics
from dataclasses import dataclass

from tests.formulas import grade
from tests.formulas.recording import Recording
from tests.formulas.settings import COVERED_PCT, Period
from tests.formulas.sports import RUNS, WALKS, Row, group_of

AGREES_WITHIN_PCT = 5
BOTH_LEGS_FROM_SPM = 130
WINDOW_S = 30
DECOUPLING_FROM_S = 1200
STREAM_COLUMNS = (
    "gap_pace_s_per_km",
    "gap_moving_time_s",
    "gap_distance_m",
    "normalized_power_w",
    "intensity_factor",
    "training_stress_score",
    "trimp",
    "efficiency_factor",
    "decoupling_pct",
    "average_cadence_spm",
    "is_distance_consistent",
    "power_coverage_pct",
    "heartrate_coverage_pct",
)


def repaired_moving_time(row: Row) -> int | None:
    """The summary's moving time, its faults mended."""
    moving, elapsed = row["moving_time"], row["elapsed_time"]
    if not moving and (row["distance"] or 0) > 0:
        return int(elapsed)
    if moving is not None and elapsed and moving > elapsed:
        return int(elapsed)
    return None if moving is None else int(moving)


@dataclass
class Recorded:
    """A summary with its samples, and what decides which figures they have."""

    row: Row
    recording: Recording
    period: Period
    gap_model: str

    def __post_init__(self) -> None:
        self.group = group_of(self.row["sport_type"])
        self.power_counts = self.group == "ride" and self.row.get("device_watts") is True
        self.has_power = self.power_counts and self.recording.has("watts")
        self.grades = grade.grades(self.recording) if self.group == "foot" else []
        total, own = self.recording.total_m, self.row["distance"] or 0
        # None without a distance in the stream.
        self.is_consistent = None if total is None else abs(total - own) <= AGREES_WITHIN_PCT / 100 * own
        self.has_distance = self.is_consistent is True
        self.power_coverage_pct = self.recording.coverage_pct("watts") if self.has_power else None
        self.heartrate_coverage_pct = self.recording.coverage_pct("heartrate")

    @property
    def is_power_covered(self) -> bool:
        return (self.power_coverage_pct or 0) >= COVERED_PCT

    @property
    def is_heartrate_covered(self) -> bool:
        return (self.heartrate_coverage_pct or 0) >= COVERED_PCT

    @property
    def counts_both_legs(self) -> bool:
        steps = [value for value in self.recording.column("cadence") if value]
        return bool(steps) and statistics.median(steps) > BOTH_LEGS_FROM_SPM

    @property
    def legs(self) -> int:
        """What cadence is multiplied by to count all steps."""
        return 1 if self.counts_both_legs else 2


def metrics(row: Row, recorded: Recorded | None, period: Period) -> Row:
    out: Row = dict.fromkeys(STREAM_COLUMNS)
    heart_load = None
    if recorded:
        out["is_distance_consistent"] = recorded.is_consistent
        out["power_coverage_pct"] = recorded.power_coverage_pct
        out["heartrate_coverage_pct"] = recorded.heartrate_coverage_pct
        if recorded.group == "foot":
            _foot(recorded, out)
        if recorded.has_power and recorded.is_power_covered:
            _power(recorded, out)
        if recorded.is_heartrate_covered:
            heart_load = _heart(recorded, out)
            _efficiency(recorded, out)
    _load(row, period, heart_load, out)
    moving, metres = repaired_moving_time(row), row["distance"]
    out["moving_time_s"] = moving
    out["pace_s_per_km"] = moving / metres * 1000 if moving and metres else None
    return out


def _load(row: Row, period: Period, heart_load: float | None, out: Row) -> None:
    sport, moving = row["sport_type"], repaired_moving_time(row)
    pace, threshold = out["gap_pace_s_per_km"], period.threshold_pace_s_per_km
    per_h = period.duration_load_per_h * (0.5 if sport in WALKS else 1)
    loads = {
        "power": out["training_stress_score"],
        "pace": out["gap_moving_time_s"] / 3600 * (threshold / pace) ** 2 * 100
        if pace and threshold and sport in RUNS
        else None,
        "heartrate": heart_load,
        "duration": None if moving is None else moving / 3600 * per_h,
    }
    source = next((source for source, load in loads.items() if load is not None), None)
    out["training_load_source"] = source
    out["training_load"] = loads[source] if source else None


def _foot(recorded: Recorded, out: Row) -> None:
    recording = recorded.recording
    if recorded.has_distance:
        graded = recording.moving(distance=recording.distance, grade=recorded.grades)
        if graded:
            out["gap_distance_m"] = sum(grade.adjusted_metres(i, recorded.gap_model) for i in graded)
            out["gap_moving_time_s"] = sum(i.seconds for i in graded)
            if out["gap_distance_m"] > 0:
                out["gap_pace_s_per_km"] = out["gap_moving_time_s"] / (out["gap_distance_m"] / 1000)
    steps = recording.moving(cadence=recording.column("cadence"))
    if steps:
        mean = sum(i.values["cadence"] * i.seconds for i in steps) / sum(i.seconds for i in steps)
        out["average_cadence_spm"] = recorded.legs * mean


def _power(recorded: Recorded, out: Row) -> None:
    runs = recorded.recording.expansion("watts")
    means = [statistics.fmean(run[i - WINDOW_S : i]) for run in runs for i in range(WINDOW_S, len(run) + 1)]
    if not means:
        return
    power = statistics.fmean(mean**4 for mean in means) ** 0.25
    out["normalized_power_w"] = power
    ftp = recorded.period.ftp_w
    if ftp:
        out["intensity_factor"] = power / ftp
        seconds = sum(map(len, runs))
        out["training_stress_score"] = seconds * power * (power / ftp) / (ftp * 3600) * 100


def _heart(recorded: Recorded, out: Row) -> float | None:
    """TRIMP; returns the load by it."""
    period = recorded.period
    beats = recorded.recording.counted(v=recorded.recording.column("heartrate"))
    if not beats or period.trimp_per_min(100) is None:
        return None
    out["trimp"] = sum(i.seconds / 60 * (period.trimp_per_min(i.values["v"]) or 0) for i in beats)
    threshold = period.threshold_heartrate_bpm
    if threshold is None or threshold <= period.resting_heartrate_bpm:
        return None
    return float(100 * out["trimp"] / (60 * (period.trimp_per_min(threshold) or 0)))


def _efficiency(recorded: Recorded, out: Row) -> None:
    recording, heartrate = recorded.recording, recorded.recording.column("heartrate")
    # (seconds, grade-adjusted metres or watts a second, beats a minute)
    parts: list[tuple[float, float, float]] = []
    if recorded.group == "foot" and recorded.has_distance:
        for i in recording.moving(distance=recording.distance, grade=recorded.grades, heartrate=heartrate):
            metres = grade.adjusted_metres(i, recorded.gap_model)
            parts.append((i.seconds, metres / i.seconds, i.values["heartrate"]))
    elif recorded.has_power and recorded.is_power_covered:
        parts = [
            (i.seconds, i.values["watts"], i.values["heartrate"])
            for i in recording.moving(watts=recording.column("watts"), heartrate=heartrate)
        ]
    total = sum(seconds for seconds, _, _ in parts)
    if not total:
        return
    beats = sum(s * b for s, _, b in parts) / total
    if recorded.group == "foot":
        out["efficiency_factor"] = sum(s * v for s, v, _ in parts) / (total / 60) / beats
    elif out["normalized_power_w"] is not None:
        out["efficiency_factor"] = out["normalized_power_w"] / beats
    if total >= DECOUPLING_FROM_S:
        out["decoupling_pct"] = _decoupling_pct(parts, total / 2)


def _decoupling_pct(parts: list[tuple[float, float, float]], half_s: float) -> float | None:
    """How far the second half's value per beat is below the first's."""
    first, second = [0.0, 0.0], [0.0, 0.0]  # value and beats
    gone = 0.0
    for seconds, value, bpm in parts:
        before = min(max(half_s - gone, 0), seconds)
        for half, share in ((first, before), (second, seconds - before)):
            half[0] += share * value
            half[1] += share * bpm
        gone += seconds
    if not first[0]:
        return None
    return (1 - second[0] / second[1] / (first[0] / first[1])) * 100
