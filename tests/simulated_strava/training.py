"""Histories, deterministic from their seed: the plan of each week, and the activities that come of it.

Every calendar week is drawn from a seed of its own, so that a history that ends later has the same past.
"""

import datetime as dt
import math
import random
from collections.abc import Iterator
from typing import Any

from tests.simulated_strava.athlete import HOME, TRIP, Activity, Session
from tests.simulated_strava.summaries import IDS_PER_MINUTE, activity_of

FIRST_WEEK = dt.date(2018, 1, 1)  # a Monday; weeks are counted from it
DEMO_BEGINS = dt.date(2023, 6, 5)
UNIFORM_BEGINS = dt.date(2025, 8, 24)


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
