"""The oracle (tests/formulas) held against values worked out by hand, and against the definition."""

import datetime as dt
import itertools
import random
from typing import Any

import numpy as np
import pytest

from tests.formulas import Strava, read_settings
from tests.formulas.efforts import fastest
from tests.formulas.fits import critical_power, critical_speed, months, predictions
from tests.formulas.grade import by_energy, by_heartrate, elevation_gain_m, factor
from tests.formulas.recording import Recording
from tests.formulas.samples import clean_distance, distance_in_line, time_in_line

N = None


@pytest.mark.parametrize(
    ("time", "in_line"),
    [
        ([0, 1, 90, 3, 4], [0, 1, N, 3, 4]),
        ([90, 1, 2], [N, 1, 2]),
        ([0, 1, N, 90, N, 3], [0, 1, N, N, N, 3]),
        ([0, 5, 6, 1, 7], [0, 5, 6, 1, 7]),  # 1 is not later than 5: it is passed over instead
        ([0, 1, 90], [0, 1, 90]),  # nothing undercuts the last
        ([0, 1, 3, 1, 4], [0, 1, 3, 1, 4]),
    ],
)
def test_a_time_out_of_line(time: list[Any], in_line: list[Any]) -> None:
    assert time_in_line(time) == in_line


@pytest.mark.parametrize(
    ("distance", "in_line"),
    [
        ([0.0, 3.0, 500.0, 6.0], [0.0, 3.0, N, 6.0]),
        ([500.0, 3.0, 6.0], [N, 3.0, 6.0]),
        ([0.0, 103.0, 3.0], [0.0, 103.0, 3.0]),  # 100 m is not more than 100 m
        ([300.0, 303.0, 5.0, 306.0], [300.0, 303.0, N, 306.0]),
        ([300.0, 303.0, 5.0, 8.0], [300.0, 303.0, 5.0, 8.0]),  # begins again
        ([0.0, 303.0, N, 0.5, N, 6.0], [0.0, N, N, 0.5, N, 6.0]),
        # Neighbours are those in raw: of these two each is out of the other's line.
        ([0.0, 303.0, 0.5, 306.0], [0.0, N, N, 306.0]),
    ],
)
def test_a_distance_out_of_line(distance: list[Any], in_line: list[Any]) -> None:
    assert distance_in_line(distance) == in_line


@pytest.mark.parametrize(
    ("time", "distance", "metres", "jumps"),
    [
        # Begins again after more than 200 m, at 10 m at most; twice, from the highest so far.
        (
            [0, 30, 90, 93, 141, 201, 204],
            [0.0, 100.0, 300.0, 8.0, 150.0, 300.0, 10.0],
            [0.0, 100.0, 300.0, 308.0, 450.0, 600.0, 610.0],
            set(),
        ),
        ([0, 30, 60, 61], [0.0, 100.0, 200.0, 8.0], [0.0, 100.0, 200.0, 200.0], set()),
        # A length of a pool: 25 m in one second, 20 s after the last growth.
        ([0, 10, 19, 20], [0.0, 0.0, 0.0, 25.0], [0.0, 12.5, 23.75, 25.0], set()),
        ([0, 1, 11, 20, 21], [0.0, 2.0, 2.0, 2.0, 27.0], [0.0, 2.0, 14.5, 25.75, 27.0], set()),
        # 61 s after the last growth: a jump.
        ([0, 30, 60, 61, 62], [0.0, 0.0, 0.0, 25.0, 26.0], [0.0, 0.0, 0.0, 0.0, 1.0], {3}),
        # Spread over all 5 s it is too fast still.
        ([0, 4, 5], [0.0, 0.0, 25.0], [0.0, 0.0, 0.0], {2}),
        # 4 m in a second is just what a swimmer may do.
        ([0, 1, 2], [0.0, 4.0, 8.0], [0.0, 4.0, 8.0], set()),
        # A sample that is not kept for time and distance has no distance, though the maximum knows it.
        ([0, 1, 1, N, 5], [0.0, 2.0, 3.0, 4.0, 1.0], [0.0, 2.0, N, N, 4.0], set()),
        ([N, 1, 2], [5.0, 7.0, 8.5], [N, 0.0, 1.5], set()),
        # Half a millimetre counts as a whole one (some devices count in sixteenths of a metre).
        ([0, 1, 2], [0.0, 2.0625, 4.1875], [0.0, 2.063, 4.188], set()),
    ],
)
def test_clean_distance(time: list[Any], distance: list[Any], metres: list[Any], jumps: set[int]) -> None:
    cleaned = clean_distance(time, distance, 4)
    assert cleaned.metres == pytest.approx(metres)
    assert cleaned.jumps == jumps


def test_pauses_and_coverage() -> None:
    streams: dict[str, list[Any]] = {
        "time": [0, 1, 11, 22, 33, 93, 154],
        "distance": [0.0, 2.0, 2.0, 7.5, 12.9, 42.9, 100.0],
        "heartrate": [100, 110, 20, 120, N, 130, N],
    }
    recording = Recording(streams, "foot")
    # 11 s with 5.5 m go on; with 5.4 m, or longer than 60 s, it is a pause.
    assert [i.is_pause for i in recording.intervals()] == [False, False, False, True, False, True]
    beats = recording.intervals(v=recording.column("heartrate"))
    assert [(i.seconds, i.is_pause) for i in beats] == [(1, False), (21, True), (71, True)]
    assert recording.coverage_pct("heartrate") == pytest.approx(100 / 82)
    assert recording.coverage_pct("watts") is None


