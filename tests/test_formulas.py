"""Every mart against tests/formulas.py, on awkward recordings: gaps, nulls, jumps, standing still, missing types.

`SEED=…` draws others. The recordings travel the whole way: HTTP, extract, transform.
"""

import datetime as dt
import itertools
import math
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.formulas import Athlete, Settings
from tests.harness import PLENTY, away_from_day_end, make_playground, rows, run
from tests.simulated_strava import Activity, SimulatedStrava, uniform_history

SEED = int(os.environ.get("SEED") or 7)
ROUNDS = int(os.environ.get("ROUNDS") or 1)
SPORTS = [
    "Run",
    "Run",
    "TrailRun",
    "Walk",
    "Ride",
    "Ride",
    "GravelRide",
    "Handcycle",
    "Swim",
    "EBikeRide",
    "Zorbing",
]
SPEED_M_PER_S = {"Run": 3.2, "TrailRun": 2.5, "Walk": 1.5, "Swim": 0.9}
CONFIGURED = {
    "max_heartrate_bpm": 188,
    "resting_heartrate_bpm": 47,
    "threshold_heartrate_bpm": 168,
    "ftp_w": 245,
    "threshold_pace_s_per_km": 262.5,
}
API_ZONES = [115, 143, 157, 171]


def recording(rng: random.Random, sport: str) -> dict[str, list[Any]]:
    """Type -> values, as devices in trouble record them."""
    count = rng.choice([1, 2, 3, 40, 300, 900, 1500, 2500])
    style = rng.choice(["every second", "every second", "smart", "sparse"])
    speed = SPEED_M_PER_S.get(sport, 7.5) * rng.uniform(0.8, 1.2)
    clock, metres = rng.choice([0, 0, 0, 5]), 0.0
    time: list[Any] = []
    distance: list[Any] = []
    moving: list[Any] = []
    trouble = rng.choice([0, 0, 0.01, 0.03])
    for _ in range(count):
        time.append(None if rng.random() < trouble / 2 else clock)
        distance.append(None if rng.random() < trouble else round(metres, 1))
        stands = rng.random() < 0.03
        step = {"every second": 1, "smart": rng.randint(1, 10), "sparse": rng.randint(5, 30)}[style]
        odd = rng.random()
        if odd < trouble:
            step = rng.choice([0, -3, 0, 11, 25, 60, 61, 400, 10])
        growth = 0.0 if stands else speed * rng.uniform(0.7, 1.3) * max(step, 0)
        if trouble / 3 < odd < trouble / 2:
            growth = rng.choice([-30.0, 90.0, 400.0, 0.0])
        moving.append(not stands)
        clock += step
        metres = max(metres + growth, 0)
    streams: dict[str, list[Any]] = {"time": time, "distance": distance}

    def maybe(name: str, chance: float, values: list[Any], null: float) -> None:
        if rng.random() < chance:
            if rng.random() < 0.04:
                values = [None] * count
            streams[name] = [None if rng.random() < null else value for value in values]

    wave = rng.uniform(0, 6)
    null = rng.choice([0, 0, 0.02, 0.3])
    maybe("moving", 0.8, moving, 0)
    maybe(
        "altitude",
        0.85,
        [round(80 + 25 * math.sin(i / 60 + wave) + rng.uniform(-1, 1), 1) for i in range(count)],
        null,
    )
    maybe("grade_smooth", 0.6, [round(rng.gauss(0, 9), 1) for _ in range(count)], null / 2)
    maybe(
        "heartrate",
        0.85,
        [round(135 + 30 * math.sin(i / 200 + wave) + rng.uniform(-8, 8)) for i in range(count)],
        null,
    )
    maybe("cadence", 0.7, [rng.choice([0, 78, 82, 85, 90]) for _ in range(count)], null)
    maybe("watts", 0.8, [max(0, round(rng.gauss(190, 90))) for _ in range(count)], null)
    maybe("velocity_smooth", 0.8, [round(max(0, rng.gauss(speed, speed / 5)), 1) for _ in range(count)], null)
    return streams


def held_distance(streams: dict[str, list[Any]]) -> float:
    known = [
        d
        for t, d in zip(streams["time"], streams["distance"], strict=True)
        if t is not None and d is not None
    ]
    return max(known) - known[0] if known else 0.0


