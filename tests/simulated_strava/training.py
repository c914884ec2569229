"""Histories, deterministic from their seed: the plan of each week, and the activities that come of it.

Every calendar week is drawn from a seed of its own, so that a history that ends later has the same past.
"""

import datetime as dt
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.simulated_strava.athlete import HOME, TRIP, Activity, Repeats, Session
from tests.simulated_strava.land import Course
from tests.simulated_strava.summaries import IDS_PER_MINUTE, activity_of

FIRST_WEEK = dt.date(2018, 1, 1)  # a Monday; weeks are counted from it
DEMO_BEGINS = dt.date(2023, 6, 5)
UNIFORM_BEGINS = dt.date(2025, 8, 24)
# Where the athlete comes again and again.
HARBOUR = Course(7000, 200)
HILL = Course(8200, 0)
TRAIL = Course(13000, 30)
COMMUTE = Course(9000, 150)
SHORE = Course(36000, 225)
RIDGE = Course(45000, 270)
RACES = (
    ("City 10K", 10, 1.0, Course(10000, 120, (500, 500))),
    ("Half marathon", 21.1, 0.945, Course(21100, 230, (500, 500))),
    ("5K race", 5, 1.05, Course(5000, 250, (-700, 0))),
    ("City marathon", 42.2, 0.86, Course(42200, 330, (500, 500))),
)


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
    if rng.random() < 0.25 * load:
        yield 0, Session("WeightTraining", "Evening weights", 0, 0, 0.5, hour=19, is_indoor=True)
    yield 1, _quality(rng, week, load)
    if rng.random() < 0.35:
        yield 2, Session("Ride", "Commute", 9, 5.8, 0.6, hour=8, course=COMMUTE, changes={"commute": True})
    if rng.random() < 0.8:
        yield 3, _evening_run(rng, week, load)
    elif rng.random() < 0.3:
        yield 3, run(rng, week, "Treadmill", 6, 0.75, hour=12, pause_s=0, is_indoor=True)
    if rng.random() < 0.45:
        km = rng.choice([1.0, 1.5, 2.0, 2.4])
        yield 4, Session("Swim", "Pool laps", km, rng.gauss(0.87, 0.03), 0.72, "pool", 7, 120, is_indoor=True)
    elif rng.random() < 0.08:
        manual = {"manual": True}
        yield (
            4,
            run(rng, week, "Watch was empty", 5, 0.72, hour=12, pause_s=0, is_indoor=True, changes=manual),
        )
    if rng.random() < 0.05:
        yield 5, Session("Hike", "Canyon hike ⛰️", 8, 1.2, 0.55, hour=10, pause_s=900, course=TRAIL)
    elif rng.random() < 0.75:
        yield 5, _weekend_ride(rng, week, load)
    if rng.random() < 0.05:
        yield 5, Session("Padel", "Padel with friends", 2.1, 0.6, 0.6, "surges", 15, is_indoor=True)
    yield 6, _sunday_run(rng, week, load)


def run(
    rng: random.Random, week: int, name: str, km: float, intensity: float, shape: str = "steady", **more: Any
) -> Session:
    """Return a run at a share of the week's threshold speed."""
    form = rng.gauss(1, 0.015)  # of the day: the same effort is not always the same pace
    pause_s = rng.choice([0, 0, 25, 90, 240])
    given = {"sport": "Run", "pause_s": pause_s, **more}
    return Session(
        name=name,
        distance_km=km,
        speed_m_per_s=threshold_speed(week) * intensity * form,
        intensity=intensity * rng.gauss(1, 0.01),
        shape=shape,
        **given,
    )


def _on(course: Course, rng: random.Random) -> float:
    """Kilometres of one round, as the watch has them."""
    return course.lap_m / 1000 * rng.gauss(1, 0.004)


