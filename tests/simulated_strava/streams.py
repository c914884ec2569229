"""The samples of an activity, as a device records them and as the API serves them."""

import math
from typing import Any

import numpy as np

from tests.simulated_strava.athlete import FTP_W, RESERVE_BPM, RESTING_BPM, Activity

EARTH_M = 6_371_008.8  # the mean radius


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
        data["latlng"] = _positions(summary["start_latlng"], distance)
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
    normal: np.ndarray = effort / effort.mean()
    return normal


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


def _positions(start: list[float], distance: np.ndarray) -> np.ndarray:
    """Degrees: rounds on a circle of about a kilometre's radius, as long as the distance and back at the start."""
    total = max(float(distance[-1]), 1)
    radius = total / (2 * math.pi * max(round(total / 6000), 1))
    angle = distance / radius
    north, east = radius * np.sin(angle), radius * (1 - np.cos(angle))
    lat = start[0] + np.degrees(north / EARTH_M)
    lng = start[1] + np.degrees(east / EARTH_M) / math.cos(math.radians(start[0]))
    return np.round(np.column_stack([lat, lng]), 6)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Mean over the last `width` values."""
    padded = np.concatenate([np.full(width - 1, values[0]), values])
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    means: np.ndarray = (sums[width:] - sums[:-width]) / width
    return means
