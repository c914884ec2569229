"""`make extract`: what is new, changed or missing on Strava comes into the warehouse."""

import datetime as dt
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipelines import locks, runs
from pipelines.commands._background import Background
from pipelines.commands._progress import Progress
from pipelines.commands._tally import Tally
from pipelines.commands._values import authorisation_of
from pipelines.errors import InterruptedRunError, StoppedError, one_line, visible
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.strava.quota import Full, Quota
from pipelines.strava.tokens import TokenFile
from pipelines.warehouse import file as warehouse

# A refresh of tokens that the thread has begun is waited for: ended in its midst, the new ones would be lost.
REFRESH_WAIT_S = 5


def main(playground: Playground, *, wait: bool, full: bool, allow_deletes: bool) -> None:
    """Download, and say what to type next."""
    extract(playground, wait=wait, full=full, allow_deletes=allow_deletes)
    print("Type `make transform` to build the marts.")


def extract(
    playground: Playground, *, wait: bool = True, full: bool = False, allow_deletes: bool = False
) -> StoppedError | None:
    """Download what is new, changed or missing, and tell how it ended.

    Args:
        playground: Where everything goes.
        wait: Wait for the next quarter hour when the quota is used up, instead of stopping.
        full: List everything, and not only the look-back window.
        allow_deletes: Believe a listing that lacks more than half of the known activities.

    Returns:
        What stopped it cleanly before its end; `None` for nothing.
    """
    settings = load_settings(playground, credentials=True)
    playground.prepare()
    with locks.one_at_a_time(playground.root, "extract"):
        # A deletion is accepted by what a listing of everything says.
        return Run(settings, playground, wait, full or allow_deletes, allow_deletes).run()


class Run:
    """One extraction."""

    def __init__(
        self, settings: Settings, playground: Playground, waits: bool, lists_all: bool, allow_deletes: bool
    ) -> None:
        self.settings, self.playground, self.waits = settings, playground, waits
        self.lists_all, self.allow_deletes = lists_all, allow_deletes
        self.tally = Tally()
        self.quota = Quota(playground.quota)
        self.stopping = threading.Event()
        self.signal_name = ""
        self.request_count = 0
        self.started_at = dt.datetime.now(dt.UTC)

    def run(self) -> StoppedError | None:
        """Do it, record it, tell it. Returns what stopped it cleanly before its end; `None` for nothing."""
        stop: StoppedError | None = None
        try:
            with self._signals(), Progress(self.tally, self.quota) as progress:
                self._work(progress)
        except StoppedError as caught:
            stop = caught
        except BaseException as error:
            failure = warehouse.explained(error, self.playground.warehouse)
            self._record("failed", self.playground.redact(one_line(failure))[:500])
            if failure is error:
                raise
            raise failure from error
        self._record("stopped" if stop else "done", one_line(stop) if stop else None)
        self._tell(stop)
        return stop

    def _work(self, progress: Progress) -> None:
        if self.playground.warehouse.exists():
            # Before dlt, which takes a second to import: a file that cannot be read is told at once.
            with warehouse.warehouse_turn(self.playground, self.check_stop):
                warehouse.connect(self.playground.warehouse, self.check_stop).close()
        from pipelines.commands._drive import WAITING_BYTES, Drive, until_stopped, weight
        from pipelines.strava.api import StravaSession
        from pipelines.strava.history import Extent, History
        from pipelines.warehouse.known import read_known
        from pipelines.warehouse.load import Loader

        loader = Loader(self.playground, self.check_stop)
        if found := loader.resume():
            progress.say(visible(found))
        with warehouse.warehouse_turn(self.playground, self.check_stop):
            known = read_known(self.playground, self.check_stop)
        strava = self.settings.strava
        authorisation = authorisation_of(self.settings, self.playground)
        session = StravaSession(authorisation, self.quota, self._wait)
        extent = Extent(
            start_date=strava.start_date,
            lookback_days=strava.lookback_days,
            full_listing_hours=strava.full_listing_hours,
            streams=strava.streams,
            lists_all=self.lists_all,
            allow_deletes=self.allow_deletes,
        )
        history = History(session, known, extent, self.started_at)
        background = Background(until_stopped(history.everything(), self.check_stop), weight, WAITING_BYTES)
        try:
            Drive(background, loader, self.tally, progress, self.check_stop).run()
        finally:
            self.request_count = session.request_count
            if background.is_at_work:
                self._let_refresh_end()

    def _let_refresh_end(self) -> None:
        store = TokenFile(self.playground.tokens)
        try:
            with store.lock(locks.deadline(REFRESH_WAIT_S, TimeoutError())):
                pass
        except TimeoutError:
            pass

    # --- stopping and waiting ----------------------------------------------------------------------------

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

    def check_stop(self) -> None:
        """Raise InterruptedRunError once Ctrl-C or TERM has come."""
        if self.stopping.is_set():
            raise InterruptedRunError(f"stopped by {self.signal_name}")

    def _wait(self, full: Full) -> None:
        """Called while the quota is used up: sleep until the window ends, or stop."""
        from pipelines.strava.api import sleep_until

        resets = dt.datetime.fromtimestamp(full.until).astimezone()
        if full.window == "day":
            raise StoppedError(
                f"today's quota of requests is used up; it resets at {resets:%Y-%m-%d %H:%M %Z}"
            )
        if not self.waits:
            raise StoppedError(
                f"this quarter hour's quota of requests is used up; it resets at {resets:%H:%M:%S}"
            )
        self.tally.waiting_until = full.until
        sleep_until(full.until, self.stopping.is_set)
        self.tally.waiting_until = None
        self.check_stop()

    # --- the end -----------------------------------------------------------------------------------------

    def _record(self, status: str, message: str | None) -> None:
        counts = {"requests": self.request_count, **self.tally.recorded()}
        runs.append(self.playground, "extract", self.started_at, status, message, **counts)

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
            print(f"note: {visible(note)}")
        if stop is not None:
            pending = "" if tally.pending is None else f"; {tally.pending} activities wait for their streams"
            print(f"{visible(one_line(stop))}{pending}. Nothing is lost: type `make extract` to go on later.")
        elif tally.is_complete:
            print("Everything is loaded.")
        else:
            print("Everything else is loaded.")
