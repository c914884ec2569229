"""Sum up an activity as FIT's sessions do, or its laps where there is no session."""

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pipelines.archive.fit_protocol import TIMESTAMP, Messages
from pipelines.archive.recording import Floats, Session

Times = Callable[[Floats], Floats]

# The numbers of both messages in FIT's profile.
SESSION, LAP = 18, 19

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
_FRACTIONAL_CADENCE = {SESSION: 92, LAP: 80}
_SPORT_FIELDS = {SESSION: (5, 6), LAP: (25, 39)}
START_TIME = 2

MAX_SESSIONS = 200  # a file of legs and changes has some ten


def first_known(values: Floats, others: Floats) -> Floats:
    return np.where(np.isnan(values), others, values)


def with_fraction(whole: Floats, fraction: Floats) -> Floats:
    return whole + np.where(np.isnan(fraction), 0, fraction)


def sessions_of(messages: Messages, sports: Messages, to_epoch: Times, first_time: float) -> list[Session]:
    columns = _summary_columns(messages, SESSION, to_epoch, first_time)
    names = messages.texts(110)
    if len(messages) == len(sports) == 1:
        names = [names[0] or sports.texts(3)[0]]
    return [
        _session({name: column[n] for name, column in columns.items()}, names[n])
        for n in np.flatnonzero(~np.isnan(columns["start"]))[:MAX_SESSIONS].tolist()
    ]


def session_of_laps(laps: Messages, to_epoch: Times, first_time: float) -> list[Session]:
    """Return one session in place of the one that is missing: sums, highest values and means over the time."""
    columns = _summary_columns(laps, LAP, to_epoch, first_time)
    if not len(laps) or np.isnan(columns["start"]).all():
        return []
    whole = {name: column[0] for name, column in columns.items()}
    seconds = first_known(first_known(columns["timer_s"], columns["elapsed_s"]), np.zeros(len(laps)))
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
        numbers = of_session if kind == SESSION else of_lap
        known = [messages.numbers(number, scale) for number in numbers]
        columns[name] = functools.reduce(first_known, known)
    fraction = messages.numbers(_FRACTIONAL_CADENCE[kind], 128)
    columns["average_cadence_rpm"] = with_fraction(columns["average_cadence_rpm"], fraction)
    columns["sport"], columns["sub_sport"] = (messages.numbers(number) for number in _SPORT_FIELDS[kind])
    before_end = to_epoch(messages.numbers(TIMESTAMP)) - columns["elapsed_s"]
    start = first_known(to_epoch(messages.numbers(START_TIME)), before_end)
    columns["start"] = first_known(start, np.full(len(messages), first_time))
    return columns


def _session(values: Mapping[str, float], name: str) -> Session:
    known = {key: None if np.isnan(value) else float(value) for key, value in values.items()}
    start, sport, sub_sport = (known.pop(key) for key in ("start", "sport", "sub_sport"))
    pair = None if sport is None else (int(sport), int(sub_sport or 0))
    return Session(start=start or 0, sport=pair, name=name or None, **known)
