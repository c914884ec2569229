"""Take FIT's bytes apart into messages and columns of numbers, without knowing what they mean.

After Garmin's "FIT Protocol" (developer.garmin.com/fit/protocol): a header, then definitions, which say how the
messages of a local number look from there on, and messages. A walk over the messages' first bytes finds where each
one lies; numpy then reads a field of all of them at once. Work and memory are linear in the size of the file.
"""

import functools
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.archive.recording import Floats, UnreadableError

Scalar = TypeVar("Scalar", bound=np.generic)

TIMESTAMP = 253  # the number of the field that holds the time, in every message

# Of each base type (the low five bits of its number): numpy's code, and the value that means nothing. A text is no
# number; of a float it is NaN.
_BASE_TYPES: Mapping[int, tuple[str, int | None]] = {
    0x00: ("u1", 0xFF),
    0x01: ("i1", 0x7F),
    0x02: ("u1", 0xFF),
    0x03: ("i2", 0x7FFF),
    0x04: ("u2", 0xFFFF),
    0x05: ("i4", 0x7FFFFFFF),
    0x06: ("u4", 0xFFFFFFFF),
    0x08: ("f4", None),
    0x09: ("f8", None),
    0x0A: ("u1", 0),
    0x0B: ("u2", 0),
    0x0C: ("u4", 0),
    0x0D: ("u1", 0xFF),
    0x0E: ("i8", 0x7FFFFFFFFFFFFFFF),
    0x0F: ("u8", 0xFFFFFFFFFFFFFFFF),
    0x10: ("u8", 0),
}
_TEXT = 0x07

# Of a content in all, so that a hostile one takes neither hours nor gigabytes. Devices write some dozens of
# definitions, chain two or three files, and 2,000,000 seconds are 23 days.
MAX_DEFINITIONS = 1000
MAX_FILES = 100
MAX_MESSAGES = 2_000_000


@dataclass
class Definition:
    """How messages look, and where in the content those lie that look like this."""

    message: int  # the global number of their kind
    order: str
    # By the field's number: where it begins after the message's first byte, its size and its base type.
    fields: Mapping[int, tuple[int, int, int]]
    size: int
    offsets: "array[int]" = field(default_factory=lambda: array("q"))


class Messages:
    """The messages of some definitions as columns, in the order of the file."""

    def __init__(self, content: bytes, definitions: Sequence[Definition]) -> None:
        self._definitions = [item for item in definitions if item.offsets]
        offsets = [np.frombuffer(item.offsets, np.int64) for item in self._definitions]
        together = np.concatenate([np.zeros(0, np.int64), *offsets])
        self._order = np.argsort(together) if len(offsets) > 1 else slice(None)
        self.offsets = together[self._order]
        # The array holds what begins at each byte; it is a view, and only the messages are copied from it.
        self._rows = [
            np.ndarray(len(content) - item.size + 1, f"V{item.size}", content, strides=(1,))[at]
            for item, at in zip(self._definitions, offsets, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.offsets)

    def has(self, number: int) -> bool:
        """Tell whether a definition has this field."""
        return any(number in item.fields for item in self._definitions)

    def numbers(self, number: int, scale: float = 1, offset: float = 0) -> Floats:
        """Return a field as (value / scale - offset), NaN where it is missing or says that it holds nothing.

        Of an array its first element; NaN too where the size is no multiple of the type's.
        """
        parts = [self._column(n, number) for n in range(len(self._rows))]
        values = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0), *parts])[self._order]
        return values / scale - offset if scale != 1 else values

    def bytes(self, number: int, size: int) -> NDArray[np.uint8]:
        """Return a field of `size` bytes as an array (messages, size), 0xFF where it is missing."""
        parts = [np.zeros((0, size), np.uint8)]
        for item, rows in zip(self._definitions, self._rows, strict=True):
            start, found, _ = item.fields.get(number, (0, 0, 0))
            part = rows.view(np.uint8).reshape(len(rows), item.size)[:, start : start + size]
            parts.append(part if found == size else np.full((len(rows), size), 0xFF, np.uint8))
        return np.concatenate(parts)[self._order]

    def texts(self, number: int) -> list[str]:
        """Return a field as texts, empty where it is missing."""
        texts: list[str] = []
        for item, rows in zip(self._definitions, self._rows, strict=True):
            start, size, base_type = item.fields.get(number, (0, 0, 0))
            size = size if base_type & 0x1F == _TEXT else 0
            raw = (bytes(row)[start : start + size] for row in rows.tolist())
            texts += [text.split(b"\0")[0].decode("utf-8", "replace").strip() for text in raw]
        return texts if isinstance(self._order, slice) else [texts[n] for n in self._order]

    def _column(self, n: int, number: int) -> Floats:
        item, rows = self._definitions[n], self._rows[n]
        start, size, base_type = item.fields.get(number, (0, 0, 0))
        code, nothing = _BASE_TYPES.get(base_type & 0x1F, ("", None))
        if not code or not size or size % int(code[1]):
            return np.full(len(rows), np.nan)
        kind = {"names": ["it"], "formats": [item.order + code], "offsets": [start], "itemsize": item.size}
        raw = rows.view(np.dtype(kind))["it"]  # type: ignore[call-overload]
        with np.errstate(invalid="ignore"):  # some bits of a float complain when they are read
            values: Floats = raw.astype(np.float64)
        # No quantity is beyond what a float counts exactly, and none overflows when it is added up.
        values[~(np.abs(values) < 2**53) if nothing is None else raw == nothing] = np.nan
        return values


