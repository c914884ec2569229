"""What original files lack: each rule against values worked by hand, and what must hold for any recording."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.archive import complete
from pipelines.archive.complete import Measures, Samples, climbed_m, samples, session_of
from pipelines.archive.recording import Recording, Session
from pipelines.tables import SAMPLE_TYPES

START = 1_700_000_000
NAN = math.nan
# A degree of a great circle: 6,371,008.8 m * pi / 180 = 111,195.0802 m, so this is 10 m northwards.
TEN_METRES_NORTH = 10 / 111_195.0802


def recording(time: Sequence[float], **channels: Sequence[float]) -> Recording:
    """Times are in seconds since START."""
    return Recording(
        START + np.array(time, np.float64),
        {name: np.array(values, np.float64) for name, values in channels.items()},
    )


def with_pauses(one: Recording, pauses: Sequence[tuple[float, float]]) -> Recording:
    return replace(one, pauses=[(START + start, START + end) for start, end in pauses])


def summary(one: Recording, session: Session | None) -> dict[str, Any]:
    return complete.summary(one, session, samples(one, session, Measures()))


def northwards(metres: Sequence[float]) -> dict[str, list[float]]:
    """Positions so many metres north of the first, on a meridian of the South Pacific."""
    return {"lat": [-40 + m / 10 * TEN_METRES_NORTH for m in metres], "lng": [-120.0] * len(metres)}


def of_csv(
    distance: float | None = None, moving: float | None = None, elapsed: float | None = None, start: float = 0
) -> Measures:
    return Measures(START + start, distance, moving, elapsed)


def column(found: Samples, name: str) -> list[float]:
    values: list[float] = found.columns[name].tolist()
    return values


# Distance


def test_a_recorded_distance_stays_as_it_is_though_positions_say_otherwise() -> None:
    one = recording([0, 1, 2], distance=[0, 3, NAN], **northwards([0, 10, 20]))
    assert column(samples(one, None, of_csv()), "distance") == pytest.approx([0, 3, NAN], nan_ok=True)


def test_distance_from_positions_is_the_great_circle_on_the_mean_radius() -> None:
    # A degree along the equator, then a degree up the meridian: 6,371,008.8 * pi / 180 each.
    found = samples(recording([0, 1, 2], lat=[0, 0, 1], lng=[1, 2, 2]), None, of_csv())
    assert column(found, "distance") == pytest.approx([0, 111_195.0802, 222_390.1603], abs=1e-3)
    assert "distance from positions" in found.repairs


def test_a_degree_of_longitude_is_half_as_long_at_60_degrees() -> None:
    # sin(d/2) = cos 60 deg * sin(0.5 deg): d = 2 asin(0.004363268) = 0.00872656 rad, * R = 55,597.0 m.
    found = samples(recording([0, 1], lat=[60, 60], lng=[179.5, -179.5]), None, of_csv())
    assert column(found, "distance")[1] == pytest.approx(55_597.0, abs=0.5)


def test_a_sample_without_a_position_has_the_distance_so_far_and_its_step_counts_once_at_the_next() -> None:
    positions = northwards([0, 10, 20, 40])
    positions["lat"][2] = NAN
    assert column(samples(recording([0, 1, 2, 3], **positions), None, of_csv()), "distance") == pytest.approx(
        [0, 10, 10, 40], abs=1e-5
    )


def test_nothing_recorded_and_no_positions_is_no_distance() -> None:
    found = samples(recording([0, 1], heartrate=[100, 101]), None, of_csv(distance=5000))
    assert set(found.columns) == {"time", "moving", "heartrate"}


@pytest.mark.parametrize(
    ("summary_m", "expected"), [(20.0, [0, 10, 20]), (None, [0, 10, 20]), (0.0, [0, 0, 0])]
)
def test_a_counter_that_stood_at_0_though_the_athlete_went_has_recorded_nothing(
    summary_m: float | None, expected: list[float]
) -> None:
    one = recording([0, 1, 2], distance=[0, 0, 0], **northwards([0, 10, 20]))
    assert column(samples(one, None, of_csv(summary_m)), "distance") == pytest.approx(expected, abs=1e-5)


def test_a_recorded_distance_is_held_where_it_falls_and_goes_on_where_the_counter_began_anew() -> None:
    # 30 falls to 29.5: held at 30 until it is there again. 40 falls to 2, below half: begun anew, 40 + 2, 40 + 5.
    one = recording(range(7), distance=[10, 30, 29.5, NAN, 40, 2, 5])
    found = samples(one, None, of_csv())
    assert column(found, "distance") == pytest.approx([10, 30, 30, NAN, 40, 42, 45], nan_ok=True)
    assert "recorded distance kept from falling" in found.repairs


def test_a_distance_below_0_is_none() -> None:
    found = samples(recording([0, 1, 2], distance=[-5, 3, 6]), None, of_csv())
    assert column(found, "distance") == pytest.approx([NAN, 3, 6], nan_ok=True)


def test_the_steps_over_gaps_count_where_the_summary_has_them() -> None:
    one = recording([0, 1, 2, 100, 101], **northwards([0, 10, 20, 520, 530]))
    assert column(samples(one, None, of_csv(530)), "distance")[-1] == pytest.approx(530, abs=1e-5)


def test_the_steps_over_the_longest_gaps_are_left_out_where_that_meets_the_summary() -> None:
    # Gaps of 98 s (500 m), 20 s (40 m) and 30 s (60 m). All: 650 m. Without the longest: 150; the next: 90.
    time, metres = [0, 1, 2, 100, 101, 121, 151, 152], [0, 10, 20, 520, 530, 570, 630, 650]
    one = recording(time, **northwards(metres))
    found = samples(one, None, of_csv(150.9))
    assert column(found, "distance") == pytest.approx([0, 10, 20, 20, 30, 70, 130, 150], abs=1e-4)
    assert "no distance over the longest gap in the recording" in found.repairs
    found = samples(one, None, of_csv(90))
    assert column(found, "distance") == pytest.approx([0, 10, 20, 20, 30, 70, 70, 90], abs=1e-4)
    assert "no distance over the 2 longest gaps in the recording" in found.repairs


@pytest.mark.parametrize("summary_m", [200.0, 644.0, None])
def test_no_step_is_left_out_where_that_does_not_meet_the_summary_or_the_sum_is_near_enough(
    summary_m: float | None,
) -> None:
    # 650 m is at most 1 % above 644 m (650.44); 200 m is met by no choice of longest gaps.
    time, metres = [0, 1, 2, 100, 101, 121, 151, 152], [0, 10, 20, 520, 530, 570, 630, 650]
    found = samples(recording(time, **northwards(metres)), None, of_csv(summary_m))
    assert column(found, "distance")[-1] == pytest.approx(650, abs=1e-4)


def test_no_step_is_left_out_that_is_no_gap_or_while_the_sum_is_within_one_per_cent() -> None:
    steady = recording([0, 10, 20], **northwards([0, 100, 150]))
    assert column(samples(steady, None, of_csv(50)), "distance")[-1] == pytest.approx(150, abs=1e-4)
    near = recording([0, 1, 100], **northwards([0, 640, 643]))
    assert column(samples(near, None, of_csv(640)), "distance")[-1] == pytest.approx(643, abs=1e-4)


def test_a_recorded_distance_keeps_its_steps_over_gaps() -> None:
    one = recording([0, 1, 100], distance=[0, 10, 510])
    assert column(samples(one, None, of_csv(10)), "distance") == [0, 10, 510]


# Crop


def cropped(found: Samples) -> bool:
    return "cropped to the window that Strava's summary describes" in found.repairs


def test_a_longer_file_is_cropped_to_the_window_from_the_summarys_start() -> None:
    # 3 m/s throughout: 60 s from second 20 on are 180 m, as every window of 60 s; the summary's start decides.
    one = recording(range(101), distance=[3.0 * i for i in range(101)], heartrate=range(100, 201))
    found = samples(one, None, of_csv(181, elapsed=60, start=20))
    assert cropped(found)
    assert column(found, "time") == list(range(61))
    assert column(found, "distance") == pytest.approx([3.0 * i for i in range(61)])
    assert column(found, "heartrate") == list(range(120, 181))


def test_a_window_elsewhere_is_found_by_its_distance() -> None:
    # 1 m/s, but 5 m/s from second 50 to 70: only the window of 20 s from there has 100 m.
    metres = np.cumsum([0] + [1] * 50 + [5] * 20 + [1] * 30).tolist()
    found = samples(recording(range(101), distance=metres), None, of_csv(100, elapsed=20, start=0))
    assert cropped(found)
    assert column(found, "time") == list(range(50, 71))
    assert column(found, "distance")[0] == 0
    assert column(found, "distance")[-1] == 100


def test_of_several_windows_the_one_nearest_in_distance_is_taken() -> None:
    # The 20 s from second 10 on have 100.6 m, those from 50 on 100 m: both are within 1 % of 100 m.
    metres = np.cumsum([0] + [1] * 10 + [5.03] * 20 + [1] * 20 + [5] * 20 + [1] * 30).tolist()
    found = samples(recording(range(101), distance=metres), None, of_csv(100, elapsed=20, start=0))
    assert column(found, "time") == list(range(50, 71))


def test_a_file_longer_than_the_summary_without_a_window_of_its_distance_stays_whole_and_says_so() -> None:
    found = samples(recording(range(101), distance=range(101)), None, of_csv(62, elapsed=60))
    assert len(found.columns["time"]) == 101
    assert found.repairs[0] == "lasts longer than Strava's summary says and no window of it fits: kept whole"


def test_a_window_may_be_two_seconds_longer_or_shorter_but_not_three() -> None:
    one = recording([0, 10, 20, 30, 40, 50], distance=[0, 30, 60, 90, 120, 150])
    for elapsed, count in ((18, 3), (22, 3), (17, 6), (23, 6)):
        found = samples(one, None, of_csv(60, elapsed=elapsed))
        assert (len(found.columns["time"]), cropped(found)) == (count, count == 3)


@pytest.mark.parametrize("elapsed", [None, 0, 98, 100, 5000, NAN])
def test_a_file_that_lasts_no_longer_than_the_summary_is_not_cropped_whatever_its_distance(
    elapsed: float | None,
) -> None:
    found = samples(recording(range(101), distance=range(101)), None, of_csv(50, elapsed=elapsed))
    assert len(found.columns["time"]) == 101
    assert not any("window" in repair for repair in found.repairs)


def test_without_any_distance_only_the_summarys_start_can_tell_the_window() -> None:
    indoors = recording(range(101), heartrate=range(100, 201))
    found = samples(indoors, None, of_csv(0, elapsed=60, start=20))
    assert cropped(found)
    assert column(found, "heartrate") == list(range(120, 181))
    assert len(samples(indoors, None, of_csv(0, elapsed=60, start=-500)).columns["time"]) == 101
    assert len(samples(indoors, None, of_csv(900, elapsed=60, start=20)).columns["time"]) == 101


# Time


def test_time_counts_from_the_summarys_start_in_whole_seconds() -> None:
    assert column(samples(recording([5.9, 6.2, 8]), None, of_csv(start=0.9)), "time") == [5, 6, 8]
    assert column(samples(recording([0, 1]), None, of_csv(start=-86_400)), "time") == [86_400, 86_401]


@pytest.mark.parametrize("start", [3.0, -90_000.0, 1e9])
def test_time_counts_from_the_first_sample_where_the_start_lies_after_it_or_more_than_a_day_before(
    start: float,
) -> None:
    found = samples(recording([0, 1]), None, of_csv(start=start))
    assert (column(found, "time"), found.start) == ([0, 1], START)


def test_samples_are_sorted_by_time() -> None:
    found = samples(recording([2, 0, 1], heartrate=[102, 100, 101]), None, of_csv())
    assert (column(found, "time"), column(found, "heartrate")) == ([0, 1, 2], [100, 101, 102])


def test_of_the_samples_of_one_second_each_channel_keeps_its_first_value() -> None:
    one = recording(
        [0, 1, 1.2, 1.4, 2], heartrate=[100, NAN, 101, 109, 102], **northwards([0, 10, 12, 14, 20])
    )
    found = samples(one, None, of_csv())
    assert column(found, "time") == [0, 1, 2]
    assert column(found, "heartrate") == [100, 101, 102]
    assert column(found, "distance") == pytest.approx([0, 10, 20], abs=1e-5)
    assert found.repairs[0] == "samples merged into another of the same second: 2"


def test_a_time_before_the_first_and_after_the_last_of_fit_is_no_sample() -> None:
    found = samples(recording([0, -START, 1, 1e12]), None, of_csv())
    assert column(found, "time") == [0, 1]


def test_a_recording_without_samples_has_none() -> None:
    found = samples(recording([]), None, of_csv(1000, 60, 60))
    assert {name: len(values) for name, values in found.columns.items()} == {"time": 0, "moving": 0}
    assert summary(recording([]), None)["start_date"] is None


# Positions and other channels


@pytest.mark.parametrize(
    ("lat", "lng"), [(0, 0), (90.1, 5), (-91, 5), (5, 180.1), (180, 180), (NAN, 5), (5, NAN)]
)
def test_what_cannot_be_a_position_is_none(lat: float, lng: float) -> None:
    found = samples(recording([0, 1, 2], lat=[50, lat, 50], lng=[8, lng, 8]), None, of_csv())
    assert column(found, "lat") == pytest.approx([50, NAN, 50], nan_ok=True)
    assert column(found, "lng") == pytest.approx([8, NAN, 8], nan_ok=True)
    assert column(found, "distance") == [0, 0, 0]


def test_the_equator_and_the_meridian_of_greenwich_are_positions() -> None:
    found = samples(recording([0, 1], lat=[0, 51.5], lng=[9.5, 0]), None, of_csv())
    assert (column(found, "lat"), column(found, "lng")) == ([0, 51.5], [9.5, 0])


def test_whole_numbers_are_rounded_and_other_channels_are_not() -> None:
    found = samples(
        recording(
            [0, 1],
            heartrate=[99.6, 1e12],
            cadence=[85.4, NAN],
            watts=[200.7, 0],
            temp=[-1.6, 3],
            altitude=[1.25, 2],
        ),
        None,
        of_csv(),
    )
    assert column(found, "heartrate") == pytest.approx([100, NAN], nan_ok=True)
    assert column(found, "cadence") == pytest.approx([85, NAN], nan_ok=True)
    assert (column(found, "watts"), column(found, "temp"), column(found, "altitude")) == (
        [201, 0],
        [-2, 3],
        [1.25, 2],
    )


def test_a_channel_without_any_value_is_no_column() -> None:
    one = recording([0, 1], lat=[0, 0], lng=[0, 0], watts=[NAN, NAN], distance=[NAN, NAN], speed=[NAN, NAN])
    assert set(samples(one, None, of_csv()).columns) == {"time", "moving"}


# Speed


def test_a_recorded_speed_stays_and_is_worked_out_only_where_it_is_missing() -> None:
    # At second 2: (40 - 0) m / 4 s.
    one = recording(range(5), speed=[1, 2, NAN, 4, 5], distance=[0, 10, 20, 30, 40])
    assert column(samples(one, None, of_csv()), "velocity_smooth") == [1, 2, 10, 4, 5]


def test_speed_from_distance_is_over_two_samples_to_either_side_within_ten_seconds() -> None:
    # Seconds 0, 1, 3, 13, 24; metres 0, 2, 8, 28, 61. Second 0: 8/3. 1: 8/3 (13 is 12 s away). 3: (28-0)/13.
    # 13: (28-8)/10, as 24 is 11 s away. 24: nothing within 10 s.
    one = recording([0, 1, 3, 13, 24], distance=[0, 2, 8, 28, 61])
    assert column(samples(one, None, of_csv()), "velocity_smooth") == pytest.approx(
        [8 / 3, 8 / 3, 28 / 13, 2, NAN], nan_ok=True
    )


def test_a_speed_that_stood_at_0_though_the_distance_grew_was_not_recorded() -> None:
    one = recording([0, 1, 2], speed=[0, 0, 0], distance=[0, 3, 6])
    assert column(samples(one, None, of_csv()), "velocity_smooth") == [3, 3, 3]


def test_a_speed_of_0_while_the_distance_grows_at_more_than_a_walk_was_not_recorded() -> None:
    # A watch that has just been started again shows 0 for a minute, here after 2 s at rest.
    one = recording(range(8), speed=[0, 0, 0, 0, 0, 0, 5, 5], distance=[0, 0, 0, 5, 10, 15, 20, 25])
    found = samples(one, None, of_csv())
    assert column(found, "velocity_smooth") == pytest.approx([0, 0, 0, 3.75, 5, 5, 5, 5])
    assert column(found, "moving") == [False] * 3 + [True] * 5


def test_a_speed_of_0_stays_at_a_walk_and_over_samples_without_a_distance() -> None:
    one = recording(range(6), speed=[0, 0, 0, 0, 0, 3], distance=[0, 1.2, 2.4, NAN, 9.6, 12.6])
    assert column(samples(one, None, of_csv()), "velocity_smooth") == [0, 0, 0, 0, 0, 3]


# Moving


def test_moving_is_faster_than_the_speed_that_comes_nearest_to_the_summarys_moving_time() -> None:
    # Of 7 intervals of 1 s: above 0: 6 (all but the 0), 0.3: 5, 0.5: 4, 0.8: 3, 1.0: 2, 1.2: 1.
    one = recording(range(8), speed=[9, 0, 0.2, 0.4, 0.6, 0.9, 1.1, 5])
    for moving_s, limit, count in (
        (7, 0, 6),
        (6, 0, 6),
        (5, 0.3, 5),
        (4.2, 0.5, 4),
        (3, 0.8, 3),
        (2, 1, 2),
        (0.5, 1.2, 1),
    ):
        found = samples(one, None, of_csv(moving=moving_s))
        assert sum(column(found, "moving")[1:]) == count
        assert found.repairs == (f"moving above {limit:g} m/s",)


@pytest.mark.parametrize("moving_s", [None, 0])
def test_without_a_moving_time_it_is_faster_than_0_3_metres_a_second(moving_s: float | None) -> None:
    found = samples(recording(range(4), speed=[0, 0.3, 0.31, 0.2]), None, of_csv(moving=moving_s))
    assert column(found, "moving") == [False, False, True, False]
    assert found.repairs == ("moving above 0.3 m/s, as no moving time is known",)


def test_nobody_moves_while_the_timer_stands_still() -> None:
    # The pause covers the interval 1-2 by a half, 2-3 whole, 3-4 by 0.6 s.
    one = with_pauses(recording(range(6), speed=[5] * 6), [(1.5, 3.1), (3.0, 3.6), (9, 9), (8, 7), (NAN, 3)])
    assert column(samples(one, None, of_csv()), "moving") == [True, True, True, False, False, True]


def test_a_pause_within_another_ends_neither() -> None:
    one = with_pauses(recording(range(7), speed=[5] * 7), [(1, 5), (2, 3)])
    assert column(samples(one, None, of_csv()), "moving") == [True, True, False, False, False, False, True]


def test_an_unknown_speed_is_moving() -> None:
    found = samples(recording(range(4), speed=[1, NAN, 0, -2]), None, of_csv())
    assert column(found, "moving") == [True, True, False, True]
    assert column(found, "velocity_smooth") == pytest.approx([1, NAN, 0, NAN], nan_ok=True)


def test_a_gap_of_more_than_ten_seconds_is_moving_from_half_a_metre_a_second_on() -> None:
    # 10 s and 1 m: no gap, the sample's own speed counts. 11 s and 5.4 m: a pause. 11 s and 5.6 m: moving.
    one = recording([0, 10, 21, 32], speed=[5, 5, 5, 0.1], distance=[0, 1, 6.4, 12])
    assert column(samples(one, None, of_csv()), "moving") == [True, True, False, True]


@pytest.mark.parametrize(
    "channels", [{}, {"speed": [0, 0, 0]}, {"distance": [0, 0, 0]}, {"heartrate": [90, 91, 92]}]
)
def test_where_nothing_tells_a_speed_the_athlete_moves_while_the_timer_runs(
    channels: dict[str, list[float]],
) -> None:
    one = with_pauses(recording([0, 5, 60], **channels), [(5, 60)])
    found = samples(one, None, of_csv(moving=5))
    assert column(found, "moving") == [True, True, False]
    assert not found.repairs


def test_a_single_sample_is_whole() -> None:
    found = samples(recording([0], lat=[50], lng=[8], speed=[2]), None, of_csv(0, 1, 1))
    assert column(found, "moving") == [True]
    assert column(found, "distance") == [0]


# Sessions


def legs() -> Recording:
    one = recording(
        [0, 1, 2, 10, 11, 12],
        distance=[0, 500, 1000, 1000, 1004, 1008],
        heartrate=[100, 101, 102, 110, 111, 112],
    )
    return replace(one, sessions=[Session(START + 10.0), Session(START - 1.0)])


def test_an_activity_is_the_leg_whose_start_is_nearest() -> None:
    assert session_of(legs(), START + 5) == Session(START + 10.0)
    assert session_of(legs(), START + 4) == Session(START - 1.0)
    assert session_of(legs(), None) == Session(START + 10.0)
    assert session_of(recording([0]), START) is None


def test_a_leg_has_its_own_samples_and_a_distance_of_its_own() -> None:
    first, second = (samples(legs(), session_of(legs(), START + at), of_csv(start=at)) for at in (0, 10))
    assert (column(first, "heartrate"), column(first, "distance")) == ([100, 101, 102], [0, 500, 1000])
    assert (column(second, "heartrate"), column(second, "distance")) == ([110, 111, 112], [0, 4, 8])
    assert column(second, "time") == [0, 1, 2]


def test_of_a_single_session_all_samples_count() -> None:
    one = recording([0, 1, 2])
    alone = replace(one, sessions=[Session(START + 1.0)])
    assert column(samples(alone, alone.sessions[0], of_csv()), "time") == [0, 1, 2]


# Loose files


def test_the_summary_of_a_loose_file_is_the_sessions_own() -> None:
    session = Session(
        START - 5.0, 100.0, 90.0, 300.0, 7.0, 12.0, 130.0, 150.0, 80.0, 210.0, 400.0, 21.5, 9.0, sport="Biking", name="Ride"
    )  # fmt: skip
    one = recording([0, 1, 2], speed=[1, 2, 3], heartrate=[90, 91, 92])
    found = summary(replace(one, sessions=[session], device_name="Edge"), session)
    expected = {
        "name": "Ride", "start_date": dt.datetime.fromtimestamp(START - 5, dt.UTC), "elapsed_time": 100,
        "moving_time": 90, "distance": 300, "total_elevation_gain": 7, "calories": 12, "average_heartrate": 130,
        "max_heartrate": 150, "average_cadence": 80, "average_watts": 210, "max_watts": 400, "average_temp": 21.5,
        "max_speed": 9, "average_speed": 300 / 90, "device_watts": True, "has_heartrate": True,
        "device_name": "Edge", "start_latlng": None, "end_latlng": None, "elev_high": None, "elev_low": None,
    }  # fmt: skip
    assert found == expected


def test_the_summary_of_a_loose_file_is_worked_out_where_it_says_nothing() -> None:
    # 10 m in each of 2 s, then a stop of 20 s: 22 s, of which 2 moving.
    one = recording(
        [0, 1, 2, 22],
        **northwards([0, 10, 20, 20]),
        altitude=[100, 106, 106, 99],
        heartrate=[100, 110, 120, NAN],
    )
    found = summary(one, None)
    assert found["start_date"] == dt.datetime.fromtimestamp(START, dt.UTC)
    assert (found["elapsed_time"], found["moving_time"]) == (22, 2)
    assert found["distance"] == pytest.approx(20, abs=1e-5)
    assert found["average_speed"] == pytest.approx(10, abs=1e-5)
    assert (found["total_elevation_gain"], found["elev_high"], found["elev_low"]) == (6, 106, 99)
    assert (found["average_heartrate"], found["max_heartrate"], found["average_watts"]) == (110, 120, None)
    assert found["start_latlng"] == [-40, -120]
    assert found["end_latlng"] == pytest.approx([-40 + 2 * TEN_METRES_NORTH, -120])


def test_the_moving_time_of_a_loose_file_is_not_longer_than_its_elapsed_time() -> None:
    session = Session(START, elapsed_s=10, timer_s=11)
    assert summary(recording([0, 10]), session)["moving_time"] == 10


@pytest.mark.parametrize(
    ("altitude", "climbed"),
    [
        ([100, 104.9], 0),
        ([100, 105], 5),
        ([100, 103, 101, 106], 6),  # the dip of 2 m does not end the climb
        ([100, 106, 101, 107], 12),  # the descent of 5 m does
        ([100, 90, 96, 95, 97], 7),
        ([100, 103, 97, 101, 96, 100], 0),
        ([NAN, 100, NAN, 110], 10),
    ],
)
def test_a_climb_counts_from_five_metres_on(altitude: list[float], climbed: float) -> None:
    assert climbed_m(np.array(altitude, np.float64)) == climbed


# Whatever the recording


values = st.one_of(st.floats(-200, 2000), st.just(NAN), st.sampled_from([0.0, 1e300, math.inf, -math.inf]))
unknown_or = st.one_of(st.none(), st.floats(0, 400))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    count = draw(st.integers(0, 25))

    def column_of(elements: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(elements, min_size=count, max_size=count))

    names = draw(st.sets(st.sampled_from(["lat", "lng", "distance", "altitude", "speed", "watts"])))
    bounds = draw(st.lists(st.tuples(st.floats(-10, 300), st.floats(-10, 300)), max_size=3))
    one = recording(column_of(st.floats(0, 300)), **{name: column_of(values) for name in sorted(names)})
    starts = draw(st.lists(st.floats(-10, 300), max_size=3))
    return with_pauses(replace(one, sessions=[Session(START + start) for start in starts]), bounds)


@given(recordings(), unknown_or, unknown_or, unknown_or, st.floats(-10, 300))
def test_any_recording_gives_columns_of_streams_in_which_time_rises_and_distance_never_falls(
    one: Recording, distance: float | None, moving: float | None, elapsed: float | None, start: float
) -> None:
    measures = of_csv(distance, moving, elapsed, start)
    found = samples(one, session_of(one, measures.start), measures)
    count = len(found.columns["time"])
    assert {len(values) for values in found.columns.values()} == {count}
    assert found.columns.keys() <= SAMPLE_TYPES.keys() - {"grade_smooth"}
    assert (np.diff(found.columns["time"]) > 0).all()
    assert (found.columns["time"] >= 0).all()
    for name, values in found.columns.items():
        assert not np.isinf(values).any(), name
    metres = found.columns.get("distance", np.zeros(0))
    assert (np.diff(metres[~np.isnan(metres)]) >= 0).all()
    summary(one, session_of(one, measures.start))


@given(st.lists(st.integers(1, 9), min_size=5, max_size=40), st.data())
def test_a_crop_keeps_no_sample_outside_the_window_that_was_cut_out(
    steps: list[int], data: st.DataObject
) -> None:
    # A file whose owner has cropped it to the samples first..last: the summary says so, the file does not.
    first = data.draw(st.integers(0, len(steps) - 2))
    last = data.draw(st.integers(first + 1, len(steps)))
    time = np.concatenate([[0], np.cumsum(steps)])
    metres = 3.0 * time + np.arange(len(time)) ** 2
    cut = of_csv(
        metres[last] - metres[first], elapsed=float(time[last] - time[first]), start=float(time[first])
    )
    found = samples(recording(time.tolist(), distance=metres.tolist()), None, cut)
    if time[-1] - (time[last] - time[first]) > 2:
        assert column(found, "time") == (time[first : last + 1] - time[first]).tolist()
        assert column(found, "distance") == pytest.approx((metres[first : last + 1] - metres[first]).tolist())
    else:
        assert len(found.columns["time"]) == len(time)
