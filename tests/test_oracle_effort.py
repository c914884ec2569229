"""Climbs, intervals, durability and months of the oracle (tests/formulas), held against values by hand."""

import datetime as dt
import itertools
from typing import Any

import pytest

from tests.formulas import Athlete
from tests.formulas.climbs import Point, ascents, category, steepest_pct
from tests.formulas.counting import monthly_volume
from tests.formulas.durability import best_after
from tests.formulas.intervals import Piece, found_pieces, merged, pieces_of, smoothed, threshold_of
from tests.formulas.recording import Recording
from tests.formulas.seconds import runs

NOW = dt.datetime(2026, 5, 1, 20, tzinfo=dt.UTC)


def athlete(sport: str, streams: dict[str, list[Any]], metres: float, **changes: Any) -> Athlete:
    row = {
        "id": 1,
        "sport_type": sport,
        "start_date": "2026-05-01T08:00:00Z",
        "start_date_local": "2026-05-01T10:00:00Z",
        "distance": metres,
        "moving_time": 600,
        "elapsed_time": 600,
        "total_elevation_gain": 0,
        "device_watts": True,
        **changes,
    }
    return Athlete([row], {1: streams}, NOW)


# ---- climbs


@pytest.mark.parametrize(
    ("altitudes", "found"),
    [
        ([], []),
        ([5.0], [(0, 0)]),
        ([0.0, 20.0, 10.0, 40.0], [(0, 3)]),  # a fall of 10 m
        ([0.0, 20.0, 9.999, 40.0], [(0, 1), (2, 3)]),
        ([0.0, 100.0, 80.0, 120.0], [(0, 3)]),  # 20 m are a fifth of 100 m
        ([0.0, 100.0, 79.999, 120.0], [(0, 1), (2, 3)]),
        # The fall is from the high, not from the last point: 6 m and 6 m.
        ([0.0, 40.0, 34.0, 28.0, 50.0], [(0, 1), (3, 4)]),
        ([7.0, 5.0, 5.0, 50.0, 50.0, 49.0], [(2, 3)]),  # of equal lows the last, of equal highs the first
        ([0.0, 8.0, -1.0, 30.0], [(2, 3)]),  # below the low without a large fall
        ([30.0, 0.0, 30.0], [(0, 0), (1, 2)]),
        ([30.0, 25.0, 20.5, 16.0, 30.0], [(3, 4)]),  # down by small steps: the low goes along
    ],
)
def test_from_low_to_high(altitudes: list[float], found: list[tuple[int, int]]) -> None:
    points = [Point(100.0 * i, altitude) for i, altitude in enumerate(altitudes)]
    assert ascents(points) == found


def test_steepest_hundred_metres() -> None:
    points = [Point(0.0, 0), Point(50.0, 2), Point(150.0, 12), Point(200.0, 13)]
    assert steepest_pct(points) == pytest.approx(10)
    # Its end is a point, its start is not: from 30 m (0 m) to 130 m (9 m).
    assert steepest_pct([Point(0.0, 0), Point(40.0, 0), Point(130.0, 9)]) == pytest.approx(9)
    assert steepest_pct([Point(0.0, 0), Point(99.9, 9)]) is None


def test_categories() -> None:
    """Length times gradient in per cent is a hundred times the gain."""
    gains = [79.9, 80.1, 160.1, 320.1, 640.1, 800.1]
    assert [category(gain, 2000) for gain in gains] == [None, "4", "3", "2", "1", "HC"]


def ramp(rise_m: float) -> dict[str, list[Any]]:
    """Flat to 500 m, up to 1000 m, flat to 1500 m by 5 m in 2 s; 9 s of standing at 475 m."""
    metres = [5.0 * i for i in range(301)]
    metres.insert(96, 475.0)
    times = [2 * i if i < 96 else 2 * i + 7 for i in range(302)]
    altitude = [100 + rise_m * min(max(metre - 500, 0), 500) / 500 for metre in metres]
    beats = [100 if metre <= 475 else 150 if metre <= 1025 else 200 for metre in metres]
    return {"time": times, "distance": metres, "altitude": altitude, "heartrate": beats}


