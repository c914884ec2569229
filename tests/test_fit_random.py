"""Random FIT files: valid ones as fitdecode reads them, broken ones read, refused, but never worse.

`make soak` draws more of them; `SEED=…` draws others.
"""

import io
import math
import random
import time
import warnings
from typing import Any

import fitdecode
import numpy as np
import pytest

from pipelines.archive.fit import read_fit
from pipelines.archive.recording import CHANNELS, UnreadableError
from tests.fit_files import BASE_TYPES, EPOCH, RECORD, FitFile, activity_file
from tests.fit_pulse import TIME, T, begun
from tests.rounds import ROUNDS, SEED

SPARE = 0xFF00  # a message that neither knows

# Fields of records: their numbers and the types that the profile gives them.
FIELDS = {
    0: "sint32",
    1: "sint32",
    2: "uint16",
    3: "uint8",
    4: "uint8",
    5: "uint32",
    6: "uint16",
    7: "uint16",
    13: "sint8",
    53: "uint8",
    73: "uint32",
    78: "uint32",
    200: "string",
    201: "float64",
    202: "uint32z",
}
# Of each channel, where fitdecode has it; the first that is there counts.
NAMES = {
    "lat": ("position_lat",),
    "lng": ("position_long",),
    "distance": ("distance",),
    "altitude": ("enhanced_altitude", "altitude"),
    "speed": ("enhanced_speed", "speed"),
    "heartrate": ("heart_rate",),
    "watts": ("power",),
    "temp": ("temperature",),
}


def random_file(draw: random.Random) -> bytes:
    """Return one or two files of definitions that replace one another and messages that take turns."""
    content = b""
    for _ in range(draw.choice((1, 1, 2))):
        fit = begun(header_size=draw.choice((12, 14)), has_header_crc=draw.random() < 0.7)
        now, is_timed = T + draw.randrange(10**8), False
        for _ in range(draw.randrange(3, 60)):
            # One of the first four, so that it can have a compressed time.
            local = draw.randrange(4)
            if local not in fit.definitions or draw.random() < 0.15 or local == 0:
                define(fit, local, draw)
            definition = fit.definitions[local]
            for _ in range(draw.choice((1, 1, 1, 5))):
                now += draw.choice((0, 1, 1, 1, 2, 31))
                has_time = definition.fields[0].number == 253
                # Where the field of the time is there, too, both readers would have to choose.
                is_short = is_timed and not has_time and draw.random() < 0.8
                is_timed |= has_time
                values = [random_value(draw, field.base_type) for field in definition.fields]
                if has_time:
                    values[0] = now
                    is_timed = True
                more = [draw.randbytes(size) for _, size, _ in definition.developer]
                fit.add(local, *values, *more, time_offset=now % 32 if is_short else None)
        content += fit.to_bytes()
    return content


def define(fit: FitFile, local: int, draw: random.Random) -> None:
    numbers = draw.sample(sorted(FIELDS), draw.randrange(len(FIELDS)))
    fields: list[Any] = [
        (number, FIELDS[number], *((draw.randrange(1, 9),) if FIELDS[number] == "string" else ()))
        for number in numbers
    ]
    if draw.random() < 0.7:
        fields.insert(0, TIME)
    developer = [(n, draw.randrange(1, 20), 0) for n in range(draw.choice((0, 0, 0, 2)))]
    message = draw.choice((RECORD, RECORD, RECORD, SPARE))
    if not fields:
        fields = [TIME]
    fit.define(local, message, fields, big_endian=draw.random() < 0.5, developer=developer)


def random_value(draw: random.Random, base_type: str) -> Any:
    code = BASE_TYPES[base_type][1]
    if draw.random() < 0.2:
        return None
    if code == "s":
        return "ä text"[: draw.randrange(7)]
    if code in "fd":
        return draw.uniform(-1e9, 1e9)
    bits = {"b": 8, "h": 16, "i": 32, "q": 64}[code.lower()]
    low = -(1 << bits - 1) if code.islower() else 0
    return draw.choice((0, 1, low, draw.randrange(low, low + (1 << bits)), draw.randrange(120)))


