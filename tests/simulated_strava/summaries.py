"""What Strava makes of a session: the summary that the API lists."""

import datetime as dt
import random
from typing import Any

import numpy as np

from tests.simulated_strava.athlete import (
    ATHLETE_ID,
    PLACES,
    RESERVE_BPM,
    RESTING_BPM,
    TIMEZONES,
    Activity,
    Session,
)
from tests.simulated_strava.land import degrees_at
from tests.simulated_strava.streams import recording_of, smooth

WITH_WORKOUT_TYPE = {"Run", "TrailRun", "Ride", "VirtualRide", "WeightTraining", "Workout"}
DEVICE_NAMES_SINCE = "2025-10-27"
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
    place = _start(rng, session, PLACES[local.tzinfo])  # type: ignore[index]
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
        "workout_type": rng.choice([10 if "Ride" in session.sport else 0, None]),
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
        "max_speed": 0,
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


def _start(rng: random.Random, session: Session, place: tuple[float, float]) -> list[float]:
    """Degrees: a course begins within some metres of its start, anything else in the streets around."""
    north, east = session.course.start_m if session.course else (0.0, 0.0)
    spread_m = 5 if session.course else 150
    near = np.array([north + rng.gauss(0, spread_m)]), np.array([east + rng.gauss(0, spread_m)])
    start: list[float] = degrees_at(list(place), *near)[0].tolist()
    return start


def _from_streams(activity: Activity) -> dict[str, Any]:
    """What Strava computes of the recording."""
    streams, session = recording_of(activity), activity.session
    assert session
    moving = activity.summary["moving_time"]
    out: dict[str, Any] = {
        "elapsed_time": max(int(streams["time"][-1]), 1),
        "max_speed": float(streams["velocity_smooth"].max()),
    }
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
        # What saws is no climb.
        climb = float(np.clip(np.diff(smooth(altitude, 27)), 0, None).sum())
        out |= {"elev_high": float(altitude.max()), "elev_low": float(altitude.min())}
        out["total_elevation_gain"] = round(climb, 1)
        out["end_latlng"] = streams["latlng"][-1].tolist()
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
