"""The formulas of the marts once more, in plain Python loops: slow, and independent of the SQL.

Inputs are the API's own answers (summaries, and type -> list for streams). Nothing here knows a model.
"""

import bisect
import datetime as dt
import itertools
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = dict[str, Any]
GROUPS = {
    "foot": ("Run", "TrailRun", "VirtualRun", "Walk", "Hike", "Snowshoe"),
    "ride": ("Ride", "VirtualRide", "GravelRide", "MountainBikeRide", "Velomobile", "Handcycle"),
    "swim": ("Swim",),
}
EFFORTS_M = {
    "foot": (400, 1000, 1609.344, 3000, 5000, 10000, 15000, 21097.5, 42195),
    "ride": (5000, 10000, 20000, 40000, 50000, 80000, 100000, 160000),
    "swim": (100, 400, 1000, 1500, 1900, 3800),
}
FASTEST_M_PER_S = {"foot": 12, "ride": 35, "swim": 4}
POWER_S = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
TARGETS_M = (1500, 5000, 10000, 21097.5, 42195)


def group_of(sport_type: str) -> str:
    return next((group for group, sports in GROUPS.items() if sport_type in sports), "other")


@dataclass
class Settings:
    """What is configured, null where nothing is; and what the API says of the athlete."""

    max_heartrate_bpm: float | None = None
    resting_heartrate_bpm: float | None = None
    threshold_heartrate_bpm: float | None = None
    ftp_w: float | None = None
    threshold_pace_s_per_km: float | None = None
    sex: str | None = None
    zone_bounds_bpm: list[float] = field(default_factory=list)
    first_weekday: int = 0


@dataclass
class Interval:
    """From one kept sample to the next; `values` are those of the sample that ends it."""

    begin_s: float
    end_s: float
    is_pause: bool
    is_moving: bool
    values: dict[str, float]
    distance_m: float | None

    @property
    def seconds(self) -> float:
        return self.end_s - self.begin_s


class Recording:
    """One activity's samples."""

    def __init__(self, streams: dict[str, list[Any]]) -> None:
        self.streams = {name: list(values) for name, values in streams.items()}
        self.count = max((len(values) for values in self.streams.values()), default=0)
        for values in self.streams.values():
            values.extend([None] * (self.count - len(values)))
        self.time = self.column("time")
        raw = self.column("distance")
        # Held at its running maximum before any sample is left out.
        self.held: list[float | None] = []
        highest: float | None = None
        for value in raw:
            if value is not None:
                highest = value if highest is None else max(highest, value)
            self.held.append(highest)
        first = next(
            (d for t, d, r in zip(self.time, self.held, raw, strict=True) if t is not None and r is not None),
            None,
        )
        # Metres from the first sample that has time and distance; null where the sample has no distance.
        self.distance = [
            None if r is None or first is None or d is None else round(d - first, 3)
            for d, r in zip(self.held, raw, strict=True)
        ]

    def column(self, name: str) -> list[Any]:
        return self.streams.get(name) or [None] * self.count

    def has(self, name: str) -> bool:
        return any(value is not None for value in self.column(name))

    def kept(self, **needed: list[Any]) -> list[int]:
        """Sample numbers with a time later than the last kept one and with all that is needed."""
        out: list[int] = []
        last = None
        for i, time in enumerate(self.time):
            if time is None or any(values[i] is None for values in needed.values()):
                continue
            if last is not None and time <= last:
                continue
            out.append(i)
            last = time
        return out

    def intervals(self, **needed: list[Any]) -> list[Interval]:
        indices = self.kept(**needed)
        moving = self.column("moving")
        out = []
        for a, b in itertools.pairwise(indices):
            seconds = self.time[b] - self.time[a]
            at_a, at_b = self.held[a], self.held[b]
            grew = 0.0 if at_a is None or at_b is None else at_b - at_a
            is_pause = seconds > 10 and not (seconds <= 60 and grew >= 0.5 * seconds)
            da, db = self.distance[a], self.distance[b]
            out.append(
                Interval(
                    self.time[a],
                    self.time[b],
                    is_pause,
                    not is_pause and moving[b] is not False,
                    {name: values[b] for name, values in needed.items()},
                    None if da is None or db is None else db - da,
                )
            )
        return out

    def expansion(self, **needed: list[Any]) -> list[list[float]]:
        """Runs of seconds; a pause ends a run."""
        runs: list[list[float]] = [[]]
        [name] = needed
        for interval in self.intervals(**needed):
            if interval.is_pause:
                runs.append([])
            else:
                runs[-1] += [float(interval.values[name])] * int(interval.seconds)
        return [run for run in runs if run]

    def grades(self) -> list[float | None]:
        """Rise over run at each sample."""
        if self.has("grade_smooth"):
            return [None if g is None else g / 100 for g in self.column("grade_smooth")]
        altitude = self.column("altitude")
        curve: list[tuple[float, float]] = []
        for i in self.kept(distance=self.distance, altitude=altitude):
            metre = self.distance[i]
            assert metre is not None
            if not curve or metre > curve[-1][0]:
                curve.append((metre, altitude[i]))
        if not curve:
            return [None] * self.count
        xs, ys = [x for x, _ in curve], [y for _, y in curve]
        out: list[float | None] = []
        for metre in self.distance:
            if metre is None:
                out.append(None)
                continue
            low, high = max(metre - 25, xs[0]), min(metre + 25, xs[-1])
            rise = float(np.interp(high, xs, ys) - np.interp(low, xs, ys))
            out.append(rise / (high - low) if high > low else None)
        return out


