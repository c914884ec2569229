"""`make extract`: what is new, changed or missing on Strava comes into the warehouse."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines import locks, runs
from pipelines.addresses import is_gone
from pipelines.commands._background import Background
from pipelines.commands._progress import Progress, Words
from pipelines.commands._run import SourceRun
from pipelines.commands._values import authorisation_of
from pipelines.errors import RunError, StoppedError, UserError, counted, one_line, visible
from pipelines.events import Event
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.strava.quota import Full, Quota
from pipelines.strava.tokens import TokenFile

if TYPE_CHECKING:
    from pipelines.strava.api import StravaSession

# A refresh of tokens that the thread has begun is waited for: ended in its midst, the new ones would be lost.
REFRESH_WAIT_S = 5


def main(playground: Playground, *, wait: bool, full: bool, allow_deletes: bool) -> None:
    """Download, and say what to type next."""
    extract(playground, wait=wait, full=full, allow_deletes=allow_deletes)
    try:
        is_due = runs.is_transform_due(runs.read(playground))
    except UserError:  # a link in place of the runs, as this one has said
        is_due = True
    if is_due:
        print(f"Type `{playground.to_type('make transform')}` to build the marts.")
    else:
        print(f"The marts have all of it: type `{playground.to_type('make sql')}` to query them.")


def extract(
    playground: Playground, *, wait: bool = True, full: bool = False, allow_deletes: bool = False
) -> StoppedError | None:
    """Download what is new, changed or missing, and tell how it ended.

    Args:
        playground: Where everything goes.
        wait: Wait for the next quarter hour when the quota is used up, instead of stopping.
        full: List everything, and not only the look-back window; ask for the samples that an archive gave, too.
        allow_deletes: Believe a listing that lacks more than half of the known activities.

    Returns:
        What stopped it cleanly before its end; `None` for nothing.
    """
    settings = load_settings(playground, credentials=True)
    playground.prepare()
    with locks.one_at_a_time(playground.root, "extract"):
        return Extraction(settings, playground, waits=wait, full=full, allow_deletes=allow_deletes).run()


class Extraction(SourceRun):
    """One run of the source "strava"."""

    command = "extract"

    def __init__(
        self, settings: Settings, playground: Playground, *, waits: bool, full: bool, allow_deletes: bool
    ) -> None:
        super().__init__(playground)
        self.settings, self.waits, self.full, self.allow_deletes = settings, waits, full, allow_deletes
        self.quota = Quota(playground.quota)
        self.request_count = 0
        self.session: StravaSession | None = None

    def words(self) -> Words:
        """What the progress display says."""
        return Words("listing activities", "streams", self._figures, self._waiting, self._trouble)

    def work(self, progress: Progress) -> None:
        """Download and load."""
        loader, known = self.prepare(progress)
        from pipelines.strava.api import StravaSession
        from pipelines.strava.history import Extent, History

        strava = self.settings.strava
        session = StravaSession(authorisation_of(self.settings, self.playground), self.quota, self._wait)
        self.session = session
        extent = Extent(
            start_date=strava.start_date,
            lookback_days=strava.lookback_days,
            full_listing_hours=strava.full_listing_hours,
            streams=strava.streams,
            # A deletion is accepted by what a listing of everything says.
            lists_all=self.full or self.allow_deletes,
            allow_deletes=self.allow_deletes,
            replaces_archive=self.full,
        )
        narrow = sum(f.status == "loaded" and f.lacks(strava.streams) for f in known.fetches.values())
        if narrow and not self.full:
            self.tally.notes.append(
                f"the samples of {counted(narrow, 'activity', 'activities')} were asked for in fewer types than "
                "strava.streams names now: type `make extract FULL=1` to ask for them again"
            )
        history = History(session, known, extent, self.started_at)

        def at_end(background: Background[Event]) -> None:
            self.request_count = session.request_count
            if background.is_at_work:
                self._let_refresh_end()

        self.drive(history.everything(), loader, progress, at_end)

    def _let_refresh_end(self) -> None:
        store = TokenFile(self.playground.tokens)
        try:
            with store.lock(locks.deadline(REFRESH_WAIT_S, TimeoutError())):
                pass
        except TimeoutError:
            pass

    def explained(self, error: BaseException) -> BaseException:
        """Say of a server on this machine that is gone what it was: the demo's ends with the demo."""
        failure = super().explained(error)
        address = self.settings.strava.api_url
        if not isinstance(failure, RunError) or not is_gone(address):
            return failure
        root = self.playground.root
        again = Playground(root.parent).to_type("make demo")
        return UserError(
            f"nothing answers at {address}: the simulated Strava of a demo ends with the demo; type `{again}` for another "
            'one, or keep your own history in a Playground of its own, as the README\'s "Your own Strava account" says'
        )

    # --- waiting -----------------------------------------------------------------------------------------

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

    def _figures(self) -> str:
        quarter, day = self.quota.left()
        return f"quota left {quarter} now, {day} today"

    def _waiting(self) -> locks.Wait | None:
        until = self.tally.waiting_until
        if not until:
            return None
        transform = self.playground.to_type("make transform")
        return locks.Wait(
            f"the quota until {dt.datetime.fromtimestamp(until).astimezone():%H:%M:%S %Z}",
            f"`{transform}` in another terminal builds the marts of what is loaded meanwhile",
        )

    def _trouble(self) -> str | None:
        return self.session.trouble if self.session else None

    # --- the end -----------------------------------------------------------------------------------------

    def recorded(self) -> Mapping[str, runs.Count]:
        """Return the counts for runs.jsonl."""
        return {"requests": self.request_count, **super().recorded()}

    def tell(self, stop: StoppedError | None) -> None:
        """Say what was done."""
        tally = self.tally
        streams = f"{tally.streams_loaded} with streams loaded"
        if tally.streams_none:
            streams += f", {tally.streams_none} without streams"
        if tally.streams_failed:
            status = self.playground.to_type("make status")
            streams += f", {tally.streams_failed} failed (`{status}` tells why)"
        # At a full quota there may have been none.
        listing = "nothing was listed" if tally.listing == "none" else f"{tally.listing} listing"
        print(
            f"{listing}: {tally.new} new, {tally.changed} changed, {tally.deleted} deleted, "
            f"{tally.restored} back; {streams}; {counted(self.request_count, 'request')}"
        )
        for note in tally.notes:
            print(f"note: {self.playground.hinted(visible(note))}")
        if stop is not None:
            pending = (
                ""
                if tally.pending is None
                else f"; {counted(tally.pending, 'activity waits for its streams', 'activities wait for their streams')}"
            )
            again = self.playground.to_type("make extract")
            print(f"{visible(one_line(stop))}{pending}. Nothing is lost: type `{again}` to go on later.")
        elif tally.is_complete:
            print("Everything is loaded.")
        else:
            print("Everything else is loaded.")
