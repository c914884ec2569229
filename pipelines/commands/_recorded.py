"""The line of runs.jsonl of a command that is done or not, however it ends."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines import runs
from pipelines.errors import one_line
from pipelines.playground import Playground
from pipelines.warehouse import file as warehouse


@contextmanager
def recorded(playground: Playground, command: str) -> Iterator[None]:
    """Record the body as a run of `make command`; its error is raised as one that a person can act on."""
    started_at = dt.datetime.now(dt.UTC)
    try:
        yield
    except KeyboardInterrupt:
        runs.append(playground, command, started_at, "stopped", "interrupted")
        raise
    except Exception as error:
        failure = warehouse.explained(error, playground.warehouse, f"make {command}")
        runs.append(playground, command, started_at, "failed", playground.redact(one_line(failure))[:500])
        raise failure from None
    runs.append(playground, command, started_at, "done", None)