def by_fitdecode(content: bytes) -> tuple[list[float], dict[str, list[float]]]:
    """Return times and channels of all records as fitdecode has them."""
    times: list[float] = []
    channels: dict[str, list[float]] = {name: [] for name in CHANNELS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fitdecode.FitReader(io.BytesIO(content), check_crc=fitdecode.CrcCheck.RAISE) as reader:
            messages = [frame for frame in reader if isinstance(frame, fitdecode.FitDataMessage)]
    for message in messages:
        moment = message.get_value("timestamp", fallback=None)
        if message.name != "record" or moment is None:
            continue
        times.append(moment.timestamp())
        for name, names in NAMES.items():
            # Without those that fitdecode makes itself: an enhanced altitude of each short one.
            told = [field for field in message.fields if field.field_def is not None]
            values = [field.value for alias in names for field in told if field.name == alias]
            channels[name].append(next((float(value) for value in values if value is not None), math.nan))
        cadence, fraction = (
            message.get_value(name, fallback=None) for name in ("cadence", "fractional_cadence")
        )
        channels["cadence"].append(math.nan if cadence is None else cadence + (fraction or 0))
        lat, lng = (channels[name][-1] * 180 / 2**31 for name in ("lat", "lng"))
        is_nowhere = math.isnan(lat + lng) or (lat == 0 and lng == 0) or abs(lat) > 90
        channels["lat"][-1], channels["lng"][-1] = (math.nan, math.nan) if is_nowhere else (lat, lng)
    return times, channels


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_valid_files_are_read_as_by_fitdecode(round_: int) -> None:
    count = 0
    for n in range(40):
        content = random_file(random.Random(f"{SEED + round_} {n}"))
        times, channels = by_fitdecode(content)
        try:
            recording = read_fit(content)
        except UnreadableError:
            assert times == []
            continue
        assert recording.fault is None
        assert recording.time.tolist() == times
        for name in CHANNELS:
            ours = recording.channels.get(name, np.full(len(times), np.nan))
            np.testing.assert_allclose(ours, channels[name], rtol=1e-12, atol=1e-9, err_msg=f"{n} {name}")
        count += len(times)
    assert count > 400


def broken(content: bytes, draw: random.Random) -> bytes:
    """Return the content with bits flipped, bytes replaced, or parts cut out, doubled or swapped."""
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 10, 100))):
        at = draw.randrange(len(damaged))
        how = draw.randrange(5)
        if how == 0:
            damaged[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            damaged[at] = draw.choice((0, 0x40, 0x60, 0x80, 0xFF, draw.randrange(256)))
        elif how == 2:
            del damaged[at : at + draw.choice((1, 1, 5, 200))]
        elif how == 3:
            damaged[at:at] = draw.randbytes(draw.choice((1, 3, 30)))
        else:
            damaged[at:at] = damaged[draw.randrange(len(damaged)) :][:200]
        if len(damaged) < 20:
            break
    return bytes(damaged)


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_broken_files_are_read_or_refused_and_nothing_else(round_: int) -> None:
    draw = random.Random(f"{SEED + round_}")
    steps = np.arange(120, dtype=float)
    channels = {"lat": steps / 100, "lng": steps / 100, "heartrate": steps + 50, "cadence": steps / 2}
    whole = activity_file(T + EPOCH + steps, channels, pauses=[(T + EPOCH + 9, T + EPOCH + 20)])
    read = refused = 0
    for _ in range(600):
        content = broken(draw.choice((whole, random_file(draw))), draw)
        before = time.process_time()
        try:
            recording = read_fit(content)
        except UnreadableError:
            refused += 1
        else:
            read += 1
            assert not np.isnan(recording.time).any()
            assert all(len(values) == len(recording.time) for values in recording.channels.values())
            assert not any(np.isinf(values).any() for values in recording.channels.values())
        assert time.process_time() - before < 5
    assert min(read, refused) > 20