class History:
    """Awkward activities on a simulated Strava, and what it serves of each."""

    def __init__(self, strava: SimulatedStrava, rng: random.Random, today: dt.date) -> None:
        self.strava, self.rng, self.today = strava, rng, today
        self.base = uniform_history(1)[0].summary
        self.numbers = itertools.count(1)
        self.streams: dict[int, dict[str, list[Any]]] = {}

    def add(
        self, sport: str | None = None, streams: dict[str, list[Any]] | None = None, **changes: Any
    ) -> int:
        rng, number = self.rng, next(self.numbers)
        sport = sport or rng.choice(SPORTS)
        if streams is None and rng.random() < 0.93:
            streams = recording(rng, sport)
        day = self.today - dt.timedelta(days=rng.choice([rng.randint(1, 100), rng.randint(100, 800)]))
        local = dt.datetime.combine(day, dt.time(rng.randint(0, 22), rng.randint(0, 59), number % 60))
        offset = rng.choice([0.0, 7200.0, -25200.0, 19800.0])
        metres = held_distance(streams) if streams else 5000.0
        seconds = len(streams["time"]) if streams else 1800
        summary = {
            **self.base,
            "id": 9_000_000_000 + number,
            "name": f"{sport} {number}",
            "sport_type": sport,
            "distance": round(metres * rng.choice([1, 1, 1, 1, 1.04, 1.12, 0]), 1),
            "moving_time": seconds,
            "elapsed_time": seconds + 60,
            "device_watts": rng.choice([True, True, True, False, None]),
            "gear_id": rng.choice([None, "b16008312", "g18894801", "g777"]),
            "manual": False,
            "start_date_local": local.isoformat() + "Z",
            "start_date": (local - dt.timedelta(seconds=offset)).isoformat() + "Z",
            "utc_offset": offset,
            **changes,
        }
        activity = Activity(summary, 1 if streams else None)
        self.strava.add(activity)
        if streams:
            self.serve(activity.id, streams)
        return activity.id

    def serve(self, id_: int, streams: dict[str, list[Any]]) -> None:
        self.streams[id_] = streams
        self.strava.served_streams[id_] = {
            name: {
                "data": values,
                "series_type": "distance",
                "original_size": len(values),
                "resolution": "high",
            }
            for name, values in streams.items()
        }

    def record_again(self, id_: int) -> None:
        """A crop: other samples, and another distance, by which the change is seen."""
        summary = self.strava.activities[id_].summary
        streams = recording(self.rng, summary["sport_type"])
        self.strava.add(
            Activity(
                {
                    **summary,
                    "distance": round(held_distance(streams) + 0.1, 1),
                    "elapsed_time": summary["elapsed_time"] + 1,
                },
                1,
            )
        )
        self.serve(id_, streams)

    def special_cases(self) -> None:
        """What chance would hardly draw."""
        steady = list(range(1501))
        run: dict[str, list[Any]] = {
            "time": steady,
            "distance": [3.0 * i for i in steady],
            "heartrate": [150] * 1501,
        }
        self.add("Run", run, distance=4500.0)
        self.add("Run", run, distance=4500.0)  # equal efforts: the earlier one is the record
        self.add("Run", {**run, "grade_smooth": [None] * 1501, "altitude": [100.0] * 1501}, distance=4500.0)
        self.add(
            "Run", {"time": steady, "distance": [0.0] * 1501, "grade_smooth": [0.0] * 1501}, distance=0.0
        )
        self.add("Run", {"time": [0, 10, 20], "distance": [0.0, 500.0, 1000.0]}, distance=1000.0)
        self.add("Run", {"time": [0, 1], "distance": [None, None]}, distance=100.0)
        self.add("Run", {"time": [None, None], "distance": [0.0, 10.0]}, distance=10.0)
        self.add("Run", {"time": [5], "distance": [3.0], "heartrate": [120]}, distance=0.0)
        stop = [i if i < 400 else i + 120 for i in steady]  # a pause exactly at 1000 m
        self.add(
            "Run",
            {"time": stop, "distance": [2.5 * i for i in steady], "moving": [True] * 1501},
            distance=3750.0,
        )
        ride: dict[str, list[Any]] = {
            "time": steady,
            "distance": [9.0 * i for i in steady],
            "watts": [200 + 100 * (i // 300 % 2) for i in steady],
            "heartrate": [130 + i // 150 for i in steady],
            "cadence": [88] * 1501,
        }
        self.add("Ride", ride, distance=13500.0, device_watts=True)
        self.add("Ride", ride, distance=13500.0, device_watts=False)
        for sport in ("Snowshoe", "Velomobile", "Padel"):
            self.add(sport, recording(self.rng, sport))
        long = list(range(0, 5000, 5))
        self.add(
            "Ride",
            {"time": long, "distance": [8.0 * t for t in long], "watts": [180 + t % 70 for t in long]},
            distance=39960.0,
            device_watts=True,
        )
        for sport in ("Run", "Swim", "Ride"):
            self.add(
                sport,
                {
                    "time": [0, 1, 2],
                    "distance": [0.0, 2.0, 4.0],
                    "heartrate": [0, 0, 0],
                    "watts": [0, 0, 0],
                    "grade_smooth": [0.0, 500.0, -500.0],
                },
                distance=4.0,
                device_watts=True,
            )

    def expected(self, **settings: Any) -> Athlete:
        summaries = self.strava.visible_activities()
        ids = {row["id"] for row in summaries}
        streams = {id_: its for id_, its in self.streams.items() if id_ in ids}
        return Athlete(summaries, streams, Settings(**settings), dt.datetime.now(dt.UTC).date())


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float | int) and not isinstance(found, bool):
        # Both sum thousands of doubles, in different orders.
        return math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-7)
    return bool(found == expected)


def compare(playground: Path, athlete: Athlete) -> list[str]:
    """Where the published marts differ; empty when nowhere."""
    wrong: list[str] = []
    compared: dict[str, int] = {}

    def check(
        mart: str, columns: list[str], keys: int, expected: dict[Any, Any], where: str = "true"
    ) -> None:
        found = {}
        for row in rows(playground, f"select {', '.join(columns)} from {mart} where {where}", "marts.duckdb"):
            key = row[0] if keys == 1 else row[:keys]
            assert key not in found, (mart, key)
            found[key] = row[keys:]
        compared[mart] = len(found)
        for key in found.keys() | expected.keys():
            if key not in found or key not in expected:
                wrong.append(
                    f"{mart} {key}: {found.get(key, 'no row')}, expected {expected.get(key, 'no row')}"
                )
                continue
            value = expected[key]
            values = (
                [value[c] for c in columns[keys:]]
                if isinstance(value, dict)
                else value
                if isinstance(value, tuple)
                else (value,)
            )
            for column, is_, should in zip(columns[keys:], found[key], values, strict=True):
                if not same(is_, should):
                    wrong.append(f"{mart} {key} {column}: {is_}, expected {should}")

    metrics = list(next(iter(athlete.metrics.values())))
    check("activities", ["activity_id", *metrics], 1, athlete.metrics)
    split = [
        "distance_m",
        "elapsed_time_s",
        "moving_time_s",
        "pace_s_per_km",
        "elevation_change_m",
        "average_heartrate_bpm",
    ]
    check("splits", ["activity_id", "split_index", *split], 2, athlete.splits())
    effort = [
        "sport_type",
        "elapsed_time_s",
        "start_time_s",
        "pace_s_per_km",
        "rank_all_time",
        "is_personal_record",
    ]
    check("best_efforts", ["activity_id", "effort_distance_m", *effort], 2, athlete.best_efforts())
    check("power_curve", ["activity_id", "duration_s", "average_power_w"], 2, athlete.power_curve())
    check("time_in_zones", ["activity_id", "zone_kind", "zone_index", "time_s"], 3, athlete.time_in_zones())
    load = ["training_load", "fitness", "fatigue", "form", "monotony", "strain"]
    check("daily_training_load", ["load_date", *load], 1, athlete.daily_training_load())
    check("eddington", ["sport_group", "unit", "eddington_number", "days_to_next"], 2, athlete.eddington())
    check("streaks", ["streak_kind", "start_date", "end_date", "length", "is_current"], 2, athlete.streaks())
    sums = ["activity_count", "distance_m", "moving_time_s", "elevation_gain_m"]
    check("year_to_date", ["year", "day_of_year", "sport_type", *sums], 3, athlete.year_to_date())
    check(
        "race_predictions", ["target_distance_m", "method", "predicted_time_s"], 2, athlete.race_predictions()
    )
    check("weekly_pace", ["week_start_date", "sport_type", "gap_pace_s_per_km"], 2, athlete.weekly_gap_pace())
    print("rows compared:", compared)
    assert min(compared.values()) > 0, "no mart is left out for want of rows"
    return sorted(wrong)


def assert_equal(playground: Path, athlete: Athlete) -> None:
    wrong = compare(playground, athlete)
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:60])


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_every_value_equals_an_independent_calculation(tmp_path: Path, round_: int) -> None:
    away_from_day_end(240)
    seed = SEED + round_
    print(f"seed {seed}")
    rng = random.Random(seed)
    today = dt.datetime.now(dt.UTC).date()
    with SimulatedStrava([], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        known = History(strava, rng, today)
        known.special_cases()
        ids = [known.add() for _ in range(70)]
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)
        assert_equal(playground, known.expected(sex="F", zone_bounds_bpm=API_ZONES))

        # Settings reach every figure, also of samples that were worked out before.
        config = playground / "config.toml"
        lines = "\n".join(f"{name} = {value}" for name, value in CONFIGURED.items())
        config.write_text(
            config.read_text() + f'\n[athlete]\n{lines}\nsex = "M"\n[marts]\nweek_start = "sunday"\n'
        )
        run("transform", playground)
        configured = {**CONFIGURED, "sex": "M", "zone_bounds_bpm": API_ZONES, "first_weekday": 6}
        assert_equal(playground, known.expected(**configured))

        # What is new, recorded again or gone changes nothing else.
        for id_ in ids[:6]:
            known.record_again(id_)
        for id_ in ids[6:10]:
            strava.delete(id_)
        for _ in range(8):
            known.add()
        run("refresh", playground, FULL="1")
        assert_equal(playground, known.expected(**configured))

        # The scope for zones was not granted: five by maximum heart rate; built at once, it is the same history.
        narrow = make_playground(
            tmp_path / "narrow", strava, code=strava.issue_code("read,activity:read_all")
        )
        run("refresh", narrow)
        [(sex,)] = rows(narrow, "select max(sex) from strava_raw.athlete") or [(None,)]
        assert_equal(narrow, known.expected(sex=sex))