def test_a_climb() -> None:
    """The mean over 50 m is 100 m up to 475 m and the full height from 1025 m on."""
    [climb] = athlete("Run", ramp(30), 1500).climbs().values()
    assert climb == pytest.approx(
        {
            "start_distance_m": 475.0,
            "distance_m": 550.0,
            "elevation_gain_m": 30.0,
            "gradient_pct": 30 / 5.5,
            "max_gradient_100m_pct": 6.0,
            "elapsed_time_s": 220.0,
            "vam_m_per_h": 30 / 220 * 3600,
            "pace_s_per_km": 400.0,
            "average_heartrate_bpm": 150.0,
            "average_power_w": None,
            "climb_category": None,
        }
    )
    assert athlete("Run", ramp(29.99), 1500).climbs() == {}
    assert athlete("Ride", ramp(30), 1500).climbs() == {}
    assert athlete("Swim", ramp(60), 1500).climbs() == {}
    assert athlete("Run", ramp(30), 1700).climbs() == {}  # stream and summary disagree
    assert len(athlete("Ride", ramp(50), 1500).climbs()) == 1
    slow = ramp(50)
    slow["distance"] = [4 * metre for metre in slow["distance"]]  # 50 m in 2050 m: 2.4 %
    assert athlete("Ride", slow, 6000).climbs() == {}


# ---- intervals


def test_runs_of_seconds() -> None:
    streams: dict[str, list[Any]] = {"time": [3, 5, 16, 17], "heartrate": [90, 91, 92, 93]}
    counted = Recording(streams, "foot").counted(v=streams["heartrate"])
    assert runs(counted, [its.values["v"] for its in counted]) == [(4, [91, 91]), (17, [93])]


def test_mean_of_fifteen_seconds() -> None:
    assert smoothed([0.0] * 8 + [15.0]) == [0.0, *[pytest.approx(15 / n) for n in (9, 9, 9, 9, 9, 9, 9, 8)]]
    assert smoothed([float(i) for i in range(20)])[7:13] == [7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("values", "threshold"),
    [
        ([], None),
        ([3, 3, 3], None),
        ([5, 1, 1, 5, 1], 1),
        ([0, 1, 2], 0),  # 2 * 1 * 1.5**2 both ways
        ([10, 10, 11, 11], None),  # 1 is less than 15 % of 10.5
        ([100, 116.3], 100),  # 16.3 is more than 15 % of 108.15 = 16.22
        ([100, 116.1], None),  # 16.1 is less than 15 % of 108.05 = 16.21
        # Up to 1: 1 * 4 * 6**2 = 144; up to 6: 2 * 3 * 4.5**2 = 121.5; up to 7: 3 * 2 * 10/3**2; up to 8: 4 * 1.
        ([1, 6, 7, 8, 7], 1),
    ],
)
def test_threshold(values: list[float], threshold: float | None) -> None:
    assert threshold_of(values) == threshold


@pytest.mark.parametrize(
    ("seconds", "after"),
    [
        # Seconds of work (above 0) and rest in turn.
        ([25, -20, 30], [25, -20, 30]),
        ([25, -19, 30], [74]),
        ([5], [5]),
        ([5, -30], [-35]),  # one neighbour
        ([-30, 5], [-35]),
        ([19, -19, 40], [-38, 40]),  # the earlier of equal ones
        ([25, -5, 5, -30], [35, -30]),
        ([25, -6, 5, -30], [25, -41]),  # the shorter one first
        ([5, -5, 5], [-15]),  # then the 5 beside the 10
    ],
)
def test_short_pieces_become_what_is_beside_them(seconds: list[int], after: list[int]) -> None:
    kinds = [its > 0 for its in seconds for _ in range(abs(its))]
    found = [piece.seconds * (1 if piece.is_work else -1) for piece in merged(pieces_of(1, kinds))]
    assert found == after


def test_three_pieces_of_work_at_least() -> None:
    rest, work = [1.0] * 60, [3.0] * 60
    assert found_pieces([(1, [*rest, *work, *rest, *work, *rest])]) == []
    # After a pause a piece begins anew, though it is of the kind of the one before.
    pieces = found_pieces([(1, [*rest, *work]), (200, work), (300, [*work, *rest])])
    assert pieces[1:4] == [Piece(True, 61, 60), Piece(True, 200, 60), Piece(True, 300, 60)]
    assert [piece.seconds for piece in pieces] == [60] * 5


def session(distance: bool = True) -> dict[str, list[Any]]:
    """Four times 60 s of rest and 60 s of work, by 1 s a sample; watts come 100 s late."""
    speeds = [1.0, *itertools.chain(*[[*[1.0] * 60, *[3.0] * 60] for _ in range(4)])]
    streams: dict[str, list[Any]] = {
        "time": list(range(481)),
        "velocity_smooth": speeds,
        "watts": [None] * 100 + [100 if speed == 1 else 300 for speed in speeds[100:]],
        "heartrate": [None if speed == 1 else 160 for speed in speeds],
        "altitude": [50.0] * 481,
    }
    if distance:
        streams["distance"] = [0.0, *itertools.accumulate(speeds[1:])]
    return streams


