"""Drives a source into the warehouse: a thread reads, this one loads what has come in, every few seconds.

    source --(thread)--> what waits --(every COMMIT_S)--> loader --> strava_raw

The warehouse is open only while loading; the quota may make the thread wait for minutes.
"""

import contextlib
import gc
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pipelines.commands._background import Background
from pipelines.commands._progress import Progress
from pipelines.commands._tally import Tally
from pipelines.errors import StoppedError, UserError
from pipelines.events import (
    Change,
    Confirmed,
    Deleted,
    Event,
    Listed,
    Rows,
    SamplesGone,
    StreamsSettled,
    Superseded,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.warehouse.load import Loader

# A batch is loaded this long after its first piece came in; the load itself must fit into the rest of 5 s.
COMMIT_S = 2.0
COMMIT_BYTES = 16 * 2**20
# What may wait while a load is at work: enough that the reading goes on.
WAITING_BYTES = 12 * 2**20
# How long the request that is under way is waited for when the warehouse cannot be had.
LAST_REQUEST_S = 5


class Drive:
    """One run of a source. `check_stop` raises once the user has asked to stop."""

    def __init__(
        self,
        background: Background[Event],
        loader: "Loader",
        tally: Tally,
        progress: Progress,
        check_stop: Callable[[], None],
    ) -> None:
        self.background, self.loader, self.tally = background, loader, tally
        self.progress, self.check_stop = progress, check_stop
        self._batch: dict[str, list[pa.Table]] = {}
        self._bytes = 0
        self._begun_at = 0.0

    def run(self) -> None:
        """Load everything as it comes. Raises what the source, the loader and `check_stop` raise."""
        with _collector_at_rest():
            self.background.start()
            try:
                while not self.background.is_over:
                    self.progress.update()
                    self._next()
                    is_due = time.monotonic() - self._begun_at > COMMIT_S or self._bytes > COMMIT_BYTES
                    if self._batch and is_due:
                        self._flush()
            except Exception:
                self._flush()  # all that came before it
                raise
            finally:
                self.background.stop()
            self._flush()

    def _next(self) -> None:
        event = self.background.take(timeout_s=0.1)
        if event is None:
            # Nothing more in hand; what the thread still waits for is asked for again next time.
            self.check_stop()
            return
        self.tally.count(event)
        match event:
            case Rows():
                self._add(event)
            case Deleted() | SamplesGone() | Superseded() | Confirmed():
                self._flush(event)
            case _:
                pass

    def _add(self, rows: Rows) -> None:
        if not self._batch:
            self._begun_at = time.monotonic()
        for table, part in rows.tables.items():
            self._batch.setdefault(table, []).append(part)
        self._bytes += rows.nbytes

    def _flush(self, change: Change | None = None) -> None:
        """Load what is in hand, then do what an event says of rows that stand already."""
        if not self._batch and change is None:
            return
        try:
            if self._batch:
                self.loader.load(self._taken())
            if change:
                self.loader.change(change)
        except (UserError, StoppedError):
            # The warehouse cannot be had; the batch is in dlt's folder, and so shall be what has come in since.
            self._keep_the_rest([change] if change else [])
            raise
        gc.collect()  # dlt leaves the tables in cycles

    def _taken(self) -> dict[str, "list[pa.Table]"]:
        """Hand over what is in hand. No variable of a caller may keep it while it is loaded: see Loader.load."""
        batch, self._batch, self._bytes = self._batch, {}, 0
        return batch

    def _keep_the_rest(self, changes: list[Change]) -> None:
        """Put what was read but cannot be loaded now where the next run finds it."""
        background = self.background
        background.stop()
        until = time.monotonic() + LAST_REQUEST_S
        with contextlib.suppress(Exception):  # the next run meets it again
            while not background.is_over and time.monotonic() < until:
                event = background.take(timeout_s=0.1)
                if event is None:
                    continue
                self.tally.count(event)
                match event:
                    case Rows():
                        self._add(event)
                    case Deleted() | SamplesGone() | Superseded() | Confirmed():
                        changes.append(event)
                    case _:
                        pass
        self.loader.keep(self._taken(), changes)


def until_stopped(events: Iterable[Event], check_stop: Callable[[], None]) -> Iterator[Event]:
    """Hand the events on; `check_stop` may raise after each answer, which is read to its end."""
    for event in events:
        yield event
        if isinstance(event, Listed | StreamsSettled):
            check_stop()


def weight(event: Event) -> int:
    """Return what an event takes while it waits, in bytes."""
    return 1 + (event.nbytes if isinstance(event, Rows) else 0)


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Each answer is thousands of lists: Python's collector would go through all of dlt for them, in vain."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
