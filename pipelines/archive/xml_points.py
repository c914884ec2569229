"""XML of GPS devices, read in pieces: the elements that are asked for, and the points among them as columns.

What has been read of the parser's tree is thrown away, so that memory stays flat; no entity is expanded, no DTD
or address is loaded. What is broken is read as far as it goes.
"""

import datetime as dt
import functools
import math
import re
from collections.abc import Iterator, Sequence
from itertools import repeat

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from pipelines.archive.recording import Floats

PIECE_BYTES = 1 << 16
# As much may come without an element that was asked for; the parser's tree of it is some thirty times as large.
SILENT_BYTES = 1 << 22
TAG_COUNT = 1 << 10  # of different ones that are remembered
AMPERSAND_COUNT = 100_000  # with more of them, or as many CDATA, in a file, no bare ampersand is mended
TEXT_LENGTH = 200  # of a name or of what is wrong, at most

# The channel of an element within a point, by its name without namespace, in lower case.
CHANNELS = {
    "time": "time",
    "lat": "lat", "latitudedegrees": "lat",
    "lon": "lng", "longitudedegrees": "lng",
    "ele": "altitude", "altitudemeters": "altitude",
    "distance": "distance", "distancemeters": "distance",
    "speed": "speed",
    "hr": "heartrate", "heartrate": "heartrate", "heartratebpm": "heartrate",
    "cad": "cadence", "cadence": "cadence", "runcadence": "cadence",
    "power": "watts", "watts": "watts", "powerinwatts": "watts",
    "atemp": "temp", "temp": "temp", "temperature": "temp",
}  # fmt: skip
# What the parser mends and nothing is lost: undefined prefixes and entities, bytes that are none of the encoding.
_HARMLESS = {
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE,
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY,
    etree.ErrorTypes.WAR_UNDECLARED_ENTITY,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
    etree.ErrorTypes.ERR_INVALID_ENCODING,
}
_BARE_AMPERSAND = re.compile(rb"&(?!(?:[A-Za-z_][\w.-]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_END_OF_ROOT = re.compile(rb"</(?:[\w.-]+:)?(?:gpx|TrainingCenterDatabase)\s*>")
_END_OF_POINT = re.compile(rb"</(?:[\w.-]+:)?(?:trkpt|Trackpoint)\s*>")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2}):(\d{1,2}(?:[.,]\d*)?)\s*(?:Z|([+-])(\d\d):?(\d\d)|)",
    re.ASCII | re.IGNORECASE,
)


class Document:
    """The elements of one file; after the last, `fault` says what is wrong with it."""

    def __init__(self, content: bytes) -> None:
        self.fault: str | None = None
        self._silent_bytes = 0
        self._encoding = None
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            content, self._encoding = content.decode("utf-16", "replace").encode(), "utf-8"
        # Strava's own exports have blanks before the declaration, which is no XML.
        content = content.lstrip(b" \t\r\n\xef\xbb\xbf")
        # At the first bare ampersand the parser would give up reading in pieces.
        content = _with_escaped_ampersands(content) if b"&" in content else content
        if ends := _ends_of_points_cut_off(content):
            # The parser would close the point that the file breaks off in, half a number in it.
            content, self.fault = content[: ends[-1]], "the file breaks off"
        self._content = content

    def elements(self, names: Sequence[str], details: Sequence[str]) -> Iterator[tuple[etree._Element, str]]:
        """Yield each element of these names, whole, and its name in lower case, in the order in which they end.

        What lies before an element of `names` is forgotten soon after; `details` are such as lie within others.
        """
        parser = etree.XMLPullParser(
            ("end",),
            tag=[f"{{*}}{name}" for name in (*names, *details)],
            recover=True,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            encoding=self._encoding,
        )
        known, fault = {name.lower() for name in names}, None
        try:
            for start in range(0, len(self._content), PIECE_BYTES):
                parser.feed(self._content[start : start + PIECE_BYTES])
                yield from self._read(parser, known)
                if self._silent_bytes > SILENT_BYTES:
                    fault = _harm(parser) or f"nothing of an activity within {SILENT_BYTES >> 20} MB"
                    break
            # Behind a fault that it cannot mend in pieces, the parser reads what it was fed only now.
            parser.close()
            yield from self._read(parser, known)
        except etree.XMLSyntaxError as error:
            fault = short(str(error))
        self.fault = self.fault or fault or _harm(parser)

    def _read(self, parser: "etree.XMLPullParser", names: set[str]) -> Iterator[tuple[etree._Element, str]]:
        last, self._silent_bytes = None, self._silent_bytes + PIECE_BYTES
        for _, element in parser.read_events():
            name = local_name(element)
            yield element, name
            if name in names:
                last, self._silent_bytes = element, 0
        if last is not None:
            _forget_before(last)


