"""Writes FIT files: any valid one by hand (`FitFile`), and a whole activity from arrays (`activity_file`).

Follows Garmin's "FIT Protocol" (developer.garmin.com/fit/protocol). It shares no code with our decoder, so that
the one can be tested against the other.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

EPOCH = 631_065_600  # 1989-12-31T00:00:00Z, from which FIT counts its seconds
SEMICIRCLES = 2**31 / 180  # of one degree

# Of each base type: its number, how `struct` writes it, the value that means "nothing".
BASE_TYPES: Mapping[str, tuple[int, str, Any]] = {
    "enum": (0x00, "B", 0xFF),
    "sint8": (0x01, "b", 0x7F),
    "uint8": (0x02, "B", 0xFF),
    "string": (0x07, "s", 0),
    "uint8z": (0x0A, "B", 0),
    "byte": (0x0D, "B", 0xFF),
    "sint16": (0x83, "h", 0x7FFF),
    "uint16": (0x84, "H", 0xFFFF),
    "sint32": (0x85, "i", 0x7FFFFFFF),
    "uint32": (0x86, "I", 0xFFFFFFFF),
    "float32": (0x88, "f", float("nan")),
    "float64": (0x89, "d", float("nan")),
    "uint16z": (0x8B, "H", 0),
    "uint32z": (0x8C, "I", 0),
    "sint64": (0x8E, "q", 0x7FFFFFFFFFFFFFFF),
    "uint64": (0x8F, "Q", 0xFFFFFFFFFFFFFFFF),
    "uint64z": (0x90, "Q", 0),
}

FILE_ID, SESSION, LAP, RECORD, EVENT, DEVICE_INFO, ACTIVITY = 0, 18, 19, 20, 21, 23, 34
SPORT, FIELD_DESCRIPTION, DEVELOPER_DATA_ID = 12, 206, 207


class Field(NamedTuple):
    """A field of a definition. `size` in bytes; by default one value of its type."""

    number: int
    base_type: str
    size: int | None = None

    @property
    def bytes(self) -> int:
        return self.size if self.size is not None else struct.calcsize(BASE_TYPES[self.base_type][1])


class Definition(NamedTuple):
    """What a local number stands for. `developer` are (field number, size, index of the developer)."""

    message: int
    fields: Sequence[Field]
    order: str
    developer: Sequence[tuple[int, int, int]]


class FitFile:
    """A FIT file, written message by message; chained files are the bytes of several, one after the other."""

    def __init__(self, *, header_size: int = 14, has_header_crc: bool = True) -> None:
        self.header_size = header_size
        self.has_header_crc = has_header_crc
        self.body = bytearray()
        self.definitions: dict[int, Definition] = {}

    def define(
        self,
        local: int,
        message: int,
        fields: Iterable[Field | tuple[int, str] | tuple[int, str, int]],
        *,
        big_endian: bool = False,
        developer: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """Write what the messages with this local number (0 to 15) are from now on."""
        order = ">" if big_endian else "<"
        these = [Field(*field) for field in fields]
        self.definitions[local] = Definition(message, these, order, developer)
        self.body += struct.pack(
            order + "BBBHB", 0x40 | 0x20 * bool(developer) | local, 0, big_endian, message, len(these)
        )
        for field in these:
            self.body += bytes((field.number, field.bytes, BASE_TYPES[field.base_type][0]))
        if developer:
            self.body += bytes((len(developer), *(number for triple in developer for number in triple)))

    def add(self, local: int, *values: Any, time_offset: int | None = None) -> None:
        """Write one message: a value for each field, then one for each developer field.

        A value is a number, a sequence of numbers, a text, the very bytes, or `None` for "nothing".
        `time_offset` (0 to 31) gives it the header that holds the last five bits of its time.
        """
        definition = self.definitions[local]
        self.body.append(local if time_offset is None else 0x80 | local << 5 | time_offset)
        sizes = [field.bytes for field in definition.fields] + [size for _, size, _ in definition.developer]
        assert len(values) == len(sizes), (values, definition)
        for number, (value, size) in enumerate(zip(values, sizes, strict=True)):
            kind = definition.fields[number].base_type if number < len(definition.fields) else "byte"
            self.body += _encoded(value, kind, size, definition.order)

    def rows(self, local: int, *columns: Any) -> NDArray[np.uint8]:
        """Return many messages as bytes, one in each row of an array: for `append`, whole or in parts.

        A column is an array of one number for each message in the unit of the file, NaN for "nothing".
        """
        definition = self.definitions[local]
        codes = [BASE_TYPES[field.base_type] for field in definition.fields]
        kind = np.dtype(
            [("header", "u1")] + [(str(n), definition.order + code) for n, (_, code, _) in enumerate(codes)]
        )
        rows = np.zeros(len(columns[0]), kind)
        rows["header"] = local
        for number, (column, (_, code, nothing)) in enumerate(zip(columns, codes, strict=True)):
            values = np.asarray(column, dtype=float)
            if code not in "fd":
                values = np.where(np.isnan(values), float(nothing), np.rint(values))
                limits = np.iinfo(kind[str(number)])
                assert not len(values) or limits.min <= values.min() <= values.max() <= limits.max
            rows[str(number)] = values
        return rows.view(np.uint8).reshape(len(rows), kind.itemsize)

    def append(self, content: bytes | bytearray | NDArray[np.uint8]) -> None:
        """Write bytes as they are."""
        self.body += content.tobytes() if isinstance(content, np.ndarray) else content

    def to_bytes(self) -> bytes:
        """Return the whole file with its header and checksums."""
        header = struct.pack("<BBHI4s", self.header_size, 0x20, 2195, len(self.body), b".FIT")
        if self.header_size > 12:
            header += struct.pack("<H", crc(header) if self.has_header_crc else 0)
        content = header.ljust(self.header_size, b"\0") + self.body
        return bytes(content + struct.pack("<H", crc(content)))


def _encoded(value: Any, base_type: str, size: int, order: str) -> bytes:
    if isinstance(value, bytes):
        assert len(value) == size, (value, size)
        return value
    _, code, nothing = BASE_TYPES[base_type]
    if code == "s":
        return (value or "").encode()[: size - 1].ljust(size, b"\0")
    count = size // struct.calcsize(code)
    values = [value] * count if value is None or not isinstance(value, Sequence) else list(value)
    packed = struct.pack(order + str(count) + code, *(nothing if v is None else v for v in values))
    assert len(packed) == size, (base_type, size)
    return packed


LANE = 256  # words that the checksum goes through at a step


def _tables() -> tuple[NDArray[np.int64], list[int]]:
    """Return what each checksum becomes by two bytes, and by a whole lane, of zeros.

    The polynomial is x^16 + x^15 + x^2 + 1, lowest bit first.
    """
    word = np.arange(1 << 16, dtype=np.int64)
    for _ in range(16):
        word = np.where(word & 1, (word >> 1) ^ 0xA001, word >> 1)
    lane = word
    for _ in range(LANE.bit_length() - 1):
        lane = lane[lane]
    return word, lane.tolist()


_WORD, _LANE = _tables()


def crc(content: bytes | bytearray) -> int:
    """Return FIT's checksum (CRC-16/ARC): of all lanes at once, then of one after the other.

    It is linear: what came before a lane counts as if the lane were zeros.
    """
    # Zeros in front change nothing.
    whole = content.rjust(-(-len(content) // (2 * LANE)) * 2 * LANE, b"\0")
    lanes = np.zeros(len(whole) // (2 * LANE), dtype=np.int64)
    for words in np.ascontiguousarray(np.frombuffer(whole, "<u2").reshape(-1, LANE).T):
        lanes = _WORD[lanes ^ words]
    value = 0
    for lane in lanes.tolist():
        value = _LANE[value] ^ lane
    return value


def activity_file(
    time: Any,
    channels: Mapping[str, Any],
    *,
    pauses: Sequence[tuple[float, float]] = (),
    sport: int = 1,
    sub_sport: int = 0,
    utc_offset_s: float | None = 0,
    product_name: str | None = "Marts One",
    elapsed_s: float | None = None,
    timer_s: float | None = None,
    distance_m: float | None = None,
    ascent_m: float | None = None,
    calories_kcal: float | None = None,
    start: float | None = None,
) -> bytes:
    """Return the FIT file of one activity: file_id, device_info, events, records, a lap, the session, activity.

    `time` holds epoch seconds, whole and rising, one for each sample. `channels` are as in
    `pipelines.archive.recording.CHANNELS` (lat, lng in degrees, distance in m, altitude in m, speed in m/s,
    heartrate in bpm, cadence in revolutions of one leg a minute, watts in W, temp in °C): arrays or lists as long
    as `time`, with NaN or None where nothing was measured; a channel that is not named is not in the file.
    `pauses` are (from, to) in epoch seconds: the timer stops and starts there. `sport` and `sub_sport` are FIT's
    numbers (1, 0: running; 2: cycling; 5, 17: swimming in a pool). `utc_offset_s` is local minus UTC;
    `None` leaves the local time out. Of the summary, `start` is by default the first time, `elapsed_s` reaches
    to the last one, `timer_s` is `elapsed_s` less the pauses, `distance_m` the last recorded one.

    What a file can hold: positions to 1e-7 degrees, distance to 0.01 m, altitude to 0.2 m from -500 m on, speed
    to 0.001 m/s, cadence to 1/128, the rest whole; pulse, watts, temperature below 255, 65535, 127.
    3,600 samples take about 2 ms.
    """
    times = np.asarray(time, dtype=float)
    values = {name: np.array(column, dtype=float) for name, column in channels.items()}
    first = start if start is not None else float(times[0]) if len(times) else float(EPOCH)
    last = float(times[-1]) if len(times) else first + (elapsed_s or 0)
    elapsed = elapsed_s if elapsed_s is not None else last - first
    timer = timer_s if timer_s is not None else elapsed - sum(until - since for since, until in pauses)
    if distance_m is None and "distance" in values:
        known = values["distance"][~np.isnan(values["distance"])]
        distance_m = float(known[-1]) if len(known) else None

    fit = FitFile()
    _write_device(fit, first, product_name)
    _write_samples(fit, times, values, pauses, first, last)
    _write_summary(
        fit, (first, last, elapsed, timer), (sport, sub_sport), distance_m, ascent_m, calories_kcal
    )
    local_time = None if utc_offset_s is None else _seconds(last + utc_offset_s)
    fit.define(6, ACTIVITY, [(253, "uint32"), (0, "uint32"), (1, "uint16"), (2, "enum"), (5, "uint32")])
    fit.add(6, _seconds(last), _scaled(timer, 1000), 1, 0, local_time)
    return fit.to_bytes()


def _write_device(fit: FitFile, first: float, product_name: str | None) -> None:
    size = len((product_name or "").encode()) + 1
    fit.define(0, FILE_ID, [(0, "enum"), (1, "uint16"), (2, "uint16"), (4, "uint32")])
    fit.add(0, 4, 255, 1, _seconds(first))
    fit.define(
        1, DEVICE_INFO, [(253, "uint32"), (0, "uint8"), (2, "uint16"), (4, "uint16"), (27, "string", size)]
    )
    fit.add(1, _seconds(first), 0, 255, 1, product_name)


def _write_samples(
    fit: FitFile,
    times: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
    pauses: Sequence[tuple[float, float]],
    first: float,
    last: float,
) -> None:
    """Write the records, and between them where the timer stopped and started."""
    columns: list[tuple[Field, NDArray[np.float64]]] = [(Field(253, "uint32"), times - EPOCH)]
    for name, number, kind, factor, offset in (
        ("lat", 0, "sint32", SEMICIRCLES, 0),
        ("lng", 1, "sint32", SEMICIRCLES, 0),
        ("distance", 5, "uint32", 100, 0),
        ("altitude", 78, "uint32", 5, 500),
        ("speed", 73, "uint32", 1000, 0),
        ("heartrate", 3, "uint8", 1, 0),
        ("watts", 7, "uint16", 1, 0),
        ("temp", 13, "sint8", 1, 0),
    ):
        if name in values:
            columns.append((Field(number, kind), (values[name] + offset) * factor))
    if "cadence" in values:
        turns = np.rint(values["cadence"] * 128)
        columns.append((Field(4, "uint8"), turns // 128))
        columns.append((Field(53, "uint8"), turns % 128))
    fit.define(2, EVENT, [(253, "uint32"), (0, "enum"), (1, "enum")])
    fit.define(3, RECORD, [field for field, _ in columns])
    rows = fit.rows(3, *(column for _, column in columns))

    fit.add(2, _seconds(first), 0, 0)
    done = 0
    for since, until in pauses:
        upto = int(np.searchsorted(times, since, side="right"))
        fit.append(rows[done:upto])
        fit.add(2, _seconds(since), 0, 4)
        fit.add(2, _seconds(until), 0, 0)
        done = upto
    fit.append(rows[done:])
    fit.add(2, _seconds(last), 0, 4)


def _write_summary(
    fit: FitFile,
    times: tuple[float, float, float, float],
    sport: tuple[int, int],
    distance_m: float | None,
    ascent_m: float | None,
    calories_kcal: float | None,
) -> None:
    """Write the lap, and the session with the same numbers. `times` are start, end, elapsed and timer's seconds."""
    start, end, elapsed, timer = times
    common = [_seconds(end), _seconds(start), _scaled(elapsed, 1000), _scaled(timer, 1000)]
    sums = [_scaled(distance_m, 100), _scaled(calories_kcal, 1), _scaled(ascent_m, 1)]
    fields = [(253, "uint32"), (2, "uint32"), (7, "uint32"), (8, "uint32"), (9, "uint32")]
    fit.define(4, LAP, [*fields, (11, "uint16"), (21, "uint16"), (25, "enum")])
    fit.add(4, *common, *sums, sport[0])
    fit.define(5, SESSION, [*fields, (11, "uint16"), (22, "uint16"), (5, "enum"), (6, "enum")])
    fit.add(5, *common, *sums, *sport)


def _seconds(time: float) -> int:
    return round(time) - EPOCH


def _scaled(value: float | None, factor: float) -> int | None:
    return None if value is None else round(value * factor)
