"""`make extract`: one thread downloads, this one loads what has come in, every few seconds.

    Strava --(thread: listing, then streams)--> backlog --(every COMMIT_S)--> dlt --> strava_raw

The warehouse is open only while loading; the quota may make the thread wait for minutes.
"""

import datetime as dt
import gc
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines import locks, runs
from pipelines.commands.backlog import Backlog, Change, End, Load
from pipelines.commands.progress import Progress
from pipelines.errors import InterruptedRunError, StoppedError, one_line
from pipelines.settings import Playground, Settings, load_settings
from pipelines.strava import oauth
from pipelines.warehouse import file as warehouse

if TYPE_CHECKING:
    from pipelines.warehouse.load import Loader

# A batch is loaded this long after its first piece came in; the load itself must fit into the rest of 5 s.
COMMIT_S = 2.5
COMMIT_BYTES = 24 * 2**20


@dataclass(frozen=True)
class Options:
    """What the make variables say."""

    wait: bool
    full: bool
    allow_deletes: bool


def main(playground: Playground, *, wait: bool, full: bool, allow_deletes: bool) -> None:
    extract(playground, wait=wait, full=full, allow_deletes=allow_deletes)
    print("Type `make transform` to build the marts.")


def extract(
    playground: Playground, *, wait: bool = True, full: bool = False, allow_deletes: bool = False
) -> StoppedError | None:
    """Download what is new, changed or missing and tell how it ended.

    Returns what stopped it cleanly before its end, null for nothing; raises if it failed.
    """
    settings = load_settings(playground, credentials=True)
    options = Options(wait, full, allow_deletes)
    playground.prepare()
    with locks.one_at_a_time(playground, "extract"):
        return Run(settings, playground, options).run()


