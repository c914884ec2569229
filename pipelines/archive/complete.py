"""What an original file lacks beside Strava's streams, worked out from the recording and the summary. Pure.

A file is neither cropped nor corrected, and holds no `moving`; its distance and speed may be missing, too.
Channels stay as the device wrote them wherever they can be what they say they are.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.archive.distance import (
    DISTANCE_TOLERANCE,
    Distance,
    Seconds,
    positions_distance,
    recorded_distance,
    without_longest_gaps,
)
from pipelines.archive.moving import moving_flags, speeds_of
from pipelines.archive.recording import Floats, Recording, Session
from pipelines.tables import SAMPLE_TYPES

WINDOW_TOLERANCE_S = 2  # a window this near to the summary's elapsed time is as long
# A climb counts from this height on. Strava (support article 216919447) takes 2 m where the altitude comes from
# a barometer and 10 m where it does not; a file does not say which it is.
CLIMB_M = 5.0
# A first sample this long after the start of the activity: the two clocks have nothing in common.
DAY_S = 86_400
# FIT's epoch and the 31 bits of seconds after it: whatever lies outside is no time of a recording.
FIRST_TIME = 631_065_600
LAST_TIME = FIRST_TIME + 2**31 - 1 - DAY_S
INTEGER_COLUMNS = frozenset({"heartrate", "cadence", "watts", "temp"})


@dataclass(frozen=True)
class Measures:
    """What the row of activities.csv says of the activity; `None` is unknown, all of it for a loose file."""

    start: float | None = None  # epoch seconds
    distance_m: float | None = None
    moving_time_s: float | None = None
    elapsed_time_s: float | None = None


@dataclass(frozen=True)
class Samples:
    """Columns of `tables.SAMPLE_TYPES`, equally long: `time` int32, `moving` bool, the others float64 with NaN.

    A column that has no value is not in it; `time` and `moving` always are. `repairs` says in words what was
    cropped, left out, worked out or fitted. `start` is the epoch second that `time` counts from, `None` without
    samples.
    """

    columns: Mapping[str, NDArray[Any]]
    repairs: tuple[str, ...] = ()
    start: int | None = None

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.columns.get("time", ()))


def session_of(recording: Recording, start: float | None) -> Session | None:
    """Return the session that begins nearest to `start`; without a start the first."""
    if start is None:
        return recording.sessions[0] if recording.sessions else None
    return min(recording.sessions, key=lambda session: abs(session.start - start), default=None)


def samples(recording: Recording, session: Session | None, measures: Measures) -> Samples:
    """Return the samples of one activity as Strava's streams would have them.

    `time` counts from the activity's start. `moving` says of the interval that the sample ends
    whether the athlete moved; the first sample, which ends none, says the same as the second.
    """
    repairs: list[str] = []
    time, channels = _samples_of(recording, session, repairs)
    if not len(time):
        return Samples({"time": np.zeros(0, np.int32), "moving": np.zeros(0, np.bool_)}, tuple(repairs))
    distance = _distance(recording, session, time, channels, measures.distance_m, repairs)
    window = _window(time, distance, measures)
    if window is None:
        repairs.append("lasts longer than Strava's summary says and no window of it fits: kept whole")
    else:
        if window != slice(0, len(time)):
            repairs.append("cropped to the window that Strava's summary describes")
            time, channels = time[window], {name: values[window] for name, values in channels.items()}
            distance = distance and distance.cut(window)
        distance = distance and without_longest_gaps(distance, measures.distance_m, repairs)
    speeds = speeds_of(time, distance, channels.pop("speed", None))
    moving = moving_flags(time, distance, speeds, recording.pauses, measures.moving_time_s, repairs)
    columns: dict[str, Floats | None] = {
        **channels,
        "distance": distance.metres if distance else None,
        "velocity_smooth": speeds,
    }
    columns |= {name: np.rint(channels[name]) for name in INTEGER_COLUMNS & channels.keys()}
    start = _start(session, measures, int(time[0]))
    return Samples(
        {
            "time": (time - start).astype(np.int32),
            "moving": moving,
            **{name: it for name, it in columns.items() if it is not None and not np.isnan(it).all()},
        },
        tuple(repairs),
        start,
    )


def _start(session: Session | None, measures: Measures, first_time: int) -> int:
    """Return the epoch second in which the activity starts: the summary's, else the session's.

    It is that of the first sample where that lies before it, or more than a day after it.
    """
    start = measures.start if measures.start is not None else session.start if session else first_time
    return math.floor(start) if 0 <= first_time - math.floor(start) <= DAY_S else first_time


def _samples_of(
    recording: Recording, session: Session | None, repairs: list[str]
) -> tuple[Seconds, dict[str, Floats]]:
    """Return the samples of the session in the order of time, one a second, without what cannot be a value."""
    keep = (recording.time >= FIRST_TIME) & (recording.time <= LAST_TIME)
    if session is not None and len(recording.sessions) > 1:
        first, end = _bounds(recording.sessions, session)
        is_inside = keep & (recording.time >= first) & (recording.time < end)
        keep = is_inside if is_inside.any() else keep
    time = np.floor(recording.time[keep]).astype(np.int64)
    channels = {
        # Beyond 31 bits lies no value of any channel, and none fits into the integer columns.
        name: np.where(np.abs(values[keep]) < 2**31, values[keep], np.nan)
        for name, values in recording.channels.items()
    }
    _drop_impossible_positions(channels, repairs)
    if (time[1:] <= time[:-1]).any():
        order = np.argsort(time, kind="stable")
        time, channels = _one_a_second(
            time[order], {name: values[order] for name, values in channels.items()}, repairs
        )
    return time, channels


def _bounds(sessions: Sequence[Session], session: Session) -> tuple[float, float]:
    """Return from when until when a sample belongs to the session; the first and last are open outwards."""
    starts = [other.start for other in sessions]
    first = -np.inf if session.start == min(starts) else session.start
    return first, min((start for start in starts if start > session.start), default=np.inf)


def _drop_impossible_positions(channels: dict[str, Floats], repairs: list[str]) -> None:
    """Take out the positions that are none: half of one, beyond a pole, and (0, 0), which means no fix."""
    lat, lng = channels.pop("lat", None), channels.pop("lng", None)
    if lat is None or lng is None:
        return
    is_position = (np.abs(lat) <= 90) & (np.abs(lng) <= 180) & ((lat != 0) | (lng != 0))
    if count := int((~is_position & ~np.isnan(lat) & ~np.isnan(lng)).sum()):
        repairs.append(f"impossible positions left out: {count}")
    channels["lat"], channels["lng"] = np.where(is_position, lat, np.nan), np.where(is_position, lng, np.nan)


def _one_a_second(
    time: Seconds, channels: dict[str, Floats], repairs: list[str]
) -> tuple[Seconds, dict[str, Floats]]:
    """Return one sample for each second: of each channel the first value that is there.

    Devices spread one moment over several records (position in one, heart rate in the next), and where a
    file has several samples a second the first lies nearest to the whole second.
    """
    starts = np.flatnonzero(np.diff(time, prepend=time[0] - 1))
    if len(starts) == len(time):
        return time, channels
    repairs.append(f"samples merged into another of the same second: {len(time) - len(starts)}")
    index, merged = np.arange(len(time)), {}
    for name, values in channels.items():
        first = np.minimum.reduceat(np.where(np.isnan(values), len(time), index), starts)
        merged[name] = np.append(values, np.nan)[first]
    return time[starts], merged


def _distance(
    recording: Recording,
    session: Session | None,
    time: Seconds,
    channels: Mapping[str, Floats],
    summary_m: float | None,
    repairs: list[str],
) -> Distance | None:
    """Return the recorded distance, else the one from positions; `None` without either.

    A counter that stood at 0 all the time though the athlete has gone somewhere has recorded none.
    """
    recorded = None
    if "distance" in channels:
        is_later_leg = session is not None and session.start > min(one.start for one in recording.sessions)
        recorded = recorded_distance(channels["distance"], is_later_leg, repairs)
    if recorded and (summary_m == 0 or "lat" not in channels or np.nanmax(recorded.metres) > 0):
        return recorded
    if "lat" in channels and (found := positions_distance(time, channels["lat"], channels["lng"])):
        repairs.append("distance from positions")
        return found
    return recorded


def _window(time: Seconds, distance: Distance | None, measures: Measures) -> slice | None:
    """Return which samples the summary describes; `None` where it describes a part, but not which.

    Of a recording longer than the summary that is the window of its length and distance that begins at the
    summary's start, else the one whose distance comes nearest, of equals the earliest.
    """
    elapsed_s, summary_m = measures.elapsed_time_s, measures.distance_m or 0
    if not elapsed_s or not time[-1] - time[0] > elapsed_s + WINDOW_TOLERANCE_S:
        return slice(0, len(time))
    ends = time + elapsed_s
    last = np.clip(np.searchsorted(time, ends), 1, len(time) - 1)
    last = np.where(ends - time[last - 1] <= time[last] - ends, last - 1, last)
    fits = np.abs(time[last] - ends) <= WINDOW_TOLERANCE_S
    difference_m = np.full(len(time), summary_m, np.float64)
    if distance:
        metres = distance.between_samples(time)
        difference_m = np.abs(metres[last] - metres - summary_m)
    fits &= difference_m <= DISTANCE_TOLERANCE * summary_m
    if measures.start is not None:
        first = int(np.searchsorted(time, np.floor(measures.start)))
        if first < len(time) and time[first] <= measures.start + WINDOW_TOLERANCE_S and fits[first]:
            return slice(first, int(last[first]) + 1)
    # Without a distance to meet, any window fits as well as any other.
    if not summary_m or not fits.any():
        return None
    first = int(np.argmin(np.where(fits, difference_m, np.inf)))
    return slice(first, int(last[first]) + 1)


def summary(recording: Recording, session: Session | None, found: Samples) -> dict[str, Any]:
    """Return what a file says of its activity, named as in `tables.ACTIVITIES`, and `calories` in kcal.

    It is the session's own where that is not 0, else worked out from the samples (means over samples, zeros
    included). The moving time is the timer's. What is not known is `None`.
    """
    start = found.start if found.start is not None else session.start if session else None
    own = session or Session(start=0)
    columns: dict[str, NDArray[Any] | None] = {**dict.fromkeys(SAMPLE_TYPES), **found.columns}
    time, moving, distance = found.columns["time"], found.columns["moving"], columns["distance"]
    altitude, watts = columns["altitude"], columns["watts"]
    distance_m = _first(own.distance_m, _reduced(np.nanmax, distance))
    elapsed_s = _first(own.elapsed_s, float(time[-1]) if len(time) else None)
    moving_s = _first(own.timer_s, float(np.diff(time)[moving[1:]].sum()) if len(time) else None)
    if elapsed_s and moving_s is not None:
        moving_s = min(moving_s, elapsed_s)
    return {
        "name": own.name,
        "start_date": None if start is None else dt.datetime.fromtimestamp(start, dt.UTC),
        "distance": distance_m,
        "moving_time": moving_s,
        "elapsed_time": elapsed_s,
        "total_elevation_gain": _first(own.ascent_m, None if altitude is None else climbed_m(altitude)),
        "elev_high": _reduced(np.nanmax, altitude),
        "elev_low": _reduced(np.nanmin, altitude),
        "average_speed": distance_m / moving_s if distance_m is not None and moving_s else None,
        "max_speed": _first(own.max_speed_m_per_s, _reduced(np.nanmax, columns["velocity_smooth"])),
        "has_heartrate": columns["heartrate"] is not None or own.average_heartrate_bpm is not None,
        "average_heartrate": _first(own.average_heartrate_bpm, _reduced(np.nanmean, columns["heartrate"])),
        "max_heartrate": _first(own.max_heartrate_bpm, _reduced(np.nanmax, columns["heartrate"])),
        "average_cadence": _first(own.average_cadence_rpm, _reduced(np.nanmean, columns["cadence"])),
        "device_watts": watts is not None or own.average_power_w is not None,
        "average_watts": _first(own.average_power_w, _reduced(np.nanmean, watts)),
        "max_watts": _first(own.max_power_w, _reduced(np.nanmax, watts)),
        "average_temp": _first(own.average_temperature_c, _reduced(np.nanmean, columns["temp"])),
        "calories": own.calories_kcal,
        "start_latlng": _position(columns["lat"], columns["lng"], 0),
        "end_latlng": _position(columns["lat"], columns["lng"], -1),
        "device_name": recording.device_name,
    }


def climbed_m(altitude: Floats) -> float:
    """Return the sum of the climbs: each at least 5 m high, and without a descent of 5 m inside it."""
    metres_up = altitude[~np.isnan(altitude)].tolist()
    total, low, high = 0.0, metres_up[0], metres_up[0]
    for metres in metres_up:
        if metres > high:
            high = metres
        elif high - metres >= CLIMB_M or metres < low:
            total += high - low if high - low >= CLIMB_M else 0
            low = high = metres
    return total + (high - low if high - low >= CLIMB_M else 0)


def _first(own: float | None, worked_out: float | None) -> float | None:
    """Return the session's own; a 0 of it only where the samples have nothing either."""
    return own if own or worked_out is None else worked_out


def _reduced(function: Callable[[Floats], Any], values: NDArray[Any] | None) -> float | None:
    return None if values is None else float(function(values))


def _position(lat: Floats | None, lng: Floats | None, which: int) -> list[float] | None:
    if lat is None or lng is None:
        return None
    index = np.flatnonzero(~np.isnan(lat))[which]
    return [float(lat[index]), float(lng[index])]