def take_apart(content: bytes) -> tuple[list[list[Definition]], str | None]:
    """Return the definitions of each file (mostly one; some are chained), and what is wrong with the content.

    Raises `UnreadableError` if it does not begin as FIT.
    """
    files: list[list[Definition]] = []
    fault: str | None = None
    position = 0
    while position < len(content):
        header = content[position : position + 14]
        if len(header) < 14 or header[0] < 12 or header[8:12] != b".FIT":
            if not files:
                raise UnreadableError("not a FIT file")
            return files, fault or f"{len(content) - position:,} bytes after its end are not FIT"
        if len(files) == MAX_FILES:
            return files, fault or f"more than {MAX_FILES} files in one"
        start = position + header[0]
        length = int.from_bytes(header[4:8], "little")
        # A device that fails while it records leaves the length at zero.
        is_unfinished = not length and start + 2 < len(content)
        end = len(content) - 2 if is_unfinished else start + length
        definitions, found = _walk(content, start, min(end, len(content)), files)
        if end + 2 > len(content):
            cut = f"cut off after {len(content) - position:,} of {end + 2 - position:,} bytes"
            found = found if found and not found.endswith("is cut off") else cut
        elif is_unfinished:
            found = found or "its length was never written"
        elif not found:
            found = _wrong_checksum(memoryview(content)[position : end + 2])
        files.append(definitions)
        fault = fault or found
        position = end + 2
    if not files:
        raise UnreadableError("an empty file")
    return files, fault


def _wrong_checksum(file: memoryview) -> str | None:
    # That of the header may be left out.
    stated = int.from_bytes(file[12:14], "little") if file[0] >= 14 else 0
    if stated and stated != checksum(file[:12]):
        return "the checksum of its header is wrong"
    return None if checksum(file[:-2]) == int.from_bytes(file[-2:], "little") else "its checksum is wrong"


def _walk(
    content: bytes, position: int, end: int, before: Sequence[Sequence[Definition]]
) -> tuple[list[Definition], str | None]:
    """Find all messages between two places: their definitions, and why it ended before the second place.

    `before` are the files in front of it, whose definitions and messages count towards the limits.
    """
    more_definitions = MAX_DEFINITIONS - sum(map(len, before))
    more_messages = MAX_MESSAGES - sum(len(item.offsets) for file in before for item in file)
    known: dict[bytes, Definition] = {}
    in_force: list[Definition | None] = [None] * 16
    while position < end:
        header = content[position]
        if header & 0xC0 == 0x40:
            after = _end_of_definition(content, position)
            if after > end:
                return list(known.values()), f"the definition at byte {position:,} is cut off"
            # The same one is often written again and again.
            text = content[position:after]
            if text not in known:
                if len(known) >= more_definitions:
                    return list(known.values()), f"more than {MAX_DEFINITIONS:,} definitions"
                known[text] = _definition(text)
            in_force[header & 0x0F] = known[text]
            position = after
            continue
        item = in_force[header >> 5 & 0x03 if header & 0x80 else header & 0x0F]
        if item is None:
            return list(known.values()), f"the message at byte {position:,} has no definition"
        if more_messages <= 0:
            return list(known.values()), f"more than {MAX_MESSAGES:,} messages"
        append, size = item.offsets.append, item.size
        stop = min(end, position + size * more_messages)
        first = position
        append(position)
        position += size
        while position < stop and content[position] == header:
            append(position)
            position += size
        more_messages -= (position - first) // size
        if position > end:
            return list(known.values()), f"the message at byte {item.offsets.pop():,} is cut off"
    return list(known.values()), None