class Run:
    """One extraction."""

    def __init__(self, settings: Settings, playground: Playground, options: Options) -> None:
        from pipelines.strava.quota import Quota

        self.settings, self.playground, self.options = settings, playground, options
        self.tally = runs.Tally()
        self.backlog = Backlog()
        self.quota = Quota(playground.quota)
        self.stopping = threading.Event()
        self.signal_name = ""
        self.request_count = 0
        self.started_at = dt.datetime.now(dt.UTC)

    def run(self) -> StoppedError | None:
        stop: StoppedError | None = None
        try:
            with self._signals(), Progress(self.tally, self.quota) as progress:
                self._work(progress)
        except StoppedError as caught:
            stop = caught
        except BaseException as error:
            failure = warehouse.explained(error, self.playground.warehouse)
            self._record("failed", oauth.redact(one_line(failure), self.playground)[:500])
            if failure is error:
                raise
            raise failure from error
        self._record("stopped" if stop else "done", one_line(stop) if stop else None)
        self._tell(stop)
        return stop

    def _work(self, progress: Progress) -> None:
        if self.playground.warehouse.exists():
            # Before dlt, which takes a second to import: a file that cannot be read is told at once.
            with warehouse.turn(self.playground, self.check_stop):
                warehouse.connect(self.playground.warehouse, self.check_stop).close()
        from pipelines.warehouse.load import Loader

        loader = Loader(self.playground, self.check_stop)
        if found := loader.resume():
            progress.say(found)
        with warehouse.turn(self.playground, self.check_stop):
            known = warehouse.read_known(self.playground, self.check_stop)
        from pipelines.strava.api import StravaSession
        from pipelines.strava.history import Download

        session = StravaSession(self.settings, self.playground, self.quota, self._wait)
        download = Download(
            settings=self.settings,
            playground=self.playground,
            session=session,
            known=known,
            backlog=self.backlog,
            tally=self.tally,
            now=self.started_at,
            # A deletion is accepted by what a listing of everything says.
            lists_all=self.options.full or self.options.allow_deletes,
            allow_deletes=self.options.allow_deletes,
            check_stop=self.check_stop,
        )
        # A daemon: a request that hangs must not hold up Ctrl-C.
        thread = threading.Thread(target=self._download, args=(download,), daemon=True)
        with _collector_at_rest():
            try:
                thread.start()
                self._load_as_it_comes(loader, progress)
            finally:
                self.request_count = session.request_count
                if thread.is_alive():
                    oauth.let_refresh_end(self.playground)

    def _download(self, download: Any) -> None:
        error: BaseException | None = None
        try:
            download.run()
        except BaseException as caught:
            error = caught
        self.backlog.put(End(error))

    def _load_as_it_comes(self, loader: "Loader", progress: Progress) -> None:
        batch: dict[str, list[Any]] = {}
        since, size = 0.0, 0

        def flush() -> None:
            nonlocal size
            if batch:
                loader.load(batch)
            batch.clear()
            gc.collect()  # dlt leaves the tables in cycles
            size = 0

        while True:
            progress.update()
            try:
                item = self.backlog.get(timeout=0.1)
            except queue.Empty:
                item = None
            match item:
                case Load():
                    if not batch:
                        since = time.monotonic()
                    for table, rows in item.tables.items():
                        batch.setdefault(table, []).append(rows)
                    size += item.nbytes
                case Change():
                    flush()
                    loader.execute(item.statement, *item.values)
                case End():
                    flush()
                    if item.error is not None:
                        raise item.error
                    return
                case None if self.stopping.is_set():
                    # Nothing more in hand; what the thread still waits for is asked for again next time.
                    flush()
                    self.check_stop()
            if batch and (time.monotonic() - since > COMMIT_S or size > COMMIT_BYTES):
                flush()

    # --- stopping and waiting ----------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, _frame: Any) -> None:
            self.signal_name = signal.Signals(number).name
            self.stopping.set()

        earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def check_stop(self) -> None:
        if self.stopping.is_set():
            raise InterruptedRunError(f"stopped by {self.signal_name}")

    def _wait(self, full: Any) -> None:
        """Called while the quota is used up: sleep until the window ends, or stop."""
        from pipelines.strava.api import sleep_until

        resets = dt.datetime.fromtimestamp(full.until).astimezone()
        if full.window == "day":
            raise StoppedError(
                f"today's quota of requests is used up; it resets at {resets:%Y-%m-%d %H:%M %Z}"
            )
        if not self.options.wait:
            raise StoppedError(
                f"this quarter hour's quota of requests is used up; it resets at {resets:%H:%M:%S}"
            )
        self.tally.waiting_until = full.until
        sleep_until(full.until, self.stopping.is_set)
        self.tally.waiting_until = None
        self.check_stop()

    # --- the end -----------------------------------------------------------------------------------------

    def _record(self, status: str, message: str | None) -> None:
        counts = {name: getattr(self.tally, name) for name in runs.RECORDED}
        runs.append(
            self.playground,
            "extract",
            self.started_at,
            status,
            message,
            requests=self.request_count,
            **counts,
        )

    def _tell(self, stop: StoppedError | None) -> None:
        tally = self.tally
        streams = f"{tally.streams_loaded} with streams loaded"
        if tally.streams_none:
            streams += f", {tally.streams_none} without streams"
        if tally.streams_failed:
            streams += f", {tally.streams_failed} failed (`make status` tells why)"
        print(
            f"{tally.listing} listing: {tally.new} new, {tally.changed} changed, {tally.deleted} deleted, "
            f"{tally.restored} back; {streams}; {self.request_count} requests"
        )
        for note in tally.notes:
            print(f"note: {note}")
        if stop is not None:
            pending = "" if tally.pending is None else f"; {tally.pending} activities wait for their streams"
            print(f"{one_line(stop)}{pending}. Nothing is lost: type `make extract` to go on later.")
        elif tally.is_complete:
            print("Everything is loaded.")
        else:
            print("Everything else is loaded.")


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Each answer is thousands of lists: Python's collector would go through all of dlt for them, in vain."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
