"""A simulated Strava's history of dirty recordings, and what it must come to."""

import datetime as dt
import itertools
import random
from collections.abc import Mapping
from typing import Any

from tests.dirty_streams import SPORTS, Streams
from tests.dirty_streams import recording as draw
from tests.formulas import Athlete, Strava
from tests.formulas.counting import today_of
from tests.formulas.recording import Recording
from tests.formulas.sports import group_of
from tests.simulated_strava import Activity, SimulatedStrava, uniform_history

OFFSETS_S = (0.0, 7200.0, -25200.0, 19800.0)


class History:
    """Awkward activities on a simulated Strava, and what it serves of each."""

    def __init__(self, strava: SimulatedStrava, rng: random.Random) -> None:
        self.strava, self.rng = strava, rng
        self.last_day = dt.datetime.now(dt.UTC).date()
        self.base = uniform_history(1)[0].summary
        self.numbers = itertools.count(1)
        self.streams: dict[int, Streams] = {}

    def add(self, sport: str | None = None, streams: Streams | None = None, **changes: Any) -> int:
        """An activity on a day of the last two years; `changes` are to its summary."""
        rng, number = self.rng, next(self.numbers)
        sport = sport or rng.choice(SPORTS)
        if streams is None and rng.random() < 0.93:
            streams = draw(rng, sport)
        day = self.last_day - dt.timedelta(days=rng.choice([rng.randint(1, 100), rng.randint(100, 800)]))
        local = dt.datetime.combine(day, dt.time(rng.randint(0, 22), rng.randint(0, 59), number % 60))
        offset = rng.choice(OFFSETS_S)
        summary = {
            **self.base,
            "id": 9_000_000_000 + number,
            "name": f"{sport} {number}",
            "sport_type": sport,
            "device_watts": rng.choice([True, True, True, False, None]),
            "gear_id": rng.choice([None, "b16008312", "g18894801", "g777"]),
            "manual": False,
            "start_date_local": local.isoformat() + "Z",
            "start_date": (local - dt.timedelta(seconds=offset)).isoformat() + "Z",
            "utc_offset": offset,
            **self._sums(sport, streams),
            **changes,
        }
        self.strava.add(Activity(summary, 1 if streams else None))
        if streams:
            self.serve(summary["id"], streams)
        return int(summary["id"])

    def _sums(self, sport: str, streams: Streams | None) -> dict[str, Any]:
        """Strava's own sums, which mostly agree with the samples, and are at times impossible."""
        rng = self.rng
        metres, seconds = 5000.0, 1800
        if streams:
            recording = Recording(streams, group_of(sport))
            metres, kept = recording.total_m or 0.0, recording.kept()
            seconds = recording.time[kept[-1]] - recording.time[kept[0]] + 1 if kept else 1
        share = rng.choice([1, 1, 1, 1, 1, 1.04, 0.97, 1.12, 0.8, 0, None])
        measured = {
            "average_watts": round(rng.uniform(100, 300), 1),
            "weighted_average_watts": rng.randint(100, 300),
            "average_heartrate": round(rng.uniform(100, 180), 1),
            "average_cadence": round(rng.uniform(60, 95), 1),
            "suffer_score": float(rng.randint(0, 3)),
        }
        return {
            "distance": None if share is None else round(metres * share, 1),
            "elapsed_time": seconds + 60,
            "moving_time": rng.choice([seconds] * 7 + [0, None, 4_000_000]),
            "total_elevation_gain": rng.choice([0.0, 12.5, 300.0]),
            **{name: rng.choice([value, value, None]) for name, value in measured.items()},
        }

    def serve(self, id_: int, streams: Streams) -> None:
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
        """A crop: other samples, and another elapsed time, by which the change is seen."""
        summary = self.strava.activities[id_].summary
        streams = draw(self.rng, summary["sport_type"])
        sums = self._sums(summary["sport_type"], streams)
        sums["elapsed_time"] += summary["elapsed_time"]
        self.strava.add(Activity({**summary, **sums}, 1))
        self.serve(id_, streams)

    def crop(self, id_: int, count: int) -> None:
        """Keep the first samples, and the distance that is theirs."""
        summary = self.strava.activities[id_].summary
        share = count / len(self.streams[id_]["time"])
        sums = {
            "distance": round(summary["distance"] * share, 1),
            "elapsed_time": summary["elapsed_time"] + 1,
        }
        self.strava.add(Activity({**summary, **sums}, 1))
        self.serve(id_, {name: values[:count] for name, values in self.streams[id_].items()})

    def special_cases(self) -> None:
        """What chance would hardly draw."""
        steady = list(range(1501))
        run: Streams = {"time": steady, "distance": [3.0 * i for i in steady], "heartrate": [150] * 1501}
        sums: dict[str, Any] = {"moving_time": 1500, "elapsed_time": 1560}
        self.add("Run", run, distance=4500.0, **sums)
        self.add("Run", run, distance=4500.0, **sums)  # equal efforts: the earlier one is the record
        flat: Streams = {"grade_smooth": [None] * 1501, "altitude": [100.0] * 1501}
        self.add("Run", {**run, **flat}, distance=4500.0)
        still: Streams = {"time": steady, "distance": [0.0] * 1501, "grade_smooth": [0.0] * 1501}
        self.add("Run", still, distance=0.0)
        self.add("Run", {"time": [0, 10, 20], "distance": [0.0, 500.0, 1000.0]}, distance=1000.0)
        self.add("Run", {"time": [0, 1], "distance": [None, None]}, distance=100.0)
        self.add("Run", {"time": [None, None], "distance": [0.0, 10.0]}, distance=10.0)
        self.add("Run", {"time": [5], "distance": [3.0], "heartrate": [120]}, distance=0.0)
        stop = [i if i < 400 else i + 120 for i in steady]  # a pause exactly at 1000 m
        stopped: Streams = {"time": stop, "distance": [2.5 * i for i in steady], "moving": [True] * 1501}
        self.add("Run", stopped, distance=3750.0)
        fast: Streams = {"time": steady, "distance": [9.0 * i for i in steady]}
        self.add("Run", fast, distance=13500.0)  # no car, and every effort above the world record
        ride: Streams = {
            **fast,
            "watts": [200 + 100 * (i // 300 % 2) for i in steady],
            "heartrate": [130 + i // 150 for i in steady],
            "cadence": [88] * 1501,
        }
        for has_meter in (True, False):
            self.add("Ride", ride, distance=13500.0, device_watts=has_meter)
        for sport in ("Snowshoe", "Velomobile", "Padel"):
            self.add(sport, draw(self.rng, sport))
        long = list(range(0, 5000, 5))
        smart: Streams = {
            "time": long,
            "distance": [8.0 * t for t in long],
            "watts": [180 + t % 70 for t in long],
        }
        self.add("Ride", smart, distance=39960.0, device_watts=True)
        length: Streams = {"time": list(range(0, 1300, 30)), "distance": [25.0 * i for i in range(44)]}
        self.add("Swim", length, distance=1075.0)
        by_lengths: Streams = {"time": list(range(1321)), "distance": [25.0 * (t // 30) for t in range(1321)]}
        self.add("Swim", by_lengths, distance=1100.0)
        for sport in ("Run", "Swim", "Ride"):
            short: Streams = {
                "time": [0, 1, 2],
                "distance": [0.0, 2.0, 4.0],
                "heartrate": [0, 0, 0],
                "watts": [0, 0, 0],
                "grade_smooth": [0.0, 500.0, -500.0],
            }
            self.add(sport, short, distance=4.0, device_watts=True)

    def today(self) -> dt.date:
        """To which the marts reach if they are built now."""
        return today_of(self.strava.visible_activities(), dt.datetime.now(dt.UTC))

    def expected(
        self,
        config: dict[str, Any] | None = None,
        strava: Strava | None = None,
        records_s: Mapping[float, float] | None = None,
        first_weekday: int = 0,
    ) -> Athlete:
        summaries = self.strava.visible_activities()
        ids = {row["id"] for row in summaries}
        return Athlete(
            summaries,
            {id_: its for id_, its in self.streams.items() if id_ in ids},
            dt.datetime.now(dt.UTC),
            config=config,
            strava=strava,
            records_s=records_s,
            first_weekday=first_weekday,
        )