def test_fastest_is_the_definition() -> None:
    """Of starts every tenth of a second none is faster."""
    rng = random.Random(3)
    for _ in range(60):
        times = np.cumsum([rng.choice([1, 1, 2, 5, 40]) for _ in range(60)]).astype(float)
        ways = np.cumsum([rng.choice([0, 0, 2.5, 3.1, 4.0]) for _ in range(60)])
        metres = rng.choice([5, 20.5, 60])
        found = fastest(times, ways, metres)
        assert (found is None) == (ways[-1] - ways[0] < metres - 1e-9)
        if found is None:
            continue
        elapsed, start = found
        reached = np.interp([start, start + elapsed], times, ways)
        assert reached[1] - reached[0] == pytest.approx(metres)
        for begin in np.arange(times[0], times[-1] - elapsed, 0.1):
            a, b = np.interp([begin, begin + elapsed - 0.001], times, ways)
            assert b - a < metres


def test_grade() -> None:
    assert [by_heartrate(g) for g in (-18, -9, 0)] == [pytest.approx(v) for v in (1, 0.88, 1)]
    assert by_energy(0) == 1
    assert factor("heartrate", 80) == factor("heartrate", 45)


def test_elevation_gain_is_of_the_mean_over_fifty_metres() -> None:
    """A step of 10 m within 1 m of distance is a ramp of 10 m; a spike of 5 m over 2 m hardly counts."""
    metres = [float(i) for i in range(201)]
    step: dict[str, list[Any]] = {
        "time": list(range(201)),
        "distance": metres,
        "altitude": [0.0] * 100 + [10.0] * 101,
    }
    assert elevation_gain_m(Recording(step, "foot")) == pytest.approx(10)
    spike: dict[str, list[Any]] = {**step, "altitude": [0.0] * 100 + [5.0] + [0.0] * 100}
    assert elevation_gain_m(Recording(spike, "foot")) == pytest.approx(5 / 50)


def test_periods() -> None:
    config = {
        "ftp_w": 200,
        "history": [
            {"from": dt.date(2026, 3, 1), "ftp_w": 250},
            {"from": dt.date(2025, 1, 1), "threshold_pace_s_per_km": "4:15"},
        ],
    }
    settings = read_settings(config, Strava(sex="F", ftp_w=300), 180.0)
    first, second, third = settings.periods
    assert (first.valid_from, first.valid_to) == (dt.date(1900, 1, 1), dt.date(2024, 12, 31))
    assert (third.valid_from, third.valid_to) == (dt.date(2026, 3, 1), None)
    assert [period.ftp_w for period in settings.periods] == [200, 200, 250]
    assert [period.threshold_pace_s_per_km for period in settings.periods] == [None, 255, 255]
    assert second.threshold_heartrate_bpm == 60 + 0.85 * 120
    assert (second.sources["ftp_w"], second.sources["sex"], second.sources["weight_kg"]) == (
        "config",
        "strava",
        None,
    )
    assert settings.on(dt.date(2026, 2, 28)) is second


def test_a_pace_zone_begins_at_its_share_of_the_threshold_speed_to_the_last_digit() -> None:
    [period] = read_settings({"threshold_pace_s_per_km": 240}, Strava(), None).periods
    assert period.zones["pace"][0][-1] == 4.625


def test_fits() -> None:
    line = critical_speed([(1000, 200.0), (1000, 190.0), (2000, 400.0), (3000, 610.0), (400, 60.0)])
    assert line
    assert line.count == 3
    assert line.slope == pytest.approx(2000 / 420)
    assert critical_speed([(1000, 200.0), (3000, 610.0)]) is None
    power = critical_power([(120, 300.0), (300, 270.0), (1200, 255.0), (60, 900.0)])
    assert power
    assert [power.slope, power.intercept] == pytest.approx([250, 6000])
    assert power.standard_error == pytest.approx(0, abs=1e-6)
    assert critical_power([(120, 200.0), (300, 210.0), (1200, 220.0)]) is None  # W' below 0
    windows = list(months(dt.date(2025, 11, 5), dt.date(2026, 1, 10)).items())
    assert windows[0] == (dt.date(2025, 11, 1), dt.date(2025, 11, 30))
    assert windows[-1] == (dt.date(2026, 1, 1), dt.date(2026, 1, 10))


def test_a_marathon_is_predicted_from_a_quarter_of_it() -> None:
    found = predictions([(10_000, 2400.0), (10_548.75, 2640.0)], 1.15)
    marathon = found[42195.0, "riegel"]
    assert marathon["effort_distance_m"] == 10_548.75
    assert marathon["predicted_time_s"] == pytest.approx(2640 * 2**1.06 * 2**1.15)
    assert (42195.0, "critical_speed") not in found
    assert all(earlier < later for earlier, later in itertools.pairwise(sorted(m for m, _ in found)))