def _end_of_definition(content: bytes, position: int) -> int:
    fixed = content[position : position + 6]
    end = position + 6 + (3 * fixed[5] if len(fixed) == 6 else 0)
    if fixed[0] & 0x20:
        end += 1 + (3 * content[end] if end < len(content) else 0)
    return end


def _definition(text: bytes) -> Definition:
    order = ">" if text[2] else "<"
    fields: dict[int, tuple[int, int, int]] = {}
    size, after = 1, 6 + 3 * text[5]
    for number, bytes_, base_type in zip(text[6:after:3], text[7:after:3], text[8:after:3], strict=True):
        fields[number] = (size, bytes_, base_type)
        size += bytes_
    # Of the developers' own fields only the room counts: nothing that is wanted is in them.
    size += sum(text[after + 2 :: 3])
    return Definition(struct.unpack(order + "H", text[3:5])[0], order, fields, size)


def raw_times(content: bytes, definitions: Sequence[Definition], messages: Messages) -> Floats:
    """Return FIT's seconds of each message, NaN where it has none.

    A message whose header has its highest bit set holds only the last five bits of its time; it follows the time of
    the message before it, of whatever kind, by 0 to 31 seconds. `definitions` are those of the whole file.
    """
    headers = np.frombuffer(content, np.uint8)
    if not (headers[messages.offsets] & 0x80).any():
        return messages.numbers(TIMESTAMP)
    every = Messages(content, definitions)
    full = every.numbers(TIMESTAMP)
    is_full = ~np.isnan(full)
    is_timed = is_full | (headers[every.offsets] & 0x80 > 0)
    offsets, full, is_full = every.offsets[is_timed], full[is_timed], is_full[is_timed]
    bits = np.where(is_full, full, headers[offsets] & 0x1F) % 32
    since_last = np.where(is_full, 0, np.diff(bits, prepend=0) % 32)
    passed = np.cumsum(since_last)
    last_full = np.maximum.accumulate(np.where(is_full, np.arange(len(full)), -1))
    times = np.where(last_full < 0, np.nan, full[last_full] + passed - passed[last_full])
    found = np.minimum(np.searchsorted(offsets, messages.offsets), len(offsets) - 1)
    return np.where(offsets[found] == messages.offsets, times[found], np.nan)


def checksum(content: bytes | memoryview) -> int:
    """Return FIT's checksum of the bytes: CRC-16/ARC, of two bytes at a time.

    The checksum is linear. So the first half of the words can be carried to the place of the second by one look-up
    each, then that one's halves, until one word is left: few steps of numpy in place of one of Python per word.
    """
    words = np.frombuffer(content if len(content) % 2 == 0 else b"\0" + content, "<u2")
    while len(words) > 1:
        exponent = (len(words) - 1).bit_length() - 1
        first, words = words[: -(1 << exponent)], np.array(words[-(1 << exponent) :])
        words[len(words) - len(first) :] ^= _carried(exponent)[first]
    return int(_carried(0)[words[0]]) if len(words) else 0


@functools.cache
def _carried(exponent: int) -> NDArray[np.uint16]:
    """Return what becomes of each checksum by 2^exponent words of zeros."""
    if exponent:
        half = _carried(exponent - 1)
        return half[half]
    table = np.arange(1 << 16)
    for _ in range(16):
        table = np.where(table & 1, (table >> 1) ^ 0xA001, table >> 1)
    return table.astype(np.uint16)
