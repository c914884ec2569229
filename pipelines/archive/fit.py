"""Read a FIT file of an activity: what its messages mean.

Numbers of messages and fields, scales and units are those of Garmin's FIT profile (developer.garmin.com/fit).
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.archive.fit_protocol import TIMESTAMP, Definition, Messages, raw_times, take_apart
from pipelines.archive.fit_summary import (
    LAP,
    SESSION,
    START_TIME,
    Times,
    first_known,
    session_of_laps,
    sessions_of,
    with_fraction,
)
from pipelines.archive.recording import Floats, Recording, UnreadableError

EPOCH = 631_065_600  # FIT counts its seconds from 1989-12-31T00:00:00Z
_CLOCK_IS_SET = 0x10000000  # a time below it counts from when the device was switched on

_FILE_ID, _SPORT, _RECORD, _EVENT, _DEVICE_INFO = 0, 12, 20, 21, 23
_ACTIVITY, _LENGTH, _CLOCK = 34, 101, 162

# Of `file_id.type`; an activity is 4. A number that is not here is read if it holds samples.
_OTHER_KINDS = {
    1: "a device's abilities",
    2: "settings",
    3: "settings of a sport",
    5: "a workout",
    6: "a course",
    7: "a schedule",
    8: "places",
    9: "weights",
    10: "totals",
    11: "goals",
    14: "blood pressure",
    15: "monitoring",
    28: "monitoring",
    32: "monitoring",
    34: "a segment",
    35: "a list of segments",
}

# Of `manufacturer`, those whose files people upload.
_MANUFACTURERS = {
    1: "Garmin",
    6: "SRM",
    23: "Suunto",
    32: "Wahoo",
    38: "o-synce",
    40: "Concept2",
    45: "Xplova",
    67: "BKOOL",
    69: "Stages Cycling",
    70: "Sigma Sport",
    71: "TomTom",
    73: "Wattbike",
    86: "Elite",
    89: "Tacx",
    107: "Magene",
    115: "iGPSPORT",
    123: "Polar",
    132: "CYCPLUS",
    258: "Lezyne",
    260: "Zwift",
    263: "Favero",
    265: "Strava",
    267: "Bryton",
    281: "TrainerRoad",
    289: "Hammerhead",
    294: "COROS",
    307: "Onelap",
    310: "Decathlon",
    331: "MyWhoosh",
}

# Of records: each channel's field, scale and offset; the first that holds a value is taken: enhanced before short.
_CHANNELS: Mapping[str, Sequence[tuple[int, float, float]]] = {
    "lat": ((0, 2**31 / 180, 0),),
    "lng": ((1, 2**31 / 180, 0),),
    "distance": ((5, 100, 0),),
    "altitude": ((78, 5, 500), (2, 5, 500)),
    "speed": ((73, 1000, 0), (6, 1000, 0)),
    "heartrate": ((3, 1, 0),),
    "cadence": ((4, 1, 0),),
    "watts": ((7, 1, 0),),
    "temp": ((13, 1, 0),),
}
_COMPRESSED_SPEED_DISTANCE = 8
_FRACTIONAL_CADENCE = 53


def read_fit(content: bytes) -> Recording:
    """Return what the file, or several that are chained, hold of activities.

    What follows a fault is not read, and `fault` says what it is. A clock that was never set gives times from 1990
    on: they are right against each other only, which `fault` says, too. Raises `UnreadableError` for what is no FIT
    file, is of another kind than an activity, or holds neither a sample nor a session that has a time.
    """
    files, fault = take_apart(content)
    kinds = [_kind(content, file) for file in files]
    definitions = [
        item for kind, file in zip(kinds, files, strict=True) for item in file if kind not in _OTHER_KINDS
    ]
    if not definitions and kinds[0] in _OTHER_KINDS:
        raise UnreadableError(f"a FIT file of {_OTHER_KINDS[kinds[0]]}, not of an activity")

    @functools.cache
    def messages(number: int) -> Messages:
        return Messages(content, [item for item in definitions if item.message == number])

    records = messages(_RECORD)
    raw = raw_times(content, definitions, records)
    if len(messages(_LENGTH)) == len(records) and np.isnan(raw).all():
        raw = _ends_of_lengths(messages(_LENGTH))
    to_epoch, doubt = _clock(messages(_CLOCK), raw)
    time = to_epoch(raw)
    is_timed = ~np.isnan(time)
    columns = {name: values[is_timed] for name, values in _channels(records).items()}
    first_time = float(time[is_timed][0]) if is_timed.any() else np.nan
    sessions = sessions_of(messages(SESSION), messages(_SPORT), to_epoch, first_time)
    sessions = sessions or session_of_laps(messages(LAP), to_epoch, first_time)
    if not is_timed.any() and not sessions:
        why = f": {fault}" if fault else ""
        raise UnreadableError(f"a FIT file without a sample or a session that has a time{why}")
    return Recording(
        time=time[is_timed],
        channels={name: values for name, values in columns.items() if not np.isnan(values).all()},
        pauses=_pauses(messages(_EVENT), to_epoch(raw_times(content, definitions, messages(_EVENT)))),
        sessions=sessions,
        utc_offset_s=_utc_offset_s(messages(_ACTIVITY)),
        device_name=_device_name(messages(_FILE_ID), messages(_DEVICE_INFO)),
        fault=fault or doubt,
    )


def _kind(content: bytes, file: Sequence[Definition]) -> int:
    kind = Messages(content, [item for item in file if item.message == _FILE_ID]).numbers(0)
    return int(kind[0]) if len(kind) and not np.isnan(kind[0]) else -1


def _ends_of_lengths(lengths: Messages) -> Floats:
    """Return the times of records without one: watches for the pool wrote one record for each length."""
    return np.floor(lengths.numbers(START_TIME) + lengths.numbers(3, 1000))


def _clock(correlations: Messages, raw: Floats) -> tuple[Times, str | None]:
    """Return how FIT's seconds become the epoch's, and what is doubtful in that.

    Seconds since the device was switched on are moved by a message that says both clocks. Without one they are no
    time if the samples have real ones, too; if they have none, they stay as they are.
    """
    moves = correlations.numbers(TIMESTAMP) - correlations.numbers(1)
    moves = moves[~np.isnan(moves)]
    is_relative = raw < _CLOCK_IS_SET
    has_real = bool((raw >= _CLOCK_IS_SET).any())
    move = moves[0] if len(moves) else np.nan if has_real else 0
    doubt = None
    if is_relative.any() and not len(moves):
        count = f"{is_relative.sum():,} samples from before its clock was set have no time"
        doubt = count if has_real else "its clock was never set: its date and time of day are unknown"

    def to_epoch(seconds: Floats) -> Floats:
        seconds = np.where(seconds < _CLOCK_IS_SET, seconds + move, seconds)
        return np.where((seconds >= 0) & (seconds < 2**32), seconds + EPOCH, np.nan)

    return to_epoch, doubt


def _channels(records: Messages) -> dict[str, Floats]:
    columns = {
        name: [records.numbers(*field) for field in fields if records.has(field[0])]
        for name, fields in _CHANNELS.items()
    }
    if records.has(_FRACTIONAL_CADENCE):
        fraction = records.numbers(_FRACTIONAL_CADENCE, 128)
        columns["cadence"] = [with_fraction(whole, fraction) for whole in columns["cadence"]]
    if records.has(_COMPRESSED_SPEED_DISTANCE):
        speed, distance = _compressed_speed_and_distance(records)
        columns["speed"].append(speed)
        columns["distance"].append(distance)
    channels = {name: functools.reduce(first_known, found) for name, found in columns.items() if found}
    lat, lng = (channels.pop(name, np.full(len(records), np.nan)) for name in ("lat", "lng"))
    # Without a fix some devices write zeros.
    is_somewhere = ((lat != 0) | (lng != 0)) & (np.abs(lat) <= 90) & ~np.isnan(lng)
    position = {"lat": np.where(is_somewhere, lat, np.nan), "lng": np.where(is_somewhere, lng, np.nan)}
    return position | channels


def _compressed_speed_and_distance(records: Messages) -> tuple[Floats, Floats]:
    """Return m/s and metres of the field that packs both: 12 bits in 1/100 m/s, 12 bits in 1/16 m that run over."""
    low, middle, high = records.bytes(_COMPRESSED_SPEED_DISTANCE, 3).astype(np.float64).T
    is_none = (low == 0xFF) & (middle == 0xFF) & (high == 0xFF)
    speed = np.where(is_none, np.nan, (low + middle % 16 * 256) / 100)
    sixteenths = (middle // 16 + high * 16)[~is_none]
    distance = np.full(len(records), np.nan)
    distance[~is_none] = np.cumsum(np.diff(sixteenths, prepend=0) % 4096) / 16
    return speed, distance


def _pauses(events: Messages, times: Floats) -> list[tuple[float, float]]:
    """Return from where to where the timer stood still: from its first stop to its next start."""
    is_timer = (events.numbers(0) == 0) & ~np.isnan(times)
    pauses, stopped = [], None
    for time, what in zip(times[is_timer].tolist(), events.numbers(1)[is_timer].tolist(), strict=True):
        if what == 0:
            if stopped is not None and time > stopped:
                pauses.append((stopped, time))
            stopped = None
        elif what in (1, 4, 8, 9) and stopped is None:
            stopped = time
    return pauses


def _utc_offset_s(activities: Messages) -> float | None:
    offsets = activities.numbers(5) - activities.numbers(TIMESTAMP)
    known = offsets[~np.isnan(offsets)]
    return float(known[-1]) if len(known) else None


def _device_name(files: Messages, devices: Messages) -> str | None:
    """Return the product's name, else that of its manufacturer and the product's number, else `None`."""
    own = (devices.numbers(0) == 0).tolist()
    texts = files.texts(8) + [text for text, is_own in zip(devices.texts(27), own, strict=True) if is_own]
    name = next((text for text in texts if text), None)
    if name is None and len(files) and files.numbers(1)[0] in _MANUFACTURERS:
        name, product = _MANUFACTURERS[int(files.numbers(1)[0])], files.numbers(2)[0]
        name += "" if np.isnan(product) else f" {int(product)}"
    return name