def minetti(slope: float) -> float:
    """Cost of running on a slope over that on the flat (Minetti et al. 2002)."""
    i = min(max(slope, -0.45), 0.45)
    cost = 155.4 * i**5 - 30.4 * i**4 - 43.3 * i**3 + 46.3 * i**2 + 19.5 * i + 3.6
    return float(cost / 3.6)


def quantile_cont(values: list[float], q: float) -> float:
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Athlete:
    """A history, and every mart of it."""

    def __init__(
        self,
        summaries: list[Row],
        streams: dict[int, dict[str, list[Any]]],
        settings: Settings,
        today: dt.date,
    ) -> None:
        self.summaries = sorted(summaries, key=lambda row: row["id"])
        self.settings = settings
        self.recordings = {id_: Recording(its) for id_, its in streams.items() if its}
        latest = max((self.date(row) for row in summaries), default=today)
        self.today = max(today, latest)
        self.max_bpm, self.rest_bpm, self.threshold_bpm = self._heart()
        self.metrics = {row["id"]: self._metrics(row) for row in self.summaries}

    @staticmethod
    def date(row: Row) -> dt.date:
        return dt.datetime.fromisoformat(row["start_date_local"].rstrip("Z")).date()

    def week(self, date: dt.date) -> dt.date:
        return date - dt.timedelta(days=(date.weekday() - self.settings.first_weekday) % 7)

    # ---- heart rate

    def _heart(self) -> tuple[float | None, float, float | None]:
        s = self.settings
        highest = [
            quantile_cont([v for v in r.column("heartrate") if v is not None], 0.999)
            for r in self.recordings.values()
            if r.has("heartrate")
        ]
        top = s.max_heartrate_bpm if s.max_heartrate_bpm is not None else max(highest, default=None)
        rest = 60.0 if s.resting_heartrate_bpm is None else s.resting_heartrate_bpm
        if s.threshold_heartrate_bpm is not None:
            return top, rest, s.threshold_heartrate_bpm
        return top, rest, None if top is None else rest + 0.85 * (top - rest)

    def _impulse(self, bpm: float) -> float | None:
        """TRIMP of a minute."""
        if self.max_bpm is None or self.max_bpm <= self.rest_bpm:
            return None
        a, b = (0.86, 1.67) if self.settings.sex == "F" else (0.64, 1.92)
        r = min(max((bpm - self.rest_bpm) / (self.max_bpm - self.rest_bpm), 0), 1)
        return r * a * math.exp(b * r)

    # ---- one activity

    def _metrics(self, row: Row) -> Row:
        out: Row = dict.fromkeys(
            [
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
                "training_load",
                "training_load_source",
            ]
        )
        group = group_of(row["sport_type"])
        recording = self.recordings.get(row["id"])
        heart_load = None
        if recording:
            has_power = group == "ride" and row.get("device_watts") is True and recording.has("watts")
            if group == "foot":
                self._foot(recording, out)
            if has_power:
                self._power(recording, out)
            heart = [
                i for i in recording.intervals(heartrate=recording.column("heartrate")) if not i.is_pause
            ]
            if heart and self._impulse(100) is not None:
                out["trimp"] = sum(
                    i.seconds / 60 * (self._impulse(i.values["heartrate"]) or 0) for i in heart
                )
                if self.threshold_bpm is not None and self.threshold_bpm > self.rest_bpm:
                    hour = 60 * (self._impulse(self.threshold_bpm) or 0)
                    heart_load = 100 * out["trimp"] / hour
            self._efficiency(recording, group, has_power, out)
        pace, threshold = out["gap_pace_s_per_km"], self.settings.threshold_pace_s_per_km
        loads = {
            "power": out["training_stress_score"],
            "pace": out["gap_moving_time_s"] / 3600 * (threshold / pace) ** 2 * 100
            if pace and threshold
            else None,
            "heartrate": heart_load,
            "duration": None if row["moving_time"] is None else row["moving_time"] / 3600 * 50,
        }
        for source, value in loads.items():
            if value is not None:
                out["training_load"], out["training_load_source"] = value, source
                break
        return out

    def _foot(self, recording: Recording, out: Row) -> None:
        graded = [
            i
            for i in recording.intervals(distance=recording.distance, grade=recording.grades())
            if i.is_moving
        ]
        if graded:
            out["gap_distance_m"] = sum((i.distance_m or 0) * minetti(i.values["grade"]) for i in graded)
            out["gap_moving_time_s"] = sum(i.seconds for i in graded)
            if out["gap_distance_m"] > 0:
                out["gap_pace_s_per_km"] = out["gap_moving_time_s"] / (out["gap_distance_m"] / 1000)
        steps = [i for i in recording.intervals(cadence=recording.column("cadence")) if i.is_moving]
        if steps:
            total = sum(i.seconds for i in steps)
            out["average_cadence_spm"] = 2 * sum(i.values["cadence"] * i.seconds for i in steps) / total

    def _power(self, recording: Recording, out: Row) -> None:
        runs = recording.expansion(watts=recording.column("watts"))
        means = [statistics.fmean(run[i - 29 : i + 1]) for run in runs for i in range(29, len(run))]
        if not means:
            return
        power = statistics.fmean(m**4 for m in means) ** 0.25
        out["normalized_power_w"] = power
        ftp = self.settings.ftp_w
        if ftp:
            out["intensity_factor"] = power / ftp
            seconds = sum(map(len, runs))
            out["training_stress_score"] = seconds * power * (power / ftp) / (ftp * 3600) * 100

    def _efficiency(self, recording: Recording, group: str, has_power: bool, out: Row) -> None:
        heartrate = recording.column("heartrate")
        # (seconds, grade-adjusted metres or watts a second, beats a minute)
        parts: list[tuple[float, float, float]] = []
        if group == "foot":
            parts = [
                (
                    i.seconds,
                    (i.distance_m or 0) * minetti(i.values["grade"]) / i.seconds,
                    i.values["heartrate"],
                )
                for i in recording.intervals(
                    distance=recording.distance, grade=recording.grades(), heartrate=heartrate
                )
                if i.is_moving
            ]
        elif has_power:
            parts = [
                (i.seconds, i.values["watts"], i.values["heartrate"])
                for i in recording.intervals(watts=recording.column("watts"), heartrate=heartrate)
                if i.is_moving
            ]
        total = sum(s for s, _, _ in parts)
        if not total:
            return
        beats = sum(s * b for s, _, b in parts) / total
        if beats <= 0:
            return
        if group == "foot":
            out["efficiency_factor"] = sum(s * v for s, v, _ in parts) / (total / 60) / beats
        elif out["normalized_power_w"] is not None:
            out["efficiency_factor"] = out["normalized_power_w"] / beats
        if total < 1200:
            return
        halves: list[list[tuple[float, float, float]]] = [[], []]
        gone = 0.0
        for seconds, value, bpm in parts:
            first = min(max(total / 2 - gone, 0), seconds)
            halves[0].append((first, value, bpm))
            halves[1].append((seconds - first, value, bpm))
            gone += seconds
        factors = [
            sum(s * v for s, v, _ in half) / sum(s * b for s, _, b in half)
            if sum(s * b for s, _, b in half) > 0
            else None
            for half in halves
        ]
        if factors[0] and factors[1] is not None:
            out["decoupling_pct"] = (factors[0] - factors[1]) / factors[0] * 100

    def splits(self) -> dict[tuple[int, int], Row]:
        out: dict[tuple[int, int], Row] = {}
        for row in self.summaries:
            recording = self.recordings.get(row["id"])
            if recording:
                for index, split in enumerate(self._splits(recording), start=1):
                    out[row["id"], index] = split
        return out

    @staticmethod
    def _splits(recording: Recording) -> list[Row]:
        kept = recording.kept(distance=recording.distance)
        curve = [(float(recording.time[i]), float(recording.distance[i] or 0)) for i in kept]
        if not curve or curve[-1][1] <= 0:
            return []
        total = curve[-1][1]

        def first_instant(metre: float) -> float:
            for (t0, d0), (t1, d1) in itertools.pairwise(curve):
                if d0 >= metre:
                    return t0
                if d1 >= metre:
                    return t0 + (metre - d0) / (d1 - d0) * (t1 - t0)
            return curve[-1][0]

        altitude = recording.column("altitude")
        heights = [(recording.time[i], altitude[i]) for i in recording.kept(altitude=altitude)]
        beats = [i for i in recording.intervals(heartrate=recording.column("heartrate")) if not i.is_pause]
        moves = [i for i in recording.intervals(distance=recording.distance) if i.is_moving]
        count = math.ceil(round(total / 1000, 9))
        out = []
        for k in range(1, count + 1):
            begin = curve[0][0] if k == 1 else first_instant((k - 1) * 1000)
            end = curve[-1][0] if k == count else first_instant(k * 1000)
            distance = 1000.0 if k < count else total - (count - 1) * 1000

            def share(interval: Interval, begin: float = begin, end: float = end) -> float:
                return max(0.0, min(interval.end_s, end) - max(interval.begin_s, begin))

            moving = sum(share(i) for i in moves)
            seconds = sum(share(i) for i in beats)
            climb = None
            if heights:
                xs, ys = [x for x, _ in heights], [y for _, y in heights]
                climb = float(np.interp(end, xs, ys) - np.interp(begin, xs, ys))
            out.append(
                {
                    "distance_m": distance,
                    "elapsed_time_s": end - begin,
                    "moving_time_s": moving,
                    "pace_s_per_km": moving / distance * 1000 if moving > 0 else None,
                    "elevation_change_m": climb,
                    "average_heartrate_bpm": sum(share(i) * i.values["heartrate"] for i in beats) / seconds
                    if seconds > 0
                    else None,
                }
            )
        return out

    # ---- best efforts, records, predictions

    def best_efforts(self) -> dict[tuple[int, float], Row]:
        out: dict[tuple[int, float], Row] = {}
        for row in self.summaries:
            group, recording = group_of(row["sport_type"]), self.recordings.get(row["id"])
            if not recording or group not in EFFORTS_M:
                continue
            kept = recording.kept(distance=recording.distance)
            curve = [(float(recording.time[i]), float(recording.distance[i] or 0)) for i in kept]
            own = row["distance"]
            if not curve or not own or abs(curve[-1][1] - own) > 0.05 * own:
                continue
            pieces: list[list[tuple[float, float]]] = [[]]
            for point in curve:
                if pieces[-1]:
                    t, d = pieces[-1][-1]
                    if (point[1] - d) / (point[0] - t) > FASTEST_M_PER_S[group]:
                        pieces.append([])
                pieces[-1].append(point)
            for metres in EFFORTS_M[group]:
                best = min((found for piece in pieces if (found := fastest(piece, metres))), default=None)
                if best:
                    elapsed, begin = best
                    out[row["id"], float(metres)] = {
                        "sport_type": row["sport_type"],
                        "elapsed_time_s": elapsed,
                        "start_time_s": begin,
                        "pace_s_per_km": elapsed / metres * 1000,
                    }
        self._rank(out)
        return out

    def _rank(self, efforts: dict[tuple[int, float], Row]) -> None:
        by_id = {row["id"]: row for row in self.summaries}
        rivals: dict[tuple[str, float], list[tuple[dt.datetime, Row]]] = defaultdict(list)
        for (id_, metres), effort in efforts.items():
            begin = dt.datetime.fromisoformat(by_id[id_]["start_date"]) + dt.timedelta(
                seconds=effort["start_time_s"]
            )
            rivals[group_of(by_id[id_]["sport_type"]), metres].append((begin, effort))
        for its in rivals.values():
            for rank, (_, effort) in enumerate(
                sorted(its, key=lambda pair: (round(pair[1]["elapsed_time_s"], 9), pair[0])), start=1
            ):
                effort["rank_all_time"] = rank
            record = math.inf
            for _, effort in sorted(its, key=lambda pair: pair[0]):
                effort["is_personal_record"] = effort["elapsed_time_s"] < record - 1e-9
                record = min(record, effort["elapsed_time_s"])

    def race_predictions(self) -> dict[tuple[float, str], float]:
        since = self.today - dt.timedelta(days=90)
        by_id = {row["id"]: row for row in self.summaries}
        recent = [
            (metres, effort["elapsed_time_s"])
            for (id_, metres), effort in self.best_efforts().items()
            if group_of(by_id[id_]["sport_type"]) == "foot" and self.date(by_id[id_]) > since
        ]
        out: dict[tuple[float, str], float] = {}
        fastest_of = {metres: min(t for m, t in recent if m == metres) for metres, _ in recent}
        points = [(t, m) for m, t in fastest_of.items() if 120 <= t <= 1200]
        for target in TARGETS_M:
            times = [t * (target / m) ** 1.06 for m, t in recent if 210 <= t <= 13800]
            if times and 210 <= min(times) <= 13800:
                out[float(target), "riegel"] = min(times)
            if len(points) >= 3:
                speed, reserve = np.polyfit([t for t, _ in points], [m for _, m in points], 1)
                if speed > 0 and 120 <= (target - reserve) / speed <= 3600:
                    out[float(target), "critical_speed"] = float((target - reserve) / speed)
        return out

    # ---- power curve, zones

    def power_curve(self) -> dict[tuple[int, int], float]:
        out: dict[tuple[int, int], float] = {}
        for row in self.summaries:
            recording = self.recordings.get(row["id"])
            if recording and group_of(row["sport_type"]) == "ride" and row.get("device_watts") is True:
                runs = recording.expansion(watts=recording.column("watts"))
                for seconds in POWER_S:
                    means = [
                        sum(run[i : i + seconds]) / seconds
                        for run in runs
                        for i in range(len(run) - seconds + 1)
                    ]
                    if means:
                        out[row["id"], seconds] = max(means)
        return out

    def time_in_zones(self) -> dict[tuple[int, str, int], float]:
        out: dict[tuple[int, str, int], float] = {}
        s = self.settings
        heart = s.zone_bounds_bpm or (
            [self.max_bpm * p / 100 for p in (60, 70, 80, 90)] if self.max_bpm is not None else []
        )
        power = [s.ftp_w * p / 100 for p in (55, 75, 90, 105, 120, 150)] if s.ftp_w else []
        threshold = 1000 / s.threshold_pace_s_per_km if s.threshold_pace_s_per_km else 0
        pace = [threshold * p / 100 for p in (78, 88, 95, 101, 111)] if threshold else []
        for row in self.summaries:
            group, recording = group_of(row["sport_type"]), self.recordings.get(row["id"])
            if not recording:
                continue
            kinds = [("heartrate", "heartrate", heart)]
            if group == "foot":
                kinds.append(("pace", "velocity_smooth", pace))
            if group == "ride" and row.get("device_watts") is True:
                kinds.append(("power", "watts", power))
            for kind, stream, bounds in kinds:
                intervals = [i for i in recording.intervals(v=recording.column(stream)) if not i.is_pause]
                if not bounds or not intervals:
                    continue
                for zone in range(1, len(bounds) + 2):
                    out[row["id"], kind, zone] = 0
                for interval in intervals:
                    out[row["id"], kind, bisect.bisect_right(bounds, interval.values["v"]) + 1] += (
                        interval.seconds
                    )
        return out

    # ---- days and counts

    def daily_training_load(self) -> dict[dt.date, Row]:
        if not self.summaries:
            return {}
        loads: dict[dt.date, float] = defaultdict(float)
        for row in self.summaries:
            loads[self.date(row)] += self.metrics[row["id"]]["training_load"] or 0
        out: dict[dt.date, Row] = {}
        fitness = fatigue = form = 0.0
        week: list[float] = []
        day = min(loads)
        while day <= self.today:
            load = loads[day]
            form = fitness - fatigue
            fitness = fitness * math.exp(-1 / 42) + load * (1 - math.exp(-1 / 42))
            fatigue = fatigue * math.exp(-1 / 7) + load * (1 - math.exp(-1 / 7))
            week = [*week, load][-7:]
            varied = len(week) == 7 and len(set(week)) > 1
            monotony = statistics.fmean(week) / statistics.stdev(week) if varied else None
            out[day] = {
                "training_load": load,
                "fitness": fitness,
                "fatigue": fatigue,
                "form": form,
                "monotony": monotony,
                "strain": None if monotony is None else sum(week) * monotony,
            }
            day += dt.timedelta(days=1)
        return out

    def eddington(self) -> dict[tuple[str, str], tuple[int, int]]:
        days: dict[str, dict[dt.date, float]] = defaultdict(lambda: defaultdict(float))
        for row in self.summaries:
            days[group_of(row["sport_type"])][self.date(row)] += row["distance"] or 0
        out = {}
        for group, its in days.items():
            for unit, metres in (("km", 1000), ("mi", 1609.344)):

                def enough(e: int, its: dict[dt.date, float] = its, metres: float = metres) -> int:
                    return sum(distance >= e * metres for distance in its.values())

                number = 0
                while enough(number + 1) >= number + 1:
                    number += 1
                out[group, unit] = number, number + 1 - enough(number + 1)
        return out

    def streaks(self) -> dict[tuple[str, dt.date], tuple[dt.date, int, bool]]:
        out: dict[tuple[str, dt.date], tuple[dt.date, int, bool]] = {}
        dates = {self.date(row) for row in self.summaries}
        for kind, step, marks, now in (
            ("day", 1, dates, self.today),
            ("week", 7, {self.week(date) for date in dates}, self.week(self.today)),
        ):
            for first in sorted(mark for mark in marks if mark - dt.timedelta(days=step) not in marks):
                length = 1
                while first + dt.timedelta(days=length * step) in marks:
                    length += 1
                last = first + dt.timedelta(days=(length - 1) * step)
                is_current = last in (now, now - dt.timedelta(days=step))
                out[kind, first] = last + dt.timedelta(days=step - 1), length, is_current
        return out

    def year_to_date(self) -> dict[tuple[int, int, str], tuple[int, float, float, float]]:
        """(activity count, distance_m, moving_time_s, elevation_gain_m) by year, day of the year and sport type."""
        out: dict[tuple[int, int, str], tuple[int, float, float, float]] = {}
        by: dict[tuple[int, str], dict[dt.date, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.summaries:
            by[self.date(row).year, row["sport_type"]][self.date(row)].append(row)
        for (year, sport), days in by.items():
            so_far = (0, 0.0, 0.0, 0.0)
            day = dt.date(year, 1, 1)
            while day.year == year and day <= self.today:
                for row in days.get(day, []):
                    so_far = (
                        so_far[0] + 1,
                        so_far[1] + row["distance"],
                        so_far[2] + row["moving_time"],
                        so_far[3] + row["total_elevation_gain"],
                    )
                out[year, day.timetuple().tm_yday, sport] = so_far
                day += dt.timedelta(days=1)
        return out

    def weekly_gap_pace(self) -> dict[tuple[dt.date, str], float | None]:
        sums: dict[tuple[dt.date, str], list[float]] = {}
        for row in self.summaries:
            if row["distance"] > 0 and row["moving_time"] > 0:
                its = sums.setdefault((self.week(self.date(row)), row["sport_type"]), [0, 0])
                metrics = self.metrics[row["id"]]
                if metrics["gap_distance_m"] is not None:
                    its[0] += metrics["gap_moving_time_s"]
                    its[1] += metrics["gap_distance_m"]
        return {key: s / m * 1000 if m > 0 else None for key, (s, m) in sums.items()}


def fastest(piece: list[tuple[float, float]], metres: float) -> tuple[float, float] | None:
    """(seconds, start) of the fastest stretch of exactly `metres` in a curve of (s, m); of equal ones the earliest."""
    times, ways = [t for t, _ in piece], [d for _, d in piece]
    if ways[-1] - ways[0] < metres:
        return None

    def first_at(metre: float) -> float:
        i = bisect.bisect_left(ways, metre)
        if ways[i] == metre:
            return times[i]
        return times[i - 1] + (metre - ways[i - 1]) / (ways[i] - ways[i - 1]) * (times[i] - times[i - 1])

    def last_at(metre: float) -> float:
        i = bisect.bisect_right(ways, metre)
        if ways[i - 1] == metre:
            return times[i - 1]
        return times[i - 1] + (metre - ways[i - 1]) / (ways[i] - ways[i - 1]) * (times[i] - times[i - 1])

    found = []
    for way in ways:
        for begin in (way, way - metres):
            # Ends of a stretch are a sample and an interpolated point; binary fractions must not push one outside.
            if begin >= ways[0] and begin + metres <= ways[-1]:
                start = last_at(begin)
                found.append((round(first_at(begin + metres) - start, 9), start))
    return min(found, default=None)
