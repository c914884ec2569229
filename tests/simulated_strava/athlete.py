"""A plausible athlete's history, deterministic from its seed: summaries and the streams that belong to them.

Every calendar week is drawn from a seed of its own, so that a history that ends later has the same past.
"""

import datetime as dt
import math
import random
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

HOME = zoneinfo.ZoneInfo("Europe/Berlin")
TRIP = zoneinfo.ZoneInfo("Asia/Kolkata")
# Strava's prefix is the standard offset, in summer, too.
TIMEZONES = {HOME: "(GMT+01:00) Europe/Berlin", TRIP: "(GMT+05:30) Asia/Kolkata"}
ATHLETE_ID = 24392837
FIRST_WEEK = dt.date(2018, 1, 1)  # a Monday; weeks are counted from it
DEMO_BEGINS = dt.date(2023, 6, 5)
UNIFORM_BEGINS = dt.date(2025, 8, 24)
FTP_W = 240
RESTING_BPM, RESERVE_BPM = 50, 138
WITH_WORKOUT_TYPE = {"Run", "TrailRun", "Ride", "VirtualRide", "WeightTraining", "Workout"}
DEVICE_NAMES_SINCE = "2025-10-27"


@dataclass(frozen=True)
class Session:
    """What the athlete set out to do. `intensity` is the mean effort as a share of the threshold's."""

    sport: str
    name: str
    distance_km: float
    speed_m_per_s: float
    intensity: float = 0.76
    shape: str = "steady"
    hour: int = 18
    pause_s: int = 0
    is_indoor: bool = False
    has_sensors: bool = True  # a telephone has none: no heart rate, cadence, temperature
    has_power_meter: bool = False
    # Fields of the summary that are not as the rest would have them.
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """A summary as the API lists it, and what its streams are drawn from."""

    summary: dict[str, Any]
    streams_seed: int | None  # null: no streams
    session: Session | None = None  # as it was recorded: a later edit of the summary leaves it alone
    is_smart: bool = False  # recorded every few seconds only
    samples: int | None = None  # set by a bench: exactly so many

    @property
    def id(self) -> int:
        return int(self.summary["id"])

    def with_summary(self, **changes: Any) -> "Activity":
        return replace(self, summary={**self.summary, **changes})


# --- the training plan ----------------------------------------------------------------------------------------


def is_break(week: int) -> bool:
    """Five weeks without training, once in two years."""
    return week % 104 in range(70, 75)


def threshold_speed(week: int) -> float:
    """Metres per second that the athlete can run for an hour: grows over the years, falls in a break."""
    growth = 0.45 * (1 - math.exp(-max(week - 208, 0) / 156))
    season = 0.12 * math.sin(2 * math.pi * (week - 12) / 52)
    since_break = (week - 75) % 104
    return 3.7 + 0.45 * (growth + season) - 0.2 * math.exp(-since_break / 8)


