"""Faults of real recordings, each a kind of its own, with the right values worked out by hand."""

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.dirty_streams import Streams

SETTINGS: dict[str, Any] = {
    "ftp_w": 250,
    "max_heartrate_bpm": 190,
    "resting_heartrate_bpm": 50,
    "threshold_heartrate_bpm": 170,
    "threshold_pace_s_per_km": 240,
    "sex": "M",
    "heartrate_zones_bpm": [114, 133, 152, 171],
}


@dataclass
class Case:
    """An activity, and what the marts say of it.

    `values` are by mart, rest of the key and column; `counts` are rows of a mart.
    """

    name: str
    sport: str
    streams: Streams | None
    summary: dict[str, Any]
    values: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def seconds(count: int) -> list[int]:
    return list(range(count))


def at_speed(count: int, m_per_s: float) -> list[float]:
    return [m_per_s * i for i in range(count)]


def sums(metres: float, time_s: int, **more: Any) -> dict[str, Any]:
    return {"distance": metres, "moving_time": time_s, "elapsed_time": time_s, **more}


def strap_that_slips() -> Case:
    beats = [0 if i % 180 >= 135 else 150 for i in range(3601)]
    return Case(
        "heart rate 0 in a quarter of the time",
        "Run",
        {"time": seconds(3601), "distance": at_speed(3601, 3.0), "heartrate": beats},
        sums(10_800.0, 3600),
        {
            ("time_in_zones", "heartrate", 1, "time_s"): 0,
            ("time_in_zones", "heartrate", 3, "time_s"): 3600,
            ("splits", 1, "average_heartrate_bpm"): 150,
            ("splits", 11, "average_heartrate_bpm"): 150,
            # Each gap of 46 s is run through, at 3 m/s.
            ("activities", "heartrate_coverage_pct"): 100,
        },
        {"splits": 11},
    )


def power_spike() -> Case:
    watts = [200] * 3601
    watts[1800] = 30_000
    return Case(
        "one sample of 30000 W",
        "Ride",
        {"time": seconds(3601), "distance": at_speed(3601, 8.0), "watts": watts},
        sums(28_800.0, 3600, device_watts=True),
        {
            ("power_curve", 5, "average_power_w"): 200,
            ("power_curve", 3600, "average_power_w"): 200,
            ("activities", "training_stress_score"): 64,
            ("activities", "training_load_source"): "power",
        },
    )


def run_and_car() -> Case:
    metres = [3.0 * min(t, 1800) + 11.0 * max(t - 1800, 0) for t in range(2281)]
    return Case(
        "home by car",
        "Run",
        {"time": seconds(2281), "distance": metres},
        sums(10_680.0, 2280),
        {
            ("best_efforts", 400.0, "elapsed_time_s"): 400 / 3,
            ("best_efforts", 5000.0, "elapsed_time_s"): 5000 / 3,
            ("best_efforts", 5000.0, "start_time_s"): 0,
            ("activities", "is_distance_consistent"): True,
        },
        # 400, 800, 1000, 1500 m, a mile, 3 km, two miles, 5 km
        {"best_efforts": 8},
    )


def both_legs() -> Case:
    return Case(
        "cadence of both legs",
        "Run",
        {"time": seconds(1801), "distance": at_speed(1801, 3.0), "cadence": [190, 192] * 900 + [190]},
        sums(5400.0, 1800),
        {
            ("activities", "average_cadence_spm"): 191,
            ("splits", 1, "average_cadence_spm"): pytest.approx(191, abs=0.01),
        },
    )


def position_that_jumps() -> Case:
    metres = [3.0 * i + (30_000 if i >= 1501 else 0) for i in range(3334)]
    return Case(
        "30 km in a second",
        "Run",
        {"time": seconds(3334), "distance": metres, "grade_smooth": [0.0] * 3334},
        sums(10_000.0, 3333),
        {
            # The step of the jump does not count: 3332 of 3 m, in 3333 s.
            ("activities", "gap_pace_s_per_km"): 3333 / 9.996,
            ("activities", "training_load"): 3333 / 3600 * (240 * 9.996 / 3333) ** 2 * 100,
            ("splits", 10, "distance_m"): 996,
        },
        {"splits": 10},
    )


