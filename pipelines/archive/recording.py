"""What a recording of a device holds, whichever format it came in: FIT, TCX and GPX are read into this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of each sample: degrees, metres since the start, metres, m/s, bpm, revolutions of one leg a minute, W, °C.
CHANNELS = ("lat", "lng", "distance", "altitude", "speed", "heartrate", "cadence", "watts", "temp")


@dataclass(frozen=True)
class Session:
    """One activity as the device has summed it up; a multisport file has one for each leg. `None` is unknown.

    `sport` is FIT's pair of numbers (sport, sub_sport), or the word in a TCX or GPX file.
    """

    start: float  # epoch seconds
    elapsed_s: float | None = None
    timer_s: float | None = None
    distance_m: float | None = None
    ascent_m: float | None = None
    calories_kcal: float | None = None
    average_heartrate_bpm: float | None = None
    max_heartrate_bpm: float | None = None
    average_cadence_rpm: float | None = None
    average_power_w: float | None = None
    max_power_w: float | None = None
    average_temperature_c: float | None = None
    max_speed_m_per_s: float | None = None
    sport: tuple[int, int] | str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Recording:
    """The samples of one file, in the order of the file.

    `time` is in epoch seconds and never NaN: a sample without a time is left out by the reader. Each of
    `channels` is as long as `time`, NaN where nothing was measured; a channel that the file has nowhere is
    not in it. `pauses` are the stretches (from, to) during which the device's timer stood still.
    """

    time: Floats
    channels: Mapping[str, Floats] = field(default_factory=dict)
    pauses: Sequence[tuple[float, float]] = ()
    sessions: Sequence[Session] = ()
    # Of the device's wall clock against UTC, as the file says it; whether it is plausible is not judged here.
    utc_offset_s: float | None = None
    device_name: str | None = None
    # What is wrong with the file, in words; everything before that place was read.
    fault: str | None = None


class UnreadableError(ValueError):
    """Nothing can be read of a file; the text says why."""
