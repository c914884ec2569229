"""Read a FIT file of an activity: what its messages mean.

Numbers of messages and fields, scales and units are those of Garmin's FIT profile (developer.garmin.com/fit).
"""

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipelines.archive.fit_protocol import TIMESTAMP, Definition, Messages, raw_times, take_apart
from pipelines.archive.recording import Floats, Recording, Session, UnreadableError

EPOCH = 631_065_600  # FIT counts its seconds from 1989-12-31T00:00:00Z
_CLOCK_IS_SET = 0x10000000  # a time below it counts from when the device was switched on

_FILE_ID, _SPORT, _SESSION, _LAP, _RECORD, _EVENT, _DEVICE_INFO = 0, 12, 18, 19, 20, 21, 23
_ACTIVITY, _CLOCK = 34, 162

# Of `file_id.type`; an activity is 4. A number that is not here is read if it holds samples.
_OTHER_KINDS = {
    1: "a device's abilities",
    2: "settings",
    3: "settings of a sport",
    5: "a workout",
    6: "a course",
    7: "a schedule",
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
    15: "Dynastream",
    23: "Suunto",
    32: "Wahoo",
    38: "o-synce",
    69: "Stages Cycling",
    70: "Sigma Sport",
    76: "Moxy",
    86: "Zwift",
    89: "Tacx",
    115: "iGPSPORT",
    123: "Polar",
    254: "Garmin Connect",
    258: "Lezyne",
    260: "Zwift",
    263: "Wattbike",
    265: "Strava",
    267: "Bryton",
    281: "TrainerRoad",
    289: "Hammerhead",
    294: "Coros",
    299: "Rouvy",
    310: "Leomo",
    331: "MyWhoosh",
}

# Of sessions and laps: the field of `Session`, its numbers in both messages (the first that holds a value is taken),
# its scale.
_SUMMARY: Sequence[tuple[str, tuple[int, ...], tuple[int, ...], float]] = (
    ("elapsed_s", (7,), (7,), 1000),
    ("timer_s", (8,), (8,), 1000),
    ("distance_m", (9,), (9,), 100),
    ("ascent_m", (22,), (21,), 1),
    ("calories_kcal", (11,), (11,), 1),
    ("average_heartrate_bpm", (16,), (15,), 1),
    ("max_heartrate_bpm", (17,), (16,), 1),
    ("average_cadence_rpm", (18,), (17,), 1),
    ("average_power_w", (20,), (19,), 1),
    ("max_power_w", (21,), (20,), 1),
    ("average_temperature_c", (57,), (50,), 1),
    ("max_speed_m_per_s", (125, 15), (111, 14), 1000),
)
_FRACTIONAL_CADENCE = {_SESSION: 92, _LAP: 80}
_SPORT_FIELDS = {_SESSION: (5, 6), _LAP: (25, 39)}
_START_TIME = 2

MAX_SESSIONS = 200  # a file of legs and changes has some ten

Times = Callable[[Floats], Floats]


