"""The clock on the athlete's wall: an archive has only UTC, and weeks are cut from local time.

In order: what the recording itself says, the zone of its first position, the nearest activity in time that has a
local time, and what the user has set. Pure.
"""

import bisect
import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.known import Activity

# Those that hold for one activity alone: the others are told theirs by them.
OWN_SOURCES = ("api", "file", "position")
# Devices set their clocks by hand or by satellite; zones differ by quarter hours.
QUARTER_S, TOLERANCE_S, FARTHEST_S = 900, 90, 14 * 3600


@dataclass(frozen=True)
class LocalTime:
    """An offset from UTC (s), the zone where one is known, and which rule said so."""

    utc_offset_s: float
    zone: str | None
    source: str


def from_file(utc_offset_s: float | None) -> LocalTime | None:
    """Return the offset that a recording says; `None` for none, or one that no place on earth has."""
    if utc_offset_s is None or abs(utc_offset_s) > FARTHEST_S + TOLERANCE_S:
        return None
    quarter = round(utc_offset_s / QUARTER_S) * QUARTER_S
    return LocalTime(quarter, None, "file") if abs(utc_offset_s - quarter) <= TOLERANCE_S else None


def from_position(latlng: tuple[float, float] | None, at: dt.datetime) -> LocalTime | None:
    """Return the time of the zone at a position (degrees)."""
    if latlng is None:
        return None
    import tzfpy  # its map of the world takes 40 MB of memory

    return _in_zone(tzfpy.get_tz(latlng[1], latlng[0]), at, "position")


def from_setting(zone: str | None, at: dt.datetime) -> LocalTime:
    """Return the time of a zone; `None` is the machine's."""
    found = _in_zone(zone, at, "setting") if zone else None
    if found:
        return found
    offset = at.astimezone().utcoffset() or dt.timedelta()
    return LocalTime(offset.total_seconds(), None, "setting")


def _in_zone(zone: str, at: dt.datetime, source: str) -> LocalTime | None:
    try:
        offset = at.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        return None
    return LocalTime(offset.total_seconds(), zone, source) if offset is not None else None


class Clocks:
    """The local time of each activity, and which of them hold for themselves."""

    def __init__(self, activities: Iterable[Activity], timezone: str | None) -> None:
        """Take what is known; `timezone` is for whatever nothing tells the time of, `None` is the machine's."""
        self._timezone = timezone
        self._starts: dict[int, dt.datetime] = {}
        self._times: dict[int, LocalTime] = {}
        for a in activities:
            if a.start_date is not None and a.utc_offset_s is not None and not a.is_deleted:
                source = a.local_time_source or "api"
                self._set(a.id, a.start_date, LocalTime(a.utc_offset_s, zone_in(a.timezone), source))
        self._sort()

    def __getitem__(self, id_: int) -> LocalTime:
        """Return the local time of an activity that has one."""
        return self._times[id_]

    def is_own(self, id_: int) -> bool:
        """Tell whether an activity's local time came from itself and not from others or the setting."""
        return id_ in self._times and self._times[id_].source in OWN_SOURCES

    def begin(self, id_: int, start: dt.datetime) -> None:
        """Give an activity whose recording is not read yet what others say; its own time stays."""
        if not (self.is_own(id_) and self._starts[id_] == start):
            self._set(id_, start, self._from_others(start))

    def settle(
        self,
        id_: int,
        start: dt.datetime,
        utc_offset_s: float | None,
        position: tuple[float, float] | None,
    ) -> None:
        """Take what a recording says: its offset (s), or its first position (degrees)."""
        own = from_file(utc_offset_s) or from_position(position, start)
        self._set(id_, start, own or self._from_others(start))

    def improve(self, ids: Iterable[int]) -> list[int]:
        """Ask the others once more, now that all are known; returns those whose local time is another now."""
        self._sort()
        changed = []
        for id_ in ids:
            if id_ in self._times and not self.is_own(id_):
                better = self._from_others(self._starts[id_])
                if better != self._times[id_]:
                    self._times[id_] = better
                    changed.append(id_)
        return changed

    def _set(self, id_: int, start: dt.datetime, time: LocalTime) -> None:
        self._starts[id_], self._times[id_] = start, time

    def _sort(self) -> None:
        self._own = sorted((start, id_) for id_, start in self._starts.items() if self.is_own(id_))

    def _from_others(self, at: dt.datetime) -> LocalTime:
        index = bisect.bisect_left(self._own, (at, 0))
        near = self._own[max(index - 1, 0) : index + 1]
        if not near:
            return from_setting(self._timezone, at)
        time = self._times[min(near, key=lambda item: abs(item[0] - at))[1]]
        in_zone = _in_zone(time.zone, at, "neighbour") if time.zone else None
        return in_zone or LocalTime(time.utc_offset_s, None, "neighbour")


def zone_in(timezone: str | None) -> str | None:
    """Return the zone in Strava's text, such as `(GMT+01:00) Europe/Berlin`."""
    return timezone.rpartition(" ")[2] if timezone and "/" in timezone else None


def in_words(time: LocalTime, at: dt.datetime) -> str | None:
    """Return a zone as Strava writes it, with its offset outside of summer time."""
    if time.zone is None:
        return None
    zone = zoneinfo.ZoneInfo(time.zone)
    january, july = (at.replace(month=month, day=1).astimezone(zone) for month in (1, 7))
    standard = min(moment.utcoffset() or dt.timedelta() for moment in (january, july))
    minutes = int(standard.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"(GMT{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}) {time.zone}"