def _with_escaped_ampersands(content: bytes) -> bytes:
    """Return the file with each `&` that begins no reference as `&amp;`, but for those in CDATA, which may stand."""
    if max(content.count(b"&"), content.count(b"<![CDATA[")) > AMPERSAND_COUNT:
        return content
    parts, at = [], 0
    while (start := content.find(b"<![CDATA[", at)) >= 0 and (end := content.find(b"]]>", start)) >= 0:
        parts += [_BARE_AMPERSAND.sub(b"&amp;", content[at:start]), content[start:end]]
        at = end
    return b"".join([*parts, _BARE_AMPERSAND.sub(b"&amp;", content[at:])])


def _ends_of_points_cut_off(content: bytes) -> list[int]:
    """Return where the points of a file end whose root does not."""
    if _END_OF_ROOT.search(content, max(len(content) - 100, 0)) or _END_OF_ROOT.search(content):
        return []
    return [found.end() for found in _END_OF_POINT.finditer(content)]


def _harm(parser: etree.XMLPullParser) -> str | None:
    """Return the first thing that the parser could not mend."""
    for entry in parser.feed_error_log:
        if entry.type not in _HARMLESS:
            return short(f"broken XML in line {entry.line}: {entry.message}")
    return None


def _forget_before(element: etree._Element | None) -> None:
    """Take everything out of the tree that lies before this element."""
    while element is not None and (parent := element.getparent()) is not None:
        del parent[: parent.index(element)]
        element = parent


class _Columns(dict[object, list[float] | None]):
    """The column of each tag, `None` for a tag that is no channel; the tags of one channel share a column."""

    def __init__(self) -> None:
        self.channels: dict[str, list[float]] = {}

    def __missing__(self, tag: object) -> list[float] | None:
        channel = CHANNELS.get(_name(tag))
        column = self.channels.setdefault(channel, []) if channel else None
        if len(self) < TAG_COUNT:
            self[tag] = column
        return column


class Points:
    """Points as columns, one row for each."""

    def __init__(self) -> None:
        self._count = 0
        self._columns = _Columns()

    def __len__(self) -> int:
        return self._count

    def add(self, point: etree._Element) -> None:
        """Append a row: GPX's attributes, and the elements anywhere within the point, of each channel the first.

        Most of the time that a file takes is spent here.
        """
        row, columns = self._count, self._columns
        self._count += 1
        texts = [(columns[name], point.get(name)) for name in ("lat", "lon")]
        for element in point.iterdescendants():
            if (column := columns[element.tag]) is not None:
                text = element.text
                if (text is None or text.isspace()) and len(element):
                    text = element[0].text  # TCX: HeartRateBpm/Value
                texts.append((column, text))
        times = columns["time"]
        for column, text in texts:
            if column is None or text is None:
                continue
            try:
                value = epoch(text) if column is times else float(text)
            except ValueError:
                value = number(text)
            if value is None or (missing := row - len(column)) < 0:
                continue
            if missing:
                column.extend(repeat(math.nan, missing))
            column.append(value)

    def finished(self) -> tuple[Floats, dict[str, Floats], NDArray[np.bool_]]:
        """Return times and channels of the points that have a time, and of all points whether they have one."""
        columns = {}
        for channel, values in self._columns.channels.items():
            column = np.full(self._count, np.nan)
            column[: len(values)] = values
            columns[channel] = np.where(np.isfinite(column), column, np.nan)
        times = columns.pop("time", np.full(self._count, np.nan))
        has_time = ~np.isnan(times)
        columns = {channel: column[has_time] for channel, column in columns.items()}
        return times[has_time], {name: it for name, it in columns.items() if not np.isnan(it).all()}, has_time


@functools.lru_cache(1024)
def _name(tag: object) -> str:
    # A tag is `{namespace}name`, with an undefined prefix `prefix:name`; of an entity it is no text at all.
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def local_name(element: etree._Element | None) -> str:
    """Return the name of the element without its namespace, in lower case; empty for none."""
    return "" if element is None else _name(element.tag)


def number(text: str | None) -> float | None:
    """Return a number, also one with a decimal comma; `None` for anything else."""
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def epoch(text: str | None) -> float | None:
    """Return epoch seconds of an ISO date and time, in UTC where it names no zone; `None` for anything else."""
    try:
        moment = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return _odd_epoch(text or "")
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _odd_epoch(text: str) -> float | None:
    """Read blanks around, digits left out, 24:00:00 and the 60th second, too."""
    if not (found := _TIME.fullmatch(text.strip())):
        return None
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    try:
        date = dt.datetime(int(year), int(month), int(day), tzinfo=dt.UTC)
    except ValueError:
        return None
    zone_s = (int(zone_hours) * 3600 + int(zone_minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    return date.timestamp() + int(hour) * 3600 + int(minute) * 60 + float(second.replace(",", ".")) - zone_s


def short(text: str | None) -> str | None:
    """Return the text on one line and not too long, `None` for an empty one."""
    return " ".join((text or "").split())[:TEXT_LENGTH] or None