def treadmill() -> Case:
    # TRIMP a minute: r = 100/140 at 150 bpm, 120/140 at threshold.
    now, hour = (r * 0.64 * math.exp(1.92 * r) for r in (100 / 140, 120 / 140))
    return Case(
        "a treadmill's own sum",
        "Run",
        {
            "time": seconds(3001),
            "distance": [round(8 / 3 * i, 1) for i in range(3001)],
            "grade_smooth": [0.0] * 3001,
            "velocity_smooth": [2.7] * 3001,
            "heartrate": [150] * 3001,
        },
        sums(10_000.0, 3000),
        {
            ("activities", "is_distance_consistent"): False,
            ("activities", "gap_pace_s_per_km"): None,
            ("activities", "gap_distance_m"): None,
            ("activities", "efficiency_factor"): None,
            ("activities", "decoupling_pct"): None,
            ("activities", "training_load_source"): "heartrate",
            ("activities", "training_load"): 100 * (50 * now) / (60 * hour),
            ("agreement", "distance_m", "ours"): 8000,
            ("agreement", "distance_m", "difference_pct"): -20,
        },
        {"splits": 0, "best_efforts": 0, "time_in_zones": 5},
    )


def wheel_sensor() -> Case:
    return Case(
        "a wheel of sixty metres",
        "Ride",
        {"time": seconds(3601), "distance": at_speed(3601, 240.0)},
        sums(28_800.0, 3600),
        {
            ("activities", "is_distance_consistent"): False,
            ("activities", "pace_s_per_km"): 125,
            ("activities", "training_load"): 50,
        },
        {"splits": 0, "best_efforts": 0},
    )


def distance_from_nought_again() -> Case:
    half = at_speed(1501, 3.0)
    return Case(
        "0 to 4.5 km, twice",
        "Run",
        {"time": seconds(3002), "distance": half + half, "grade_smooth": [0.0] * 3002},
        sums(9000.0, 3001),
        {
            ("activities", "gap_pace_s_per_km"): 3001 / 9,
            ("best_efforts", 3000.0, "elapsed_time_s"): 1000,
            # Over the second in which it began again.
            ("best_efforts", 5000.0, "elapsed_time_s"): 5000 / 3 + 1,
        },
        {"splits": 9, "best_efforts": 8},
    )


def moving_time(name: str, time_s: int) -> Case:
    return Case(
        name,
        "Ride",
        None,
        {"distance": 20_000.0, "elapsed_time": 3600, "moving_time": time_s},
        {
            ("activities", "moving_time_s"): 3600,
            ("activities", "pace_s_per_km"): 180,
            ("activities", "training_load"): 50,
            ("activities", "training_load_source"): "duration",
        },
    )


def strap_of_five_minutes() -> Case:
    return Case(
        "heart rate for the first five minutes",
        "Ride",
        {
            "time": seconds(10_801),
            "distance": at_speed(10_801, 8.0),
            "heartrate": [150] * 300 + [None] * 10_501,
        },
        sums(86_400.0, 10_800),
        {
            ("activities", "heartrate_coverage_pct"): 299 / 108,
            ("activities", "trimp"): None,
            ("activities", "training_load"): 150,
            ("activities", "training_load_source"): "duration",
            ("time_in_zones", "heartrate", 3, "time_s"): 299,
        },
    )


CASES = [
    strap_that_slips(),
    power_spike(),
    run_and_car(),
    both_legs(),
    position_that_jumps(),
    treadmill(),
    wheel_sensor(),
    distance_from_nought_again(),
    moving_time("46 days of moving in an hour", 4_000_000),
    moving_time("no moving time", 0),
    strap_of_five_minutes(),
]