def _quality(rng: random.Random, week: int, load: float) -> Session:
    """On Tuesdays: intervals, or a tempo run."""
    marked = {} if rng.random() < 0.15 else {"changes": {"workout_type": 3}}
    kind = rng.randrange(3)
    if kind == 0:
        km = 8 * load * rng.uniform(0.9, 1.1)
        return run(rng, week, "Tempo run", km, 0.89, "tempo", pause_s=0, **marked)
    if kind == 1:
        count = 6 if load > 0.7 else 4
        name, repeats = (
            f"Intervals {count} x 800 m",
            Repeats(count, 800, 300, 1.07, 0.68, 0.76, 2000 + 1000 * count),
        )
    else:
        count = 10 if load > 0.7 else 7
        name, repeats = (
            f"Intervals {count} x 400 m",
            Repeats(count, 400, 200, 1.12, 0.66, 0.76, 820 * count),
        )
    effort = repeats.mean_effort(in_metres=True)
    # In the park, where it is flat, another way each time.
    park = Course(1500, rng.uniform(0, 360), (-900, 700), bend=0)
    more = {"repeats": repeats, "course": park, "pause_s": 0, **marked}
    return run(rng, week, name, repeats.total / 1000, effort, "intervals", **more)


def _evening_run(rng: random.Random, week: int, load: float) -> Session:
    """On Thursdays: most often the loop before the door, now and then over the hill or somewhere else."""
    way = rng.random()
    if way < 0.45:
        return run(rng, week, "Harbour loop", _on(HARBOUR, rng), 0.77, course=HARBOUR)
    if way < 0.52:
        return run(rng, week, "Harbour loop, twice", 2 * _on(HARBOUR, rng), 0.74, course=HARBOUR)
    if way < 0.75:
        return run(rng, week, "Hill loop", _on(HILL, rng), 0.78, course=HILL)
    return run(rng, week, "Easy evening run", 7 * load * rng.uniform(0.8, 1.2), 0.77)


def _weekend_ride(rng: random.Random, week: int, load: float) -> Session:
    """On Saturdays: indoors in winter, else over the ridge, into a new direction, or far."""
    intensity = rng.gauss(0.72, 0.04)
    is_winter = week % 52 < 9 or week % 52 > 45
    given: dict[str, Any] = {"hour": 11, "is_indoor": is_winter, "has_power_meter": True}

    def ride(name: str, km: float, shape: str = "surges", **more: Any) -> Session:
        pause_s = 0 if is_winter else rng.choice([0, 90, 400])
        speed = 8 * (intensity / 0.72) ** 0.5
        sport = "VirtualRide" if is_winter else "Ride"
        return Session(sport, name, km, speed, intensity, shape, pause_s=pause_s, **given, **more)

    if week % 8 == 2 and not is_winter:
        return ride("Long ride", rng.uniform(100, 116), "fading")
    if rng.random() < 0.25:
        repeats = Repeats(4, 480, 240, 1.02, 0.5, 0.6, 4500)
        intensity = repeats.mean_effort(in_metres=False)
        name = "Indoor ride 4 x 8 min" if is_winter else "Ride 4 x 8 min"
        km = 4.5 * 8 * (intensity / 0.72) ** 0.5
        more = {} if is_winter else {"course": SHORE}
        return ride(name, km, "intervals", repeats=repeats, changes={"workout_type": 12}, **more)
    if is_winter:
        return ride("Indoor ride", 35 * load * rng.uniform(0.7, 1.4))
    if rng.random() < 0.4:
        return ride("Ridge loop", _on(RIDGE, rng), course=RIDGE)
    return ride("Weekend ride", 35 * load * rng.uniform(0.7, 1.4))


def _sunday_run(rng: random.Random, week: int, load: float) -> Session:
    """A race at the end of each quarter, else a long run or the trail."""
    if week % 13 == 12:
        name, km, intensity, course = RACES[week // 13 % len(RACES)]
        changes = {"workout_type": 1}
        return run(rng, week, name, km, intensity, "race", hour=10, pause_s=0, course=course, changes=changes)
    if rng.random() < 0.15:
        km = _on(TRAIL, rng)
        return run(rng, week, "Hilly trail", km, 0.72, "long", sport="TrailRun", hour=9, course=TRAIL)
    hour = 23 if rng.random() < 0.1 else 9
    marked = {} if rng.random() < 0.15 else {"changes": {"workout_type": 2}}
    km = 26 * rng.uniform(0.97, 1.06) if week % 8 == 6 else 12.5 * load * rng.uniform(0.9, 1.15)
    return run(rng, week, "Long run", km, 0.75, "long", hour=hour, **marked)


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
            if zone is TRIP and session.course:
                is_race = session.changes.get("workout_type") == 1
                name = session.name if is_race else f"{session.sport} on the trip"
                session = replace(session, name=name, course=None)
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