def week_of(rng: random.Random, week: int) -> Iterator[tuple[int, Session]]:
    """`(weekday, session)` of one week: three weeks build up, the fourth is easy."""
    load = (0.85, 1.0, 1.12, 0.65)[week % 4]
    threshold = threshold_speed(week)

    def run(km: float, intensity: float, name: str, shape: str = "steady", **more: Any) -> Session:
        form = rng.gauss(1, 0.015)  # of the day: the same effort is not always the same pace
        return Session(
            more.pop("sport", "Run"),
            name,
            km,
            threshold * intensity * form,
            intensity * rng.gauss(1, 0.01),
            shape,
            pause_s=more.pop("pause_s", rng.choice([0, 0, 25, 90, 240])),
            **more,
        )

    if rng.random() < 0.25 * load:
        yield 0, Session("WeightTraining", "Evening weights", 0, 0, 0.5, hour=19, is_indoor=True)
    quality = rng.choice(
        [
            ("Intervals 6 x 800 m", 0.87, "intervals"),
            ("Tempo run", 0.89, "tempo"),
            ("Track night", 0.88, "intervals"),
        ]
    )
    yield 1, run(8 * load * rng.uniform(0.9, 1.1), quality[1], quality[0], quality[2])
    if rng.random() < 0.35:
        commute = {"commute": True}
        yield 2, Session("Ride", "Commute", 9 * rng.uniform(0.95, 1.05), 5.8, 0.6, hour=8, changes=commute)
    if rng.random() < 0.8:
        yield 3, run(7 * load * rng.uniform(0.8, 1.2), 0.77, "Easy evening run")
    elif rng.random() < 0.3:
        yield 3, run(6, 0.75, "Treadmill", hour=12, pause_s=0, is_indoor=True)
    if rng.random() < 0.45:
        km = rng.choice([1.0, 1.5, 2.0, 2.4])
        yield 4, Session("Swim", "Pool laps", km, rng.gauss(0.87, 0.03), 0.72, "pool", 7, 120, is_indoor=True)
    elif rng.random() < 0.08:
        manual = {"manual": True}
        yield 4, run(5, 0.72, "Watch was empty", hour=12, pause_s=0, is_indoor=True, changes=manual)
    if rng.random() < 0.05:
        yield 5, Session("Hike", "Canyon hike ⛰️", 8, 1.2, 0.55, hour=10, pause_s=900)
    elif rng.random() < 0.75:
        is_winter = week % 52 < 9 or week % 52 > 45
        intensity = rng.gauss(0.72, 0.04)
        yield (
            5,
            Session(
                "VirtualRide" if is_winter else "Ride",
                "Indoor ride" if is_winter else "Weekend ride",
                40 * load * rng.uniform(0.7, 1.4),
                8 * (intensity / 0.72) ** 0.5,
                intensity,
                "surges",
                hour=11,
                pause_s=0 if is_winter else rng.choice([0, 90, 400]),
                is_indoor=is_winter,
                has_power_meter=True,
            ),
        )
    if rng.random() < 0.05:
        yield 5, Session("Padel", "Padel with friends", 2.1, 0.6, 0.6, "surges", 15, is_indoor=True)
    if week % 13 == 12:
        km, name, intensity = [(10, "City 10K", 1.0), (21.1, "Half marathon", 0.945), (5, "5K race", 1.05)][
            week // 13 % 3
        ]
        yield 6, run(km, intensity, name, "race", hour=10, pause_s=0, changes={"workout_type": 1})
    elif rng.random() < 0.15:
        yield 6, run(13 * load, 0.72, "Hilly trail", "long", sport="TrailRun", hour=9)
    else:
        hour = 23 if rng.random() < 0.1 else 9
        yield 6, run(15 * load * rng.uniform(0.9, 1.15), 0.75, "Long run", "long", hour=hour)


def history(seed: int, *, end: dt.date, years: float = 4, begin: dt.date | None = None) -> list[Activity]:
    """Oldest first; some are as odd as in real histories. Nothing lies after the noon of `end`."""
    last = (end - FIRST_WEEK).days // 7
    first = last + 1 - int(years * 52) if begin is None else (begin - FIRST_WEEK).days // 7
    limit = dt.datetime.combine(end, dt.time(12), dt.UTC)
    out: list[Activity] = []
    for week in range(first, last + 1):
        if is_break(week):
            continue
        rng = random.Random(f"{seed} {week}")
        zone = TRIP if week % 60 in (20, 21) else HOME
        for weekday, session in week_of(rng, week):
            date = FIRST_WEEK + dt.timedelta(weeks=week, days=weekday)
            at = dt.time(session.hour, rng.randrange(60), rng.randrange(60))
            activity = _odd(rng, activity_of(rng, session, dt.datetime.combine(date, at, zone)))
            if dt.datetime.fromisoformat(activity.summary["start_date"]) <= limit:
                out.append(activity)
    return out


def _odd(rng: random.Random, activity: Activity) -> Activity:
    """One in sixteen has something that real histories have, too."""
    summary = activity.summary
    match rng.randrange(80):
        case 0:
            return activity.with_summary(name="")
        case 1:
            return activity.with_summary(private=True, visibility="only_me")
        case 2:  # uploaded late: its id is higher than those of younger activities
            late = activity.id + 4 * 1440 * IDS_PER_MINUTE
            return activity.with_summary(id=late, map={**summary["map"], "id": f"a{late}"})
        case 3:
            return activity.with_summary(moving_time=summary["elapsed_time"] + 1)
        case 4:
            return activity.with_summary(flagged=True)
    return activity


def demo_history() -> list[Activity]:
    """The athlete of `make demo`, from the summer of 2023 to now: a later demo has the same past."""
    noon_passed = dt.datetime.now(dt.UTC) - dt.timedelta(hours=12)
    return history(1, begin=DEMO_BEGINS, end=noon_passed.date())


