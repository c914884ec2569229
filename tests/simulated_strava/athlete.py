"""A plausible athlete's history, deterministic from its seed: summaries and the streams that belong to them."""

import datetime as dt
import math
import random
import zoneinfo
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

HOME = zoneinfo.ZoneInfo("Europe/Berlin")
TRIP = zoneinfo.ZoneInfo("Asia/Kolkata")
ATHLETE_ID = 24392837


@dataclass(frozen=True)
class Activity:
    """A summary as the API lists it, and what its streams are drawn from."""

    summary: dict[str, Any]
    streams_seed: int | None  # null: no streams
    step_s: int = 1
    samples: int | None = None  # set by a bench: exactly so many
    drawn_as: str = ""  # the sport it was recorded as: an edit of the sport leaves the samples alone

    @property
    def id(self) -> int:
        return int(self.summary["id"])

    def with_summary(self, **changes: Any) -> "Activity":
        return replace(self, summary={**self.summary, **changes})


@dataclass
class Day:
    kind: str
    sport: str
    distance_km: float
    speed: float  # m/s
    name: str
    hour: int = 7
    flags: dict[str, Any] = field(default_factory=dict)


def _week(rng: random.Random, week: int, progress: float) -> list[tuple[int, Day]]:
    """The training days of one week: three weeks build up, the fourth is easy."""
    block = week % 4
    load = (0.85, 1.0, 1.12, 0.65)[block] * (0.8 + 0.4 * progress)
    base = 2.75 + 0.35 * progress
    days: list[tuple[int, Day]] = []

    def run(weekday: int, km: float, speed: float, name: str, **flags: Any) -> None:
        days.append(
            (weekday, Day("run", flags.pop("sport", "Run"), km, speed, name, flags.pop("hour", 18), flags))
        )

    run(
        1,
        8 * load * rng.uniform(0.9, 1.1),
        base + 0.45,
        rng.choice(["Intervals 6 x 800 m", "Tempo run", "Track night"]),
    )
    if rng.random() < 0.8:
        run(3, 7 * load * rng.uniform(0.8, 1.2), base, "Easy evening run")
    if week % 13 == 12:
        race = rng.choice([(10.0, "City 10K"), (21.1, "Half marathon"), (5.0, "5K race")])
        run(6, race[0], base + 0.75 - race[0] * 0.012, race[1], hour=10, workout_type=1)
    elif rng.random() < 0.15:
        run(6, 16 * load, base - 0.3, "Hilly trail", sport="TrailRun", hour=9)
    else:
        run(
            6,
            15 * load * rng.uniform(0.9, 1.15),
            base - 0.1,
            "Long run",
            hour=9 if rng.random() < 0.9 else 23,
        )
    if rng.random() < 0.75:
        indoor = week % 52 in (*range(0, 9), *range(46, 52))
        km = 40 * load * rng.uniform(0.7, 1.4)
        days.append(
            (
                5,
                Day(
                    "ride",
                    "VirtualRide" if indoor else "Ride",
                    km,
                    7.6 + 0.6 * progress,
                    "Indoor ride" if indoor else "Weekend ride",
                    11,
                ),
            )
        )
    if rng.random() < 0.35:
        days.append((2, Day("ride", "Ride", 9, 5.8, "Commute", 8, {"commute": True})))
    if rng.random() < 0.45:
        days.append(
            (
                4,
                Day(
                    "swim", "Swim", rng.choice([1.0, 1.5, 2.0, 2.4]), 0.85, "Pool laps", 7, {"trainer": True}
                ),
            )
        )
    if rng.random() < 0.3:
        days.append((0, Day("gym", "WeightTraining", 0, 0, "Evening weights", 19)))
    if rng.random() < 0.07:
        days.append((5, Day("hike", "Hike", 12, 1.2, "Canyon hike ⛰️", 9)))
    if rng.random() < 0.05:
        days.append((4, Day("manual", "Run", 5, 2.7, "Watch was empty", 12)))
    if rng.random() < 0.04:
        days.append((3, Day("treadmill", "Run", 6, 2.8, "Treadmill", 12, {"trainer": True})))
    return days


