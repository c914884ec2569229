"""What the streams give beside what Strava's summary says."""

from tests.formulas.activity import Recorded, repaired_moving_time
from tests.formulas.grade import elevation_gain_m
from tests.formulas.recording import Interval
from tests.formulas.sports import Row


def agreement(row: Row, recorded: Recorded | None, metrics: Row) -> dict[str, Row]:
    """By measure that both have."""
    ours: dict[str, float | None] = {"relative_effort": metrics["training_load"]}
    if recorded:
        recording, steps = recorded.recording, metrics["average_cadence_spm"]
        watts = recording.counted(v=recording.column("watts")) if recorded.has_power else []
        ours |= {
            "weighted_power_w": metrics["normalized_power_w"],
            "average_power_w": _mean(watts),
            "average_heartrate_bpm": _mean(recording.counted(v=recording.column("heartrate"))),
            "average_cadence": None if steps is None else steps / 2,
            "distance_m": recording.total_m,
            "elevation_gain_m": elevation_gain_m(recording),
            "moving_time_s": sum(i.seconds for i in recording.moving()) if recording.kept() else None,
        }
    stravas = {
        "weighted_power_w": row.get("weighted_average_watts"),
        "average_power_w": row.get("average_watts"),
        "average_heartrate_bpm": row.get("average_heartrate"),
        "average_cadence": row.get("average_cadence"),
        "distance_m": row["distance"],
        "elevation_gain_m": row["total_elevation_gain"],
        "moving_time_s": repaired_moving_time(row),
        "relative_effort": row.get("suffer_score"),
    }
    out: dict[str, Row] = {}
    for measure, our in ours.items():
        their = stravas[measure]
        if our is not None and their is not None:
            out[measure] = {
                "ours": our,
                "stravas": their,
                "difference_pct": (our - their) / their * 100 if their else None,
            }
    return out


def _mean(intervals: list[Interval]) -> float | None:
    seconds = sum(i.seconds for i in intervals)
    return sum(i.values["v"] * i.seconds for i in intervals) / seconds if seconds else None
