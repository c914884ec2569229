"""What each run did: counted while it works, kept as a line of runs.jsonl."""

import contextlib
import datetime as dt
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any

from pipelines.playground import Playground


@dataclass
class Tally:
    """What an extraction did and what it knows, read by the progress display and written to runs.jsonl."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    restored: int = 0
    streams_loaded: int = 0
    streams_none: int = 0
    streams_failed: int = 0
    listing: str = "none"
    pending: int | None = None  # activities whose streams are to come; null while listing
    total: int = 0  # of them at the beginning; while listing: activities listed so far
    done: int = 0
    waiting_until: float | None = None  # epoch seconds
    deletions_refused: int = 0
    notes: list[str] = field(default_factory=list)

    def listed(self, change: str) -> None:
        """Count an activity that is new, changed or restored."""
        setattr(self, change, getattr(self, change) + 1)

    def settled(self, status: str) -> None:
        """Count an activity whose streams are loaded, none or failed."""
        setattr(self, f"streams_{status}", getattr(self, f"streams_{status}") + 1)
        self.done += 1
        self.pending = (self.pending or 0) - 1

    @property
    def is_complete(self) -> bool:
        return not (self.streams_failed or self.deletions_refused)


RECORDED = (
    "listing",
    "new",
    "changed",
    "deleted",
    "restored",
    "streams_loaded",
    "streams_none",
    "streams_failed",
    "pending",
)


def append(
    playground: Playground,
    command: str,
    started_at: dt.datetime,
    status: str,
    message: str | None,
    **counts: Any,
) -> None:
    """One line more in runs.jsonl; `status` is done, stopped or failed.

    A full disk does not turn a run's outcome into another.
    """
    record = {
        "command": command,
        "started_at": started_at.isoformat(timespec="seconds"),
        "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "status": status,
        "message": message,
        **counts,
    }
    try:
        with open(os.open(playground.runs, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        print(f"note: {playground.runs} could not be written ({error.strerror})", file=sys.stderr)


def read(playground: Playground) -> list[dict[str, Any]]:
    """All runs, oldest first; lines that are none (torn by a power cut) are left out."""
    try:
        text = playground.runs.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    runs = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            runs.append(json.loads(line))
    needed = {"command", "status", "message", "finished_at"}
    return [run for run in runs if isinstance(run, dict) and needed <= run.keys()]
