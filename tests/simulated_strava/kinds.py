"""One activity of each kind whose summary Strava is known to list in a shape of its own."""

import datetime as dt
import random
from typing import Any

from tests.simulated_strava.athlete import HOME, TRIP, Activity, Session
from tests.simulated_strava.land import Course
from tests.simulated_strava.summaries import activity_of

PISTE = Course(6000, 270, (-400, -9500))  # up and down the highest hill around


def every_kind() -> list[Activity]:
    """Newest first, but for one that was uploaded late."""

    def kind(start: str, sport: str, km: float, speed: float, **more: Any) -> Activity:
        zone = more.pop("zone", HOME)
        session = Session(sport, more.pop("name", f"{sport} of its kind"), km, speed, **more)
        local = dt.datetime.fromisoformat(start).replace(tzinfo=zone)
        return activity_of(random.Random(start), session, local)

    only_me = {"private": True, "visibility": "only_me"}

    def plain(**changes: Any) -> dict[str, Any]:
        return {"changes": changes}

    def ski(start: str, km: float, **more: Any) -> Activity:
        return kind(start, "AlpineSki", km, 6, pause_s=9000, course=PISTE, **more)

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
            shape="tempo",
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
            **plain(start_latlng=[15.412345678901234, 73.61234567890123]),
        ),
        kind("2022-08-06T08:45:00", "Run", 30.6, 2.8, shape="long", name=""),
        kind("2022-05-11T14:46:00", "Swim", 0, 0, is_indoor=True, **plain(manual=True)),
        ski("2022-03-08T10:48:00", 33.3, has_sensors=False, **plain(from_accepted_tag=True)),
        kind("2021-05-08T14:21:00", "Ride", 0, 0, is_indoor=True, intensity=0.8),
        kind("2021-02-25T16:33:00", "Swim", 0.29, 0.24, pause_s=260, has_sensors=False),
        kind("2021-01-19T11:14:00", "BackcountrySki", 8.5, 1.0, pause_s=6000, course=PISTE),
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
