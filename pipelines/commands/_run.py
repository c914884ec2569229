"""One run of a source: signals, what it did as a line of runs.jsonl, and how it ends."""

import datetime as dt
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, ClassVar

from pipelines import runs
from pipelines.commands._background import Background
from pipelines.commands._progress import Progress, Words
from pipelines.commands._tally import Tally
from pipelines.errors import InterruptedRunError, StoppedError, one_line
from pipelines.events import Event
from pipelines.locks import Wait
from pipelines.playground import Playground
from pipelines.warehouse import file as warehouse

if TYPE_CHECKING:
    from pipelines.known import Known
    from pipelines.warehouse.load import Loader


class SourceRun(ABC):
    """What `make extract` and `make import` have in common."""

    command: ClassVar[str]

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        self.tally = Tally()
        self.stopping = threading.Event()
        self.signal_name = ""
        self.started_at = dt.datetime.now(dt.UTC)

    @abstractmethod
    def work(self, progress: Progress) -> None:
        """Read and load everything; may raise StoppedError."""

    @abstractmethod
    def words(self) -> Words:
        """What the progress display says."""

    @abstractmethod
    def tell(self, stop: StoppedError | None) -> None:
        """Say at the end what was done, and what stopped it."""

    def explained(self, error: BaseException) -> BaseException:
        """Return an error as one that a person can act on, or itself."""
        return warehouse.explained(error, self.playground.warehouse, f"make {self.command}")

    def recorded(self) -> Mapping[str, runs.Count]:
        """Return the counts for runs.jsonl."""
        return self.tally.recorded()

    def run(self) -> StoppedError | None:
        """Do it, record it, tell it. Returns what stopped it cleanly before its end; `None` for nothing."""
        stop: StoppedError | None = None
        try:
            with self._signals(), Progress(self.tally, self.words()) as self.progress:
                self.progress.draw("looking at what is loaded")
                if self.playground.warehouse.exists():
                    # Before dlt, which takes a second to import: a file that cannot be read is told at once.
                    with warehouse.warehouse_turn(self.playground, self.check_stop):
                        warehouse.connect(self.playground.warehouse, self.check_stop).close()
                self.work(self.progress)
        except StoppedError as caught:
            stop = caught
        except BaseException as error:
            failure = self.explained(error)
            self._record("failed", self.playground.redact(one_line(failure))[:500])
            if failure is error:
                raise
            raise failure from error
        self._record("stopped" if stop else "done", one_line(stop) if stop else None)
        self.tell(stop)
        return stop

    def prepare(self, progress: Progress) -> "tuple[Loader, Known]":
        """Load what an earlier run has left behind; returns the loader, and what is known then."""
        from pipelines.warehouse.known import read_known
        from pipelines.warehouse.load import Loader

        loader = Loader(self.playground, self.check_stop, f"make {self.command}")
        if found := loader.resume():
            progress.say(found)
        with warehouse.warehouse_turn(self.playground, self.check_stop):
            return loader, read_known(self.playground, self.check_stop)

    def drive(
        self,
        events: Iterable[Event],
        loader: "Loader",
        progress: Progress,
        at_end: Callable[[Background[Event]], None] = lambda _: None,
    ) -> None:
        """Load a source's events as they come; `at_end` is called however that ends."""
        from pipelines.commands._drive import WAITING_BYTES, Drive, until_stopped, weight

        background = Background(until_stopped(events, self.check_stop), weight, WAITING_BYTES)
        try:
            Drive(background, loader, self.tally, progress, self.check_stop).run()
        finally:
            at_end(background)

    def check_stop(self, waiting: Wait | None = None) -> None:
        """Raise InterruptedRunError once Ctrl-C or TERM has come; tell what is waited for."""
        if self.stopping.is_set():
            raise InterruptedRunError(f"stopped by {self.signal_name}")
        if waiting is not None:
            self.progress.wait(waiting)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, _: FrameType | None) -> None:
            self.signal_name = signal.Signals(number).name
            self.stopping.set()

        earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _record(self, status: str, message: str | None) -> None:
        runs.append(self.playground, self.command, self.started_at, status, message, **self.recorded())