def read_fit(content: bytes) -> Recording:
    """Return what the file, or several that are chained, hold of activities.

    What follows a fault is not read, and `fault` says what it is. A clock that was never set gives times from 1990
    on: they are right against each other only, which `fault` says, too. Raises `UnreadableError` for what is no FIT
    file, is of another kind than an activity, or holds neither a sample nor a session.
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
    to_epoch, doubt = _clock(messages(_CLOCK), raw)
    time = to_epoch(raw)
    is_timed = ~np.isnan(time)
    columns = {name: values[is_timed] for name, values in _channels(records).items()}
    first_time = float(time[is_timed][0]) if is_timed.any() else np.nan
    sessions = _sessions(messages(_SESSION), messages(_SPORT), to_epoch, first_time)
    sessions = sessions or _session_of_laps(messages(_LAP), to_epoch, first_time)
    if not len(records) and not sessions:
        raise UnreadableError(f"a FIT file without a sample or a session{f': {fault}' if fault else ''}")
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
    return lambda seconds: np.where(seconds < _CLOCK_IS_SET, seconds + move, seconds) + EPOCH, doubt


def _channels(records: Messages) -> dict[str, Floats]:
    lat, lng = records.numbers(0, 2**31 / 180), records.numbers(1, 2**31 / 180)
    # Without a fix some devices write zeros.
    is_nowhere = np.isnan(lat) | np.isnan(lng) | ((lat == 0) & (lng == 0)) | (np.abs(lat) > 90)
    lat[is_nowhere] = lng[is_nowhere] = np.nan
    channels = {
        "lat": lat,
        "lng": lng,
        "distance": records.numbers(5, 100),
        "altitude": _first_known(records.numbers(78, 5, 500), records.numbers(2, 5, 500)),
        "speed": _first_known(records.numbers(73, 1000), records.numbers(6, 1000)),
        "heartrate": records.numbers(3),
        "cadence": _with_fraction(records.numbers(4), records.numbers(53, 128)),
        "watts": records.numbers(7),
        "temp": records.numbers(13),
    }
    if records.has(8):
        speed, distance = _compressed_speed_and_distance(records)
        channels["speed"] = _first_known(channels["speed"], speed)
        channels["distance"] = _first_known(channels["distance"], distance)
    return channels


def _compressed_speed_and_distance(records: Messages) -> tuple[Floats, Floats]:
    """Return m/s and metres of the field that packs both: 12 bits in 1/100 m/s, 12 bits in 1/16 m that run over."""
    low, middle, high = records.bytes(8, 3).astype(np.float64).T
    is_none = (low == 0xFF) & (middle == 0xFF) & (high == 0xFF)
    speed = np.where(is_none, np.nan, (low + middle % 16 * 256) / 100)
    sixteenths = (middle // 16 + high * 16)[~is_none]
    distance = np.full(len(records), np.nan)
    distance[~is_none] = np.cumsum(np.diff(sixteenths, prepend=0) % 4096) / 16
    return speed, distance


def _first_known(values: Floats, others: Floats) -> Floats:
    return np.where(np.isnan(values), others, values)


def _with_fraction(whole: Floats, fraction: Floats) -> Floats:
    return whole + np.where(np.isnan(fraction), 0, fraction)


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


def _sessions(sessions: Messages, sports: Messages, to_epoch: Times, first_time: float) -> list[Session]:
    columns = _summary_columns(sessions, _SESSION, to_epoch, first_time)
    names = sessions.texts(110)
    if len(sessions) == len(sports) == 1:
        names = [names[0] or sports.texts(3)[0]]
    return [
        _session({name: column[n] for name, column in columns.items()}, names[n])
        for n in np.flatnonzero(~np.isnan(columns["start"]))[:MAX_SESSIONS].tolist()
    ]


def _session_of_laps(laps: Messages, to_epoch: Times, first_time: float) -> list[Session]:
    """Return one session in place of the one that is missing: sums, highest values and means over the time."""
    columns = _summary_columns(laps, _LAP, to_epoch, first_time)
    if not len(laps) or np.isnan(columns["start"]).all():
        return []
    whole = {name: column[0] for name, column in columns.items()}
    seconds = _first_known(_first_known(columns["timer_s"], columns["elapsed_s"]), np.zeros(len(laps)))
    for name, column in columns.items():
        known = column[~np.isnan(column)]
        if not len(known) or name in ("sport", "sub_sport"):
            continue
        if name == "start":
            whole[name] = known.min()
        elif name.startswith("max_"):
            whole[name] = known.max()
        elif name.startswith("average_"):
            weights = seconds[~np.isnan(column)]
            whole[name] = np.average(known, weights=weights) if weights.sum() else known.mean()
        else:
            whole[name] = known.sum()
    return [_session(whole, "")]


def _summary_columns(messages: Messages, kind: int, to_epoch: Times, first_time: float) -> dict[str, Floats]:
    columns = {}
    for name, of_session, of_lap, scale in _SUMMARY:
        numbers = of_session if kind == _SESSION else of_lap
        known = [messages.numbers(number, scale) for number in numbers]
        columns[name] = functools.reduce(_first_known, known)
    fraction = messages.numbers(_FRACTIONAL_CADENCE[kind], 128)
    columns["average_cadence_rpm"] = _with_fraction(columns["average_cadence_rpm"], fraction)
    columns["sport"], columns["sub_sport"] = (messages.numbers(number) for number in _SPORT_FIELDS[kind])
    before_end = to_epoch(messages.numbers(TIMESTAMP)) - columns["elapsed_s"]
    start = _first_known(to_epoch(messages.numbers(_START_TIME)), before_end)
    columns["start"] = _first_known(start, np.full(len(messages), first_time))
    return columns


def _session(values: Mapping[str, float], name: str) -> Session:
    known = {key: None if np.isnan(value) else float(value) for key, value in values.items()}
    start, sport, sub_sport = (known.pop(key) for key in ("start", "sport", "sub_sport"))
    pair = None if sport is None else (int(sport), int(sub_sport or 0))
    return Session(start=start or 0, sport=pair, name=name or None, **known)


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
