"""Strava's request quota: a quarter-hour and a daily window, of all and of read requests.

https://developers.strava.com/docs/rate-limits/ : windows begin at :00 :15 :30 :45 and at midnight UTC; a
rejected request counts as well, so none may be provoked.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipelines.files import read_private, write_private

QUARTER_S, DAY_S = 900, 86400
# A new app's limits, until the first answer names the real ones.
DEFAULT_LIMITS = {"overall": (200, 2000), "read": (100, 1000)}
HEADERS = {
    "overall": ("X-Ratelimit-Limit", "X-Ratelimit-Usage"),
    "read": ("X-Readratelimit-Limit", "X-Readratelimit-Usage"),
}
# Clocks differ by seconds: a window counts as over only this long after its end.
MARGIN_S = 5


@dataclass
class Usage:
    """What is kept from one process to the next."""

    quarter: int = 0
    day: int = 0
    limits: dict[str, tuple[int, int]] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    used: dict[str, tuple[int, int]] = field(default_factory=lambda: {"overall": (0, 0), "read": (0, 0)})
    # Requests of the seconds around the last boundary: Strava may have counted them in the window before or after.
    recent: dict[str, int] = field(default_factory=dict)  # second -> requests
    blocked_until: float = 0
    blocked_window: str = ""


@dataclass(frozen=True)
class Full:
    """No request may be sent before `until` (epoch seconds); `window` is "quarter" or "day"."""

    until: float
    window: str


class Quota:
    """Counts requests, reads the rate headers, says when the next request may go out."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] | None = None) -> None:
        """Go on from the counts in the file `path`; without one, count for this process alone."""
        self.path = path
        self._clock = clock
        self.usage = _read(path) if path else Usage()
        if self.usage.blocked_until > self.now() + 2 * DAY_S:
            self.usage.blocked_until = 0  # no window lasts so long: the clock, or the file, was wrong
        self._refused_in_a_row = 0
        self._lock = threading.Lock()  # the display asks while the download counts

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._clock() if self._clock else time.time()

    def full(self) -> Full | None:
        """Tell whether requests must wait; `None` while one may be sent."""
        with self._lock:
            now = self.now()
            self._roll(now)
            usage = self.usage
            if now < usage.blocked_until:
                return Full(usage.blocked_until, usage.blocked_window)
            if any(usage.used[kind][1] >= usage.limits[kind][1] for kind in HEADERS):
                return Full((usage.day + 1) * DAY_S + MARGIN_S, "day")
            if any(usage.used[kind][0] >= usage.limits[kind][0] for kind in HEADERS):
                return Full((usage.quarter + 1) * QUARTER_S + MARGIN_S, "quarter")
            return None

    def left(self) -> tuple[int, int]:
        """Return the requests left in this quarter hour and today."""
        with self._lock:
            self._roll(self.now())
            usage = self.usage
            quarter, day = (
                min(max(usage.limits[kind][i] - usage.used[kind][i], 0) for kind in HEADERS) for i in (0, 1)
            )
            return min(quarter, day), day

    def sending(self) -> None:
        """Count a request before it goes out: a killed process must not forget it."""
        with self._lock:
            now = self.now()
            self._roll(now)
            usage = self.usage
            usage.used = {kind: (quarter + 1, day + 1) for kind, (quarter, day) in usage.used.items()}
            if _is_near(now, round(now / QUARTER_S) * QUARTER_S):
                second = str(int(now))
                usage.recent = {at: n for at, n in usage.recent.items() if now - int(at) <= 3 * MARGIN_S}
                usage.recent[second] = usage.recent.get(second, 0) + 1
            self._write()

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """Take the counts from the headers of an answer; after a 429 block until the window ends."""
        with self._lock:
            self._roll(self.now())
            usage = self.usage
            counted = usage.limits.copy(), usage.used.copy(), usage.blocked_until
            for kind, (limit_name, used_name) in HEADERS.items():
                limit, used = _pair(headers.get(limit_name)), _pair(headers.get(used_name))
                if limit and min(limit) > 0:
                    usage.limits[kind] = limit
                # Usage counts the request itself, so 0,0 (seen on some endpoints) says nothing.
                if used and min(used) > 0:
                    usage.used[kind] = used
            if status == 429:
                self._refused(headers)
            else:
                self._refused_in_a_row = 0
            if counted != (usage.limits, usage.used, usage.blocked_until):
                self._write()  # else Strava's count equals ours, which is already on disk

    def _refused(self, headers: Mapping[str, str]) -> None:
        now, usage = self.now(), self.usage
        self._refused_in_a_row += 1
        day_is_full = any(usage.used[kind][1] >= usage.limits[kind][1] for kind in HEADERS)
        # Refused again right after a quarter hour without any use: only the day can be full.
        if day_is_full or self._refused_in_a_row > 2:
            usage.blocked_until, usage.blocked_window = (now // DAY_S + 1) * DAY_S + MARGIN_S, "day"
        else:
            usage.blocked_until, usage.blocked_window = (
                (now // QUARTER_S + 1) * QUARTER_S + MARGIN_S,
                "quarter",
            )
        with contextlib.suppress(ValueError):  # a date instead of seconds: the window's end holds
            retry_after = min(int(headers.get("Retry-After", "0")), DAY_S)
            usage.blocked_until = max(usage.blocked_until, now + retry_after)

    def _roll(self, now: float) -> None:
        usage = self.usage
        quarter, day = int((now - MARGIN_S) // QUARTER_S), int((now - MARGIN_S) // DAY_S)
        recent = sum(n for at, n in usage.recent.items() if _is_near(int(at), quarter * QUARTER_S))
        if day != usage.day:
            usage.used = dict.fromkeys(HEADERS, (recent, recent))
        elif quarter != usage.quarter:
            usage.used = {kind: (recent, used[1]) for kind, used in usage.used.items()}
        usage.quarter, usage.day = quarter, day

    def _write(self) -> None:
        if self.path is None:
            return
        # Replaced atomically but not synced: after a power cut one window's count may be lost, not the file.
        # At every request: orjson takes a tenth of json's time.
        write_private(self.path, orjson.dumps(self.usage), is_durable=False)


def _is_near(at: float, boundary: float) -> bool:
    """Whether clocks may disagree on which side of the boundary it is (a second's fraction is dropped)."""
    return abs(at - boundary) <= MARGIN_S + 1


def _pair(text: str | None) -> tuple[int, int] | None:
    try:
        quarter, day = (int(number) for number in (text or "").split(","))
    except ValueError:
        return None
    return (quarter, day) if max(quarter, day) < 2**31 else None


def _read(path: Path) -> Usage:
    try:
        stored: dict[str, Any] = orjson.loads(read_private(path))
        usage = Usage(**stored)
        usage.limits = {kind: (int(usage.limits[kind][0]), int(usage.limits[kind][1])) for kind in HEADERS}
        usage.used = {kind: (int(usage.used[kind][0]), int(usage.used[kind][1])) for kind in HEADERS}
        usage.blocked_until = float(usage.blocked_until)
        if min(min(limit) for limit in usage.limits.values()) <= 0:
            raise ValueError
        usage.recent = {str(int(at)): int(count) for at, count in usage.recent.items()}
        return usage
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return Usage()  # none yet, or torn by a power cut: the first answer's headers put it right
