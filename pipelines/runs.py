"""What each run did, kept as a line of runs.jsonl."""

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines import files
from pipelines.errors import UserError, one_line
from pipelines.playground import Playground

# The counts that make the marts older than the raw tables.
CHANGES = ("new", "changed", "deleted", "restored", "streams_loaded", "streams_none", "superseded")
# Of the counts a run may have; `listing` is a word.
Count = int | str | None


@dataclass(frozen=True)
class Run:
    """A line of runs.jsonl; `status` is done, stopped or failed, instants are ISO 8601."""

    command: str
    started_at: str
    finished_at: str
    status: str
    message: str | None
    counts: Mapping[str, Count] = field(default_factory=dict)

    def record(self) -> dict[str, Count]:
        """Return the line's keys and values, the counts beside the others."""
        own = ("command", "started_at", "finished_at", "status", "message")
        return {**{name: getattr(self, name) for name in own}, **self.counts}

    def count(self, name: str) -> int:
        """Return a count; 0 when it was not counted."""
        value = self.counts.get(name)
        return value if isinstance(value, int) else 0


def append(
    playground: Playground,
    command: str,
    started_at: dt.datetime,
    status: str,
    message: str | None,
    **counts: Count,
) -> None:
    """Write one line more into runs.jsonl; a full disk does not turn a run's outcome into another."""
    begun, ended = (
        instant.isoformat(timespec="seconds") for instant in (started_at, dt.datetime.now(dt.UTC))
    )
    run = Run(command, begun, ended, status, message, counts)
    try:
        files.append_private(playground.runs, json.dumps(run.record()))
    except UserError as error:
        print(f"note: {one_line(error)}", file=sys.stderr)
    except OSError as error:
        print(f"note: {playground.runs} could not be written ({error.strerror})", file=sys.stderr)


def read(playground: Playground) -> list[Run]:
    """Return all runs, oldest first; lines that are none (torn by a power cut) are left out."""
    try:
        text = files.read_private(playground.runs).decode(errors="replace")
    except OSError:
        return []
    return [run for run in map(_run, text.splitlines()) if run is not None]


def is_transform_due(past: Sequence[Run]) -> bool:
    """Tell whether a run has brought something since the last transform, or there was none."""
    # By the order of the lines: two runs may end within one second.
    transforms = [n for n, run in enumerate(past) if run.command == "transform" and run.status == "done"]
    since = past[transforms[-1] :] if transforms else past
    return not transforms or any(run.count(name) for run in since for name in CHANGES)


def _run(line: str) -> Run | None:
    try:
        record = json.loads(line)
        command, ended, status, message = (
            record.pop(name) for name in ("command", "finished_at", "status", "message")
        )
        begun = record.pop("started_at", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(text, str) for text in (command, begun, ended, status, message or "")):
        return None
    return Run(command, begun, ended, status, message, record)