def history(seed: int, *, years: float = 4, end: dt.date) -> list[Activity]:
    """Oldest first. Nothing lies after the noon of `end`."""
    rng = random.Random(seed)
    weeks = int(years * 52)
    monday = end - dt.timedelta(days=end.weekday()) - dt.timedelta(weeks=weeks - 1)
    out: list[Activity] = []
    next_id = 9_000_000_000 + seed * 1_000_000
    break_from = int(weeks * 0.45)
    limit = dt.datetime.combine(end, dt.time(12), dt.UTC)
    for week in range(weeks):
        if break_from <= week < break_from + 5:
            continue
        zone = TRIP if weeks > 60 and week in (weeks // 3, weeks // 3 + 1) else HOME
        for weekday, day in sorted(_week(rng, week, week / weeks), key=lambda item: item[0]):
            date = monday + dt.timedelta(weeks=week, days=weekday)
            local = dt.datetime.combine(date, dt.time(day.hour, rng.randrange(60), rng.randrange(60)), zone)
            if local.astimezone(dt.UTC) > limit:
                continue
            next_id += rng.randrange(1000, 900_000)
            out.append(_activity(rng, next_id, day, local))
    if len(out) > 30:
        # Uploaded late: an id higher than those of younger activities.
        out[-20] = out[-20].with_summary(id=out[-10].id + 1)
        out[-15] = out[-15].with_summary(name="")
        out[-14] = out[-14].with_summary(sport_type="Padel", type="Workout")
        out[-12] = out[-12].with_summary(private=True, visibility="only_me")
        elapsed = out[-13].summary["elapsed_time"]
        out[-13] = out[-13].with_summary(moving_time=elapsed + 1)
    return out


def demo_history() -> list[Activity]:
    """The athlete of `make demo`: three and a half years up to today."""
    return history(1, years=3.5, end=dt.datetime.now(dt.UTC).date())


def uniform_history(count: int, samples: int = 3600, seed: int = 1) -> list[Activity]:
    """For benches: outdoor rides with all eleven types and exactly so many samples."""
    rng = random.Random(seed)
    out = []
    for index in range(count):
        local = dt.datetime(2026, 5, 1, 8, tzinfo=HOME) - dt.timedelta(hours=20 * (count - index))
        day = Day("ride", "Ride", samples * 8 / 1000, 8.0, "Ride")
        activity = _activity(rng, 10**10 + index, day, local)
        out.append(
            replace(
                activity.with_summary(moving_time=samples - 1, elapsed_time=samples - 1),
                step_s=1,
                samples=samples,
            )
        )
    return out


def _activity(rng: random.Random, id_: int, day: Day, local: dt.datetime) -> Activity:
    start = local.astimezone(dt.UTC).replace(microsecond=0)
    offset = local.utcoffset() or dt.timedelta()
    is_outdoor = day.kind in ("run", "hike") or day.sport == "Ride"
    has_heartrate = day.kind not in ("manual",) and rng.random() < 0.92
    distance = round(day.distance_km * 1000 * rng.uniform(0.97, 1.03), 1)
    moving = round(distance / day.speed) if day.speed else rng.randrange(1500, 3600)
    elapsed = moving + (rng.choice([0, 0, 25, 90, 240]) if day.kind in ("run", "ride", "hike") else 0)
    climb = round(distance / 1000 * (25 if day.sport == "TrailRun" else 8) * rng.uniform(0.4, 1.6), 1)
    prefix = "(GMT+05:30) Asia/Kolkata" if local.tzinfo is TRIP else "(GMT+01:00) Europe/Berlin"
    seed = None if day.kind == "manual" else rng.randrange(2**31)
    base_type = {"TrailRun": "Run"}.get(day.sport, day.sport)
    polyline = "zhphFbrxyWnIl^va@`OtHbBzKwKnE|GoN`CeDcGgm@eMuCs]" if is_outdoor else ""
    place = [round(-38 + rng.uniform(-0.2, 0.2), 6), round(-130 + rng.uniform(-0.2, 0.2), 6)]
    summary: dict[str, Any] = {
        "resource_state": 2,
        "athlete": {"id": ATHLETE_ID, "resource_state": 1},
        "name": day.name,
        "distance": distance,
        "moving_time": moving,
        "elapsed_time": elapsed,
        "total_elevation_gain": climb if is_outdoor else 0,
        "type": base_type,
        "sport_type": day.sport,
        "id": id_,
        "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "start_date_local": (start + offset).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "timezone": prefix,
        "utc_offset": offset.total_seconds(),
        "location_city": None,
        "location_state": None,
        "location_country": None,
        "achievement_count": rng.randrange(4),
        "kudos_count": rng.randrange(30),
        "comment_count": rng.randrange(3),
        "athlete_count": 1,
        "photo_count": 0,
        "map": {"id": f"a{id_}", "summary_polyline": polyline, "resource_state": 2},
        "trainer": day.flags.get("trainer", False),
        "commute": day.flags.get("commute", False),
        "manual": day.kind == "manual",
        "private": False,
        "visibility": "everyone",
        "flagged": False,
        "gear_id": _gear(day, local),
        "start_latlng": place if is_outdoor else [],
        "end_latlng": place if is_outdoor else [],
        "average_speed": round(distance / moving, 3) if moving else 0.0,
        "max_speed": 0 if day.kind == "manual" else round(day.speed * 1.5, 3),
        "has_heartrate": has_heartrate,
        "heartrate_opt_out": False,
        "display_hide_heartrate_option": has_heartrate,
        "upload_id": None if day.kind == "manual" else id_ + 997_113_147,
        "external_id": None if day.kind == "manual" else f"garmin_ping_{id_ % 10**11}",
        "from_accepted_tag": False,
        "pr_count": 0,
        "total_photo_count": 0,
        "has_kudoed": False,
    }
    if day.kind in ("run", "ride", "treadmill", "manual"):
        summary["workout_type"] = day.flags.get("workout_type", rng.choice([0, None]))
    if day.kind != "manual":
        summary["upload_id_str"] = str(summary["upload_id"])
    activity = Activity(summary, seed, step_s=rng.choice([1, 1, 1, 1, 4]), drawn_as=day.sport)
    streams = streams_of(activity)
    if streams is None:
        return activity
    summary["elapsed_time"] = max(streams["time"][-1], 1)
    summary["moving_time"] = max(moving, 1)
    if "heartrate" in streams:
        beats = [beat for beat in streams["heartrate"] if beat is not None]
        summary["average_heartrate"] = round(sum(beats) / len(beats), 1)
        summary["max_heartrate"] = float(max(beats))
        summary["suffer_score"] = float(round(moving / 60))
    if "altitude" in streams:
        summary["elev_high"], summary["elev_low"] = max(streams["altitude"]), min(streams["altitude"])
    if "watts" in streams:
        watts = [value for value in streams["watts"] if value is not None]
        mean = sum(watts) / len(watts)
        summary |= {"average_watts": round(mean, 1), "max_watts": max(watts), "device_watts": True}
        summary |= {
            "weighted_average_watts": round(mean * 1.04),
            "kilojoules": round(mean * moving / 1000, 1),
        }
    if "cadence" in streams:
        summary["average_cadence"] = round(float(np.mean(streams["cadence"])), 1)
    if "temp" in streams:
        summary["average_temp"] = round(float(np.mean(streams["temp"])))
    return activity


def _gear(day: Day, local: dt.datetime) -> str | None:
    if day.kind in ("run", "treadmill"):
        return f"g{18894801 + local.year % 4 * 11}"
    if day.kind == "ride":
        return "b16008312" if day.sport == "Ride" else "b16008399"
    return None


def streams_of(activity: Activity) -> dict[str, list[Any]] | None:
    """Type -> data as the API serves it; null where Strava has none. Deterministic from the activity."""
    if activity.streams_seed is None:
        return None
    summary, rng = activity.summary, np.random.default_rng(activity.streams_seed)
    sport, total = activity.drawn_as, float(summary["distance"])
    seconds = int(summary["moving_time"])
    if activity.samples:
        time = np.arange(activity.samples)
    else:
        time = np.arange(0, seconds + 1, activity.step_s)
        pauses = int(summary["elapsed_time"]) - seconds
        if pauses > 0 and len(time) > 20:
            time = time + np.where(np.arange(len(time)) > len(time) * 2 // 5, pauses, 0)
    count = len(time)
    phase = np.arange(count) / max(count - 1, 1)
    is_gym = total == 0
    wave = 1 + 0.08 * np.sin(phase * 2 * math.pi * rng.integers(3, 12)) + rng.normal(0, 0.03, count)
    hills = np.zeros(count)
    is_outdoor = bool(summary["start_latlng"])
    if is_outdoor:
        for harmonic in (2, 5, 11):
            hills += (
                rng.uniform(2, 14)
                * np.sin(phase * 2 * math.pi * harmonic + rng.uniform(0, 6))
                / math.sqrt(harmonic)
            )
    slope = np.gradient(hills) if count > 1 else hills
    effort = np.clip(wave - slope * 0.4, 0.3, 2)
    steps = np.where(np.arange(count) == 0, 0, effort)
    distance = np.cumsum(steps)
    distance = (
        np.round(distance / distance[-1] * total, 1) if distance[-1] > 0 and not is_gym else np.zeros(count)
    )
    data: dict[str, list[Any]] = {"time": time.tolist(), "distance": distance.tolist()}
    gaps = np.maximum(np.diff(time, prepend=time[0] - 1), 1)
    speed = np.diff(distance, prepend=0) / np.minimum(gaps, 10)
    data["velocity_smooth"] = np.round(speed, 1).tolist()
    data["moving"] = ([False] + [True] * (count - 1)) if count else []
    if is_outdoor:
        angle = phase * 2 * math.pi
        lat = summary["start_latlng"][0] + 0.01 * np.sin(angle)
        lng = summary["start_latlng"][1] + 0.01 * (1 - np.cos(angle))
        data["latlng"] = np.round(np.column_stack([lat, lng]), 6).tolist()
        data["altitude"] = (np.round((60 + hills) / 0.2) * 0.2).round(1).tolist()
        run = np.maximum(np.diff(distance, prepend=-1), 0.5)
        data["grade_smooth"] = np.round(np.clip(slope / run * 100, -30, 30), 1).tolist()
    if summary["has_heartrate"]:
        easy = {"WeightTraining": 105, "Hike": 112, "Swim": 128}.get(sport, 138)
        hard = 22 if summary.get("workout_type") == 1 else 8
        beats = easy + hard * np.tanh(phase * 12) + 6 * phase + 25 * (effort - 1) + rng.normal(0, 1.5, count)
        data["heartrate"] = np.clip(np.round(beats), 70, 192).astype(int).tolist()
        if count > 50 and activity.streams_seed % 9 == 0:
            data["heartrate"][1] = None
    if sport in ("Run", "TrailRun", "Ride", "VirtualRide"):
        mean = 80 if sport in ("Run", "TrailRun") else 85
        data["cadence"] = np.clip(np.round(mean + rng.normal(0, 3, count)), 0, 120).astype(int).tolist()
    if sport in ("Ride", "VirtualRide") and not summary["commute"]:
        watts = 175 * effort**2 + rng.normal(0, 25, count)
        data["watts"] = np.clip(np.round(watts), 0, 900).astype(int).tolist()
        if count > 50 and activity.streams_seed % 5 == 0:
            data["watts"][7] = None
    if is_outdoor:
        data["temp"] = [18 + activity.streams_seed % 9] * count
    return data
