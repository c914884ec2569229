"""The samples of an activity, as a device records them and as the API serves them."""

import math
from typing import Any

import numpy as np

from tests.simulated_strava.athlete import FTP_W, PLACES, RESERVE_BPM, RESTING_BPM, Activity, Session
from tests.simulated_strava.land import Course, Lap, degrees_at, lap_of, metres_between

RIDES = {"Ride", "VirtualRide"}
# Of eight watches one has a barometer that saws: metres up and down, samples from tooth to tooth.
SAW_M, SAW_SAMPLES = 1.0, 9


def streams_of(activity: Activity) -> dict[str, list[Any]] | None:
    """Type -> data as the API serves it, with a None here and there; None where Strava has none."""
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
    effort = _effort(session, phase, rng)
    lap = _lap(rng, activity, total) if summary["start_latlng"] else None
    gaps = np.minimum(np.diff(time, prepend=time[0]), 10 if session.shape != "pool" else 60)
    speed, slope = _speed(rng, session, effort, gaps, lap, total)
    covered = np.cumsum(gaps * speed)
    scale = total / covered[-1] if covered[-1] > 0 else 0
    distance = np.round(covered * scale, 1)
    data: dict[str, np.ndarray] = {"time": time, "distance": distance}
    data["velocity_smooth"] = np.round(smooth(speed * scale, 5), 1)
    data["moving"] = ~resumed
    if lap:
        data["latlng"] = _positions(summary["start_latlng"], lap, distance)
        height = np.interp(distance % lap.along_m[-1], lap.along_m, lap.altitude_m)
        if (activity.streams_seed or 0) % 8 == 3:
            height += SAW_M * (2 * (np.arange(count) % SAW_SAMPLES) / (SAW_SAMPLES - 1) - 1)
        data["altitude"] = np.round(np.round(height / 0.2) * 0.2, 1)
        data["grade_smooth"] = np.round(_grade_pct(data["altitude"], distance), 1)
    if session.has_sensors:
        # Beats follow the effort with a delay of half a minute and drift upwards over the hours.
        share = np.clip(
            session.intensity * smooth(effort, max(30 * count // max(int(time[-1]), 1), 1)) - 0.12, 0.15, 1
        )
        warm_up = 1 - 0.35 * np.exp(-(time - time[0]) / 120)
        drift = 1 + 0.035 * np.maximum(time - 1200, 0) / 3600
        warmth_c = _warmth_c(activity) if lap else 21.0
        beats = RESTING_BPM + RESERVE_BPM * share * warm_up * drift + rng.normal(0, 1.2, count)
        beats += 0.3 * (warmth_c - 12)  # heat costs beats
        data["heartrate"] = np.clip(np.round(beats), 60, 193).astype(int)
        if session.sport != "Swim":
            data["temp"] = np.round(warmth_c + 2 * phase).astype(int)
    is_ride = session.sport in RIDES and total > 0
    if session.has_sensors and (is_ride or session.sport in ("Run", "TrailRun", "Hike", "Workout")):
        # Of runs one leg's.
        mean = 84 if is_ride else 48 + 12 * min(session.speed_m_per_s, 3.5)
        data["cadence"] = np.clip(np.round(mean * effort**0.3 + rng.normal(0, 2, count)), 0, 120).astype(int)
    if session.has_power_meter:
        # Up a hill he gives more, unless he rides by the numbers.
        hard = np.ones(count) if session.repeats else 1 + 4 * slope
        watts = FTP_W * session.intensity * effort * hard * (1 + rng.normal(0, 0.12, count))
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


def _effort(session: Session, phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Effort over the session as a multiple of its mean."""
    shape = session.shape
    if session.repeats:
        seconds, efforts = zip(*session.repeats.stages(in_metres=session.sport not in RIDES), strict=True)
        ends = np.cumsum(seconds) / sum(seconds)
        effort = np.asarray(efforts)[np.searchsorted(ends[:-1], phase, side="right")]
    elif shape == "tempo":
        effort = np.where((phase < 0.25) | (phase > 0.85), 0.86, 1.1)
    elif shape == "race":
        effort = 1.02 - 0.04 * phase + 0.06 * (phase > 0.96)
    elif shape == "long":
        effort = 1.02 - 0.04 * phase
    elif shape == "surges":
        effort = 1 + 0.25 * smooth(rng.normal(0, 3, len(phase)), 40)
    elif shape == "fading":
        effort = 1.1 - 0.2 * phase + 0.25 * smooth(rng.normal(0, 3, len(phase)), 40)
    else:
        effort = 1 + 0.03 * np.sin(phase * 2 * math.pi * rng.integers(2, 6))
    effort = np.clip(effort, 0.3, 2)
    normal: np.ndarray = effort / effort.mean()
    return normal


def _lap(rng: np.random.Generator, activity: Activity, total_m: float) -> Lap:
    """One round of the session's course, or of one that is made for it and ends where it began."""
    start, session = activity.summary["start_latlng"], activity.session
    assert session
    heading = rng.uniform(0, 360)
    longest_m = 70_000 if session.sport in RIDES else 15_000
    free = Course(max(total_m, 1) / max(round(total_m / longest_m), 1), heading)
    place = min(PLACES.values(), key=lambda known: abs(known[0] - start[0]))
    return lap_of(session.course or free, metres_between(place, start))


def _speed(
    rng: np.random.Generator,
    session: Session,
    effort: np.ndarray,
    gaps: np.ndarray,
    lap: Lap | None,
    total_m: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Speed in any unit, and the slope (rise/run) at each sample."""
    is_ride = session.sport in RIDES
    # The air takes most of what a rider does more; a hill takes more from him than from a runner.
    flat = effort ** (0.4 if is_ride else 1) * (1 + rng.normal(0, 0.02, len(effort)))
    speed, slope = flat, np.zeros(len(effort))
    if lap:
        step_m = lap.along_m[1]
        slopes = np.diff(lap.altitude_m, append=lap.altitude_m[1]) / step_m
        # Where a hill lies in time depends on the speed, which depends on the hill: near enough after a few rounds.
        for _ in range(3):
            covered = np.cumsum(gaps * speed)
            along = covered * (total_m / max(covered[-1], 1e-9)) % lap.along_m[-1]
            slope = slopes[(along / step_m).astype(int)]
            speed = flat * np.clip(1 - (10 if is_ride else 3) * slope, 0.28, 1.5)
    return speed, slope


def _positions(start: list[float], lap: Lap, distance: np.ndarray) -> np.ndarray:
    along = distance % lap.along_m[-1]
    north = np.interp(along, lap.along_m, lap.north_m)
    return degrees_at(start, north, np.interp(along, lap.along_m, lap.east_m))


def _warmth_c(activity: Activity) -> float:
    """Of the month, and of the day."""
    month = int(activity.summary["start_date"][5:7])
    return 11 - 9 * math.cos(month * math.pi / 6) + (activity.streams_seed or 0) % 9 - 4


def _grade_pct(altitude: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Slope of the altitude over the 25 m before and after each sample, which is about what Strava smooths over."""
    begin, end = np.maximum(distance - 25, distance[0]), np.minimum(distance + 25, distance[-1])
    rise = np.interp(end, distance, altitude) - np.interp(begin, distance, altitude)
    grade: np.ndarray = np.clip(100 * rise / np.maximum(end - begin, 1), -50, 50)
    return grade


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Return the mean over the last `width` values."""
    padded = np.concatenate([np.full(width - 1, values[0]), values])
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    means: np.ndarray = (sums[width:] - sums[:-width]) / width
    return means
