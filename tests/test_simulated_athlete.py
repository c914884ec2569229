"""The simulated athlete has something for each mart: loops and hills that come again, repeats, rides that tire."""

import datetime as dt
import itertools
import math
from typing import Any

import numpy as np
import pytest

from tests.simulated_strava import Activity, history, streams_of

Streams = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def year() -> list[Activity]:
    return history(seed=1, years=1, end=dt.date(2025, 11, 30))


def named(activities: list[Activity], name: str) -> list[Activity]:
    found = [a for a in activities if a.session and a.session.name == name]
    assert len(found) > 1, name
    return found


def recorded(activity: Activity) -> Streams:
    streams: dict[str, list[Any]] = streams_of(activity) or {}
    if "latlng" in streams:
        streams["latlng"] = [pair or [math.nan, math.nan] for pair in streams["latlng"]]
    return {name: np.asarray(values, dtype=float) for name, values in streams.items()}


def saws(activity: Activity) -> bool:
    return (activity.streams_seed or 0) % 8 == 3


@pytest.mark.parametrize("name", ["Harbour loop", "Hill loop", "Ridge loop"])
def test_a_loop_has_the_same_start_and_the_same_cells_each_time(year: list[Activity], name: str) -> None:
    tracks = [recorded(activity)["latlng"] for activity in named(year, name)]
    tracks = [track[~np.isnan(track[:, 0])] for track in tracks]
    cells = [{tuple(cell) for cell in np.floor(track / 1e-3).astype(int).tolist()} for track in tracks]
    for one, other in itertools.combinations(cells, 2):
        assert len(one & other) >= 0.75 * max(len(one), len(other))
    starts = np.array([track[0] for track in tracks]) * 111_000
    assert np.ptp(starts, axis=0).max() < 60


def test_a_hill_is_the_same_hill_each_time(year: list[Activity]) -> None:
    every_20_m = np.arange(0, 8100, 20)
    profiles = []
    for activity in named(year, "Hill loop"):
        streams = recorded(activity)
        if not saws(activity):
            profiles.append(np.interp(every_20_m, streams["distance"], streams["altitude"]))
    assert np.ptp(profiles, axis=0).max() < 5
    foot, top = every_20_m[[np.argmin(profiles[0][:200]), np.argmax(profiles[0])]]
    assert np.ptp(profiles[0]) > 80
    assert 0 < top - foot < 1800


def test_a_barometer_that_saws_does_so_by_a_metre(year: list[Activity]) -> None:
    flat = {saws(activity): recorded(activity)["altitude"] for activity in named(year, "Harbour loop")}
    assert set(flat) == {False, True}
    for is_saw, altitude in flat.items():
        assert (np.abs(np.diff(altitude)).max() > 1.5) == is_saw
        assert np.ptp(altitude) < 17


@pytest.mark.parametrize(
    ("name", "count", "work_m"), [("Intervals 6 x 800 m", 6, 800), ("Intervals 10 x 400 m", 10, 400)]
)
def test_repeats_are_seen_in_the_speed(year: list[Activity], name: str, count: int, work_m: int) -> None:
    for activity in named(year, name):
        streams = recorded(activity)
        speed = streams["velocity_smooth"]
        is_fast = speed > (np.quantile(speed, 0.1) + np.quantile(speed, 0.9)) / 2
        bounds = np.flatnonzero(np.diff(is_fast.astype(int)))
        pieces = np.diff(streams["distance"][bounds])
        work = pieces[::2][pieces[::2] > 150]
        assert len(work) == count
        assert np.abs(work - work_m).max() < 80  # samples lie up to 7 s apart
        assert speed[is_fast].mean() > 1.2 * speed[~is_fast].mean()


def test_a_long_ride_is_long_enough_to_tire(year: list[Activity]) -> None:
    for activity in named(year, "Long ride"):
        streams = recorded(activity)
        seconds, watts = np.minimum(np.diff(streams["time"]), 10), np.nan_to_num(streams["watts"][1:])
        assert (seconds * watts).sum() > 2_000_000
        hours = np.array_split(watts, 4)
        assert hours[-1].mean() < 0.95 * hours[0].mean()


def test_races_long_runs_and_workouts_are_marked(year: list[Activity]) -> None:
    kinds = {(a.summary["sport_type"], a.summary.get("workout_type")) for a in year}
    assert kinds >= {("Run", 1), ("Run", 2), ("Run", 3), ("Ride", 12), ("Run", 0), ("Ride", 10)}
    races = [a for a in year if a.summary.get("workout_type") == 1]
    assert 3 <= len(races) <= 5
    assert max(a.summary["moving_time"] for a in races) > 3 * 3600, "a marathon"