def test_intervals_by_speed() -> None:
    """The mean of 15 s meets the threshold between work and rest where they meet."""
    found = athlete("Swim", session(), 960).intervals()
    assert [(row["interval_kind"], row["start_time_s"], row["duration_s"]) for row in found.values()] == [
        ("work" if i % 2 else "rest", 60 * i, 60) for i in range(8)
    ]
    assert found[1, 2] == {
        "interval_kind": "work",
        "start_time_s": 60,
        "duration_s": 60,
        "distance_m": 180.0,
        "pace_s_per_km": pytest.approx(1000 / 3),
        "average_power_w": None,
        "average_heartrate_bpm": 160.0,
    }
    assert found[1, 1]["average_heartrate_bpm"] is None
    without = athlete("Swim", session(distance=False), 960).intervals()
    assert [row["distance_m"] for row in without.values()] == [None] * 8


def test_intervals_by_power_and_on_foot() -> None:
    # Of work there is 101-120, then 181-240 and so on; the run of seconds begins with the second value.
    by_power = athlete("Ride", session(), 960).intervals()
    assert [(row["start_time_s"], row["duration_s"]) for row in by_power.values()] == [
        (100, 20),
        *((begin, 60) for begin in range(120, 480, 60)),
    ]
    assert by_power[1, 1]["average_power_w"] == 300
    by_speed = athlete("Ride", session(), 960, device_watts=False).intervals()
    assert len(by_speed) == 8
    assert by_speed[1, 2]["average_power_w"] is None
    # With a meter power counts, also where it was not recorded.
    assert athlete("Ride", {**session(), "watts": [None] * 481}, 960).intervals() == {}
    assert len(athlete("Run", session(), 960).intervals()) == 8
    assert athlete("Run", session(), 500).intervals() == {}
    assert len(athlete("Ride", session(), 500, device_watts=False).intervals()) == 8


# ---- durability


def test_best_after_so_much_work() -> None:
    easy, hard = [100.0] * 400, [200.0] * 300  # 40 kJ before the second run
    found = best_after([(1, easy), (500, hard)], [easy, hard], (0, 40, 41), "kJ", 1000)
    assert found == {
        (300, 0): {"after_unit": "kJ", "value": 200.0, "share_of_best_pct": 100.0},
        (300, 40): {"after_unit": "kJ", "value": 200.0, "share_of_best_pct": 100.0},
    }
    # The last window of the easy run begins after 100 s.
    found = best_after([(1, hard), (500, easy)], [hard, easy], (0, 60, 70, 71), "kJ", 1000)
    assert {key: row["value"] for key, row in found.items()} == {
        (300, 0): 200,
        (300, 60): 100,
        (300, 70): 100,
    }
    assert found[300, 70]["share_of_best_pct"] == 50


def test_durability_on_foot_is_after_moving_seconds() -> None:
    """An hour at 3 m/s, then 300 s at 2.4 m/s, of which the first 10 s stand."""
    speeds = [3.0] * 360 + [2.4] * 31
    streams: dict[str, list[Any]] = {
        "time": [10 * i for i in range(392)],
        "distance": [0.0, *itertools.accumulate(10 * speed for speed in speeds)],
        "grade_smooth": [0.0] * 392,
        "moving": [True] * 361 + [False] + [True] * 30,
    }
    found = athlete("Run", streams, streams["distance"][-1]).durability()
    assert {key[1:]: row["value"] for key, row in found.items()} == pytest.approx(
        {(300, 0): 3.0, (300, 3600): 2.4, (1200, 0): 3.0}
    )
    assert found[1, 300, 3600]["share_of_best_pct"] == pytest.approx(80)


# ---- months


def test_months() -> None:
    def row(date: str, metres: float | None, moving: int) -> dict[str, Any]:
        its = {"moving_time": moving, "elapsed_time": 900, "total_elevation_gain": 10.0}
        return {"sport_type": "Run", "start_date_local": date, "distance": metres, **its}

    rows = [
        row("2025-11-30T23:00:00Z", 6000.0, 600),
        row("2025-11-30T06:00:00Z", 4000.0, 1000),
        row("2026-01-31T10:00:00Z", None, 800),
    ]
    found = monthly_volume(rows, dt.date(2026, 2, 1))
    assert [month for month, _ in found] == [
        dt.date(2025, 11, 1),
        dt.date(2025, 12, 1),
        dt.date(2026, 1, 1),
        dt.date(2026, 2, 1),
    ]
    columns = ["activity_count", "active_day_count", "distance_m", "longest_distance_m", "moving_time_s"]
    assert [[row[column] for column in columns] for row in found.values()] == [
        [2, 1, 10_000, 6000, 1500],  # more moving than elapsed time is the elapsed
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 800],
        [0, 0, 0, 0, 0],
    ]
    assert [row["distance_change_pct"] for row in found.values()] == [None, -100, None, None]