def uniform_history(
    count: int, samples: int = 3600, seed: int = 1, begin: dt.date = UNIFORM_BEGINS
) -> list[Activity]:
    """For benches: outdoor rides with all eleven types and exactly so many samples, one every 20 hours.

    Each is drawn from a seed of its own: one more is the same history and one activity that is newer.
    """
    session = Session("Ride", "Ride", samples * 8 / 1000, 8.0, 0.72, "surges", has_power_meter=True)
    first = dt.datetime.combine(begin, dt.time(8), HOME)
    out = []
    for index in range(count):
        rng = random.Random(f"{seed} {index}")
        activity = activity_of(rng, session, first + dt.timedelta(hours=20 * index), samples=samples)
        out.append(activity.with_summary(moving_time=samples - 1, elapsed_time=samples - 1))
    return out


def manual_activity(sport: str, name: str, local: dt.datetime) -> Activity:
    """An activity that was typed in."""
    session = Session(sport, name, 5, 2.5, is_indoor=True, changes={"manual": True})
    return activity_of(random.Random(name), session, local.replace(tzinfo=HOME))


def every_kind() -> list[Activity]:
    """One activity of each kind whose summary Strava is known to list in a shape of its own."""

    def kind(start: str, sport: str, km: float, speed: float, **more: Any) -> Activity:
        zone = more.pop("zone", HOME)
        session = Session(sport, more.pop("name", f"{sport} of its kind"), km, speed, **more)
        local = dt.datetime.fromisoformat(start).replace(tzinfo=zone)
        return activity_of(random.Random(start), session, local)

    only_me = {"private": True, "visibility": "only_me"}

    def plain(**changes: Any) -> dict[str, Any]:
        return {"changes": changes}

    def ski(start: str, km: float, **more: Any) -> Activity:
        return kind(start, "AlpineSki", km, 6, pause_s=9000, **more)

    out = [
        kind("2024-10-13T16:00:00", "Run", 6.7, 3.1),
        kind("2024-09-14T09:26:00", "TrailRun", 24.3, 2.4, shape="long", pause_s=540),
        kind("2024-09-08T07:09:00", "Run", 16.1, 3.4, intensity=0.97, shape="race", **plain(workout_type=1)),
        kind(
            "2024-08-21T09:54:00",
            "Workout",
            0.13,
            0.13,
            is_indoor=True,
            intensity=0.8,
            shape="intervals",
            **plain(elev_high=31.2, elev_low=30.8),
        ),
        kind("2024-02-22T15:30:00", "Run", 5.0, 2.9, has_sensors=False),
        ski("2024-02-16T09:47:00", 24.4),
        kind("2023-12-01T11:02:00", "Swim", 1.3, 0.4, is_indoor=True, shape="pool"),
        kind(
            "2023-07-21T08:46:00",
            "Hike",
            1.7,
            1.0,
            zone=TRIP,
            pause_s=1700,
            **plain(start_latlng=[-38.123456789012345, -130.12345678901234]),
        ),
        kind("2022-08-06T08:45:00", "Run", 30.6, 2.8, shape="long", name=""),
        kind("2022-05-11T14:46:00", "Swim", 0, 0, is_indoor=True, **plain(manual=True)),
        ski("2022-03-08T10:48:00", 33.3, has_sensors=False, **plain(from_accepted_tag=True)),
        kind("2021-05-08T14:21:00", "Ride", 0, 0, is_indoor=True, intensity=0.8),
        kind("2021-02-25T16:33:00", "Swim", 0.29, 0.24, pause_s=260, has_sensors=False),
        kind("2021-01-19T11:14:00", "BackcountrySki", 8.5, 1.0, pause_s=6000),
        ski("2021-01-15T10:02:00", 22.7),
        ski("2021-01-14T09:51:00", 30.3),
        kind("2020-06-29T10:51:00", "WeightTraining", 0, 0, is_indoor=True, intensity=0.5),
        kind("2020-06-29T10:35:00", "Run", 2.3, 2.75, is_indoor=True),
        kind("2020-02-19T17:36:00", "Run", 10, 3.5, pause_s=80, changes={"flagged": True, **only_me}),
        kind("2019-08-24T10:51:00", "Run", 1.26, 2.9),
        kind(
            "2017-07-06T20:03:00", "WeightTraining", 0, 0, is_indoor=True, changes={"manual": True, **only_me}
        ),
        kind("2017-04-22T17:45:00", "Run", 5.2, 3.85, is_indoor=True, **plain(manual=True)),
    ]
    older, younger = out[15], out[14]
    out[15] = older.with_summary(id=younger.id + 212_665)  # the older ski day was uploaded late
    out[19] = out[19].with_summary(moving_time=out[19].summary["elapsed_time"] + 1)
    return out


# --- summaries ------------------------------------------------------------------------------------------------

IDS_PER_MINUTE = 3000


def activity_of(
    rng: random.Random, session: Session, local: dt.datetime, *, samples: int | None = None
) -> Activity:
    """The activity as Strava makes it of a session: fields that do not apply are absent, null, "" or []."""
    start = local.astimezone(dt.UTC).replace(microsecond=0)
    offset = local.utcoffset() or dt.timedelta()
    minutes = int((start - dt.datetime(2017, 1, 1, tzinfo=dt.UTC)).total_seconds() // 60)
    id_ = 10**9 + minutes * IDS_PER_MINUTE + rng.randrange(IDS_PER_MINUTE)
    is_manual = session.changes.get("manual", False)
    has_gps = not session.is_indoor
    distance = round(session.distance_km * 1000.0, 1)
    moving = round(distance / session.speed_m_per_s) if session.speed_m_per_s else rng.randrange(1500, 3600)
    place = [round(-38 + rng.uniform(-0.2, 0.2), 6), round(-130 + rng.uniform(-0.2, 0.2), 6)]
    local_text = (start + offset).strftime("%Y-%m-%dT%H:%M:%SZ")  # a false Z: the clock on the wall
    summary: dict[str, Any] = {
        "resource_state": 2,
        "athlete": {"id": ATHLETE_ID, "resource_state": 1},
        "name": session.name,
        "distance": distance,
        "moving_time": moving,
        "elapsed_time": moving + session.pause_s,
        "total_elevation_gain": 0,
        "type": {"TrailRun": "Run", "Padel": "Workout"}.get(session.sport, session.sport),
        "sport_type": session.sport,
        "workout_type": rng.choice([0, None]),
        "id": id_,
        "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "start_date_local": local_text,
        "timezone": TIMEZONES[local.tzinfo],  # type: ignore[index]
        "utc_offset": offset.total_seconds(),
        "location_city": None,
        "location_state": None,
        "location_country": None,
        "achievement_count": rng.randrange(4),
        "kudos_count": rng.randrange(30),
        "comment_count": rng.randrange(3),
        "athlete_count": 1,
        "photo_count": 0,
        "map": {
            "id": f"a{id_}",
            "summary_polyline": "zhphFbrxyWnIl^va@`OtHbBzKwKnE|GoN`CeDcGgm@eMuCs]" if has_gps else "",
            "resource_state": 2,
        },
        "trainer": session.is_indoor and session.sport != "VirtualRide" and not is_manual,
        "commute": False,
        "manual": False,
        "private": False,
        "visibility": "everyone",
        "flagged": False,
        "gear_id": _gear(session, local),
        "start_latlng": place if has_gps else [],
        "end_latlng": place if has_gps else [],
        "average_speed": round(distance / moving, 3),
        "max_speed": 0 if is_manual else round(session.speed_m_per_s * 1.5, 3),
        "has_heartrate": False,
        "heartrate_opt_out": False,
        "display_hide_heartrate_option": False,
        "upload_id": None if is_manual else id_ + 997_113_147,
        "external_id": None if is_manual else f"garmin_ping_{id_ % 10**11}",
        "from_accepted_tag": False,
        "pr_count": 0,
        "total_photo_count": 0,
        "has_kudoed": False,
        **session.changes,
    }
    if session.sport not in WITH_WORKOUT_TYPE:
        del summary["workout_type"]
    if is_manual:
        return Activity(summary, None, session)
    summary["upload_id_str"] = str(summary["upload_id"])
    if local_text >= DEVICE_NAMES_SINCE:
        summary["device_name"] = "Acme Forerunner 7"
    activity = Activity(summary, rng.randrange(2**31), session, is_smart=rng.random() < 0.2, samples=samples)
    summary |= _from_streams(activity)
    return activity


def _from_streams(activity: Activity) -> dict[str, Any]:
    """What Strava computes of the recording."""
    streams, session = recording_of(activity), activity.session
    assert session
    moving = activity.summary["moving_time"]
    out: dict[str, Any] = {"elapsed_time": max(int(streams["time"][-1]), 1)}
    if "heartrate" in streams:
        beats = streams["heartrate"]
        minutes_hard = np.clip((beats - RESTING_BPM) / RESERVE_BPM, 0, 1) ** 3
        out |= {
            "has_heartrate": True,
            "display_hide_heartrate_option": True,
            "average_heartrate": round(float(beats.mean()), 1),
            "max_heartrate": float(beats.max()),
            "suffer_score": float(round(float(minutes_hard.mean()) * moving / 30)),
        }
    if "altitude" in streams:
        altitude = streams["altitude"]
        climb = float(np.clip(np.diff(altitude), 0, None).sum())
        out |= {"elev_high": float(altitude.max()), "elev_low": float(altitude.min())}
        out["total_elevation_gain"] = round(climb, 1)
    elif session.shape == "pool":
        out |= {"elev_high": 0.0, "elev_low": 0.0}
    if "watts" in streams:
        mean = float(streams["watts"].mean())
        out |= {
            "average_watts": round(mean, 1),
            "max_watts": int(streams["watts"].max()),
            "device_watts": True,
        }
        out |= {"weighted_average_watts": round(mean * 1.04), "kilojoules": round(mean * moving / 1000, 1)}
    elif session.sport == "Ride" and not session.is_indoor:
        # Strava's estimate without a power meter: neither a maximum nor a weighted mean.
        out |= {"average_watts": 97.3, "kilojoules": round(0.0973 * moving, 1), "device_watts": False}
    if "cadence" in streams:
        out["average_cadence"] = round(float(streams["cadence"].mean()), 1)
    if "temp" in streams:
        out["average_temp"] = round(float(streams["temp"].mean()))
    return out


def _gear(session: Session, local: dt.datetime) -> str | None:
    if session.sport in ("Run", "TrailRun", "Hike"):
        return f"g{18894801 + local.year % 4 * 11}"
    if session.sport in ("Ride", "VirtualRide") and session.distance_km:
        return "b16008312" if session.sport == "Ride" else "b16008399"
    return None


# --- streams --------------------------------------------------------------------------------------------------


def streams_of(activity: Activity) -> dict[str, list[Any]] | None:
    """Type -> data as the API serves it, with a null here and there; null where Strava has none."""
    if activity.streams_seed is None:
        return None
    streams = {name: values.tolist() for name, values in recording_of(activity).items()}
    for name, index, one_in in (("heartrate", 1, 9), ("watts", 7, 5), ("latlng", 0, 11)):
        if name in streams and len(streams["time"]) > 50 and activity.streams_seed % one_in == 0:
            streams[name][index] = None
    return streams


def recording_of(activity: Activity) -> dict[str, np.ndarray]:
    """Type -> values as a device records them. Deterministic from the activity."""
    summary, session = activity.summary, activity.session
    assert session
    rng = np.random.default_rng(activity.streams_seed)
    total, elapsed_s = float(summary["distance"]), int(summary["elapsed_time"])
    moving_s = min(int(summary["moving_time"]), elapsed_s)
    pause_s = elapsed_s - moving_s
    time, resumed = _clock(rng, activity, moving_s, pause_s)
    count = len(time)
    phase = np.linspace(0, 1, count)
    effort = _effort(session.shape, phase, rng)
    is_outdoor = bool(summary["start_latlng"])
    hills, slope = _hills(rng, session.sport, total, phase) if is_outdoor else (np.zeros(count),) * 2
    gaps = np.minimum(np.diff(time, prepend=time[0]), 10 if session.shape != "pool" else 60)
    speed = effort * np.clip(1 - 3 * slope, 0.5, 1.4) * (1 + rng.normal(0, 0.02, count))
    covered = np.cumsum(gaps * speed)
    scale = total / covered[-1] if covered[-1] > 0 else 0
    distance = np.round(covered * scale, 1)
    data: dict[str, np.ndarray] = {"time": time, "distance": distance}
    data["velocity_smooth"] = np.round(_smooth(speed * scale, 5), 1)
    data["moving"] = ~resumed
    if is_outdoor:
        angle = phase * 2 * math.pi
        lat = summary["start_latlng"][0] + 0.01 * np.sin(angle)
        lng = summary["start_latlng"][1] + 0.01 * (1 - np.cos(angle))
        data["latlng"] = np.round(np.column_stack([lat, lng]), 6)
        data["altitude"] = np.round(np.round((60 + hills) / 0.2) * 0.2, 1)
        data["grade_smooth"] = np.round(np.clip(slope * 100, -30, 30), 1)
    if session.has_sensors:
        # Beats follow the effort with a delay of half a minute and drift upwards over the hours.
        share = np.clip(
            session.intensity * _smooth(effort, max(30 * count // max(int(time[-1]), 1), 1)) - 0.12, 0.15, 1
        )
        warm_up = 1 - 0.35 * np.exp(-(time - time[0]) / 120)
        drift = 1 + 0.035 * np.maximum(time - 1200, 0) / 3600
        beats = RESTING_BPM + RESERVE_BPM * share * warm_up * drift + rng.normal(0, 1.2, count)
        data["heartrate"] = np.clip(np.round(beats), 60, 193).astype(int)
        if session.sport != "Swim":
            warmth = 11 - 9 * math.cos(int(summary["start_date"][5:7]) * math.pi / 6)
            data["temp"] = np.round((warmth if is_outdoor else 21) + 2 * phase).astype(int)
    is_ride = session.sport in ("Ride", "VirtualRide") and total > 0
    if session.has_sensors and (is_ride or session.sport in ("Run", "TrailRun", "Hike", "Workout")):
        # Of runs one leg's.
        mean = 84 if is_ride else 48 + 12 * min(session.speed_m_per_s, 3.5)
        data["cadence"] = np.clip(np.round(mean * effort**0.3 + rng.normal(0, 2, count)), 0, 120).astype(int)
    if session.has_power_meter:
        watts = FTP_W * session.intensity * effort * (1 + 6 * slope) * (1 + rng.normal(0, 0.12, count))
        data["watts"] = np.clip(np.round(watts), 0, 1100).astype(int)
        data["cadence"][data["watts"] < 40] = 0
    return data


def _clock(
    rng: np.random.Generator, activity: Activity, moving_s: int, pause_s: int
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of each sample, and whether the athlete had stood still before it."""
    session = activity.session
    assert session
    if activity.samples:
        time = np.arange(activity.samples)
    elif session.shape == "pool":
        # A watch records one sample a length of the pool.
        lengths = max(round(activity.summary["distance"] / 25), 2)
        strokes = np.cumsum(rng.uniform(0.94, 1.06, lengths))
        time = np.concatenate([[0], np.round(strokes / strokes[-1] * moving_s)]).astype(int)
    elif activity.is_smart:
        time = np.cumsum(rng.integers(1, 8, moving_s // 4 + 1))
        time = np.concatenate([[0], time[time < moving_s], [moving_s]])
    else:
        time = np.arange(moving_s + 1)
    resumed = np.arange(len(time)) == 0
    if pause_s and len(time) > 20 and not activity.samples:
        for share, at in ((pause_s - pause_s // 3, 0.4), (pause_s // 3, 0.7)):
            index = int(len(time) * at)
            time[index:] += share
            resumed[index] |= share > 0
    return time, resumed


def _effort(shape: str, phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Effort over the session as a multiple of its mean."""
    if shape == "intervals":
        fast = np.sin(phase * 2 * math.pi * 6 / 0.65 - 0.2 * 2 * math.pi * 6 / 0.65) > 0
        effort = np.where(fast, 1.24, 0.82)
        effort = np.where((phase < 0.2) | (phase > 0.85), 0.88, effort)
    elif shape == "tempo":
        effort = np.where((phase < 0.25) | (phase > 0.85), 0.86, 1.1)
    elif shape == "race":
        effort = 1.02 - 0.04 * phase + 0.06 * (phase > 0.96)
    elif shape == "long":
        effort = 1.02 - 0.04 * phase
    elif shape == "surges":
        effort = 1 + 0.25 * _smooth(rng.normal(0, 3, len(phase)), 40)
    else:
        effort = 1 + 0.03 * np.sin(phase * 2 * math.pi * rng.integers(2, 6))
    effort = np.clip(effort, 0.3, 2)
    return effort / effort.mean()


def _hills(
    rng: np.random.Generator, sport: str, total_m: float, phase: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Metres above the start, and their slope (rise/run), over the distance."""
    steepness = {"TrailRun": 2.5, "AlpineSki": 4, "BackcountrySki": 4}.get(sport, rng.uniform(0.3, 1.2))
    hills, slope = np.zeros(len(phase)), np.zeros(len(phase))
    for length_m in (3000, 1300, 500):
        wave = 2 * math.pi * max(round(total_m / length_m), 1)
        height, shift = steepness * rng.uniform(0.002, 0.006) * length_m, rng.uniform(0, 6)
        hills += height * (np.sin(phase * wave + shift) - math.sin(shift))
        slope += height * np.cos(phase * wave + shift) * wave / max(total_m, 1)
    return hills, slope


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over the last `width` values."""
    padded = np.concatenate([np.full(width - 1, values[0]), values])
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    return (sums[width:] - sums[:-width]) / width
