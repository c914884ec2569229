"""`make extract`: one thread downloads, this one loads what has come in, every few seconds.

    Strava --(thread: listing, then streams)--> queue --(every COMMIT_S)--> dlt --> strava_raw

The warehouse is open only while loading; the quota may make the thread wait for minutes.
"""

import datetime as dt
import gc
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines import plan, warehouse
from pipelines.errors import RunError, UserError, one_line
from pipelines.progress import Progress
from pipelines.settings import Playground, Settings, load_settings

# A batch is loaded this long after its first piece came in; the load itself must fit into the rest of 5 s.
COMMIT_S = 2.5
COMMIT_BYTES = 24 * 2**20
# What may wait while a load is at work: enough that the download goes on.
BACKLOG_BYTES = 32 * 2**20
# So many activities in a row without an answer mean that Strava is down, not that they are broken.
OUTAGE_AFTER = 8


class Stop(Exception):
    """End the download cleanly; the text tells why."""


@dataclass
class Tally:
    """What a run did and what it knows, read by the progress display and written to runs.jsonl."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    restored: int = 0
    streams_loaded: int = 0
    streams_none: int = 0
    streams_failed: int = 0
    listing: str = "none"
    pending: int | None = None
    total: int = 0
    done: int = 0
    waiting_until: float | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Options:
    """What the make variables say."""

    wait: bool
    full: bool
    allow_deletes: bool

    @classmethod
    def from_environment(cls) -> "Options":
        return cls(
            wait=_is_yes("WAIT", True),
            full=_is_yes("FULL", False),
            allow_deletes=_is_yes("ALLOW_DELETES", False),
        )


def _is_yes(variable: str, default: bool) -> bool:
    text = os.environ.get(variable, "").strip().lower()
    answers = {"": default, "yes": True, "1": True, "true": True, "no": False, "0": False, "false": False}
    if text not in answers:
        raise UserError(
            f"{variable}={text} is neither yes nor no: type {variable}={'no' if default else 'yes'}"
        )
    return answers[text]


def main(playground: Playground) -> None:
    extract(playground)
    print("Type `make transform` to build the marts.")


def extract(playground: Playground) -> None:
    """Download what is new, changed or missing; tell how it ended; raise if it failed."""
    settings = load_settings(playground, credentials=True)
    playground.prepare()
    with warehouse.one_writer(playground, "extract"):
        Run(settings, playground, Options.from_environment()).run()


@dataclass
class Load:
    """Rows for tables, loaded together."""

    tables: dict[str, Any]  # of pa.Table

    @property
    def nbytes(self) -> int:
        return sum(rows.nbytes for rows in self.tables.values())


@dataclass
class Change:
    """A statement of our own, done after all rows that came before it."""

    statement: str
    values: tuple[Any, ...]


@dataclass
class End:
    """The download is over; `error` tells why if it ended early."""

    error: BaseException | None


class Backlog(queue.Queue["Load | Change | End"]):
    """What waits to be loaded; full by the bytes of its tables, not by their number."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: "Load | Change | End") -> None:
        super()._put(item)
        self._bytes += _weight(item)

    def _get(self) -> "Load | Change | End":
        item = super()._get()
        self._bytes -= _weight(item)
        return item


def _weight(item: "Load | Change | End") -> int:
    return 1 + (item.nbytes if isinstance(item, Load) else 0)


class Run:
    """One extraction."""

    def __init__(self, settings: Settings, playground: Playground, options: Options) -> None:
        self.settings, self.playground, self.options = settings, playground, options
        self.tally = Tally()
        self.stopping = threading.Event()
        self.signal_name = ""
        self.queue = Backlog(BACKLOG_BYTES)
        self.started_at = dt.datetime.now(dt.UTC)

    def run(self) -> None:
        from pipelines.api import StravaSession
        from pipelines.quota import Quota

        self.quota = Quota(self.playground.quota)
        self.session = StravaSession(self.settings, self.playground, self.quota, self._wait)
        outcome: BaseException | None = None
        with self._signals(), Progress(self.tally, self.quota) as progress:
            try:
                self._check_warehouse()
                loader = warehouse.Loader(self.playground)
                if loader.finish_pending():
                    progress.say("loaded what the last run had left behind")
                known = warehouse.read_known(self.playground)
                # Each answer is thousands of lists: the collector would go through all of dlt for them, in vain.
                gc.freeze()
                gc.disable()  # it runs after each load instead
                # A daemon: a request that hangs must not hold up Ctrl-C.
                threading.Thread(target=self._download, args=(known,), daemon=True).start()
                self._load_as_it_comes(loader, progress)
            except BaseException as error:
                outcome = error
        self._finish(outcome)

    def _check_warehouse(self) -> None:
        if self.playground.warehouse.exists():
            warehouse.connect(self.playground.warehouse).close()

    # --- this thread: load -------------------------------------------------------------------------------

    def _load_as_it_comes(self, loader: warehouse.Loader, progress: Progress) -> None:
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
                item = self.queue.get(timeout=0.1)
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
                    raise Stop(f"stopped by {self.signal_name}")
            if batch and (time.monotonic() - since > COMMIT_S or size > COMMIT_BYTES):
                flush()

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

    def _finish(self, outcome: BaseException | None) -> None:
        """Write the run's record, tell how it ended, raise if it failed."""
        tally = self.tally
        record = {
            "command": "extract",
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "status": "done" if outcome is None else "stopped" if isinstance(outcome, Stop) else "failed",
            "message": None if outcome is None else self._safe(one_line(outcome)),
            "requests": self.session.request_count,
            **{name: getattr(tally, name) for name in RECORDED},
        }
        append_record(self.playground, record)
        if outcome is not None and not isinstance(outcome, Stop):
            raise outcome
        streams = f"{tally.streams_loaded} with streams loaded"
        if tally.streams_none:
            streams += f", {tally.streams_none} without streams"
        if tally.streams_failed:
            streams += f", {tally.streams_failed} failed (`make status` tells why)"
        print(
            f"{tally.listing} listing: {tally.new} new, {tally.changed} changed, {tally.deleted} deleted, "
            f"{tally.restored} back; {streams}; {self.session.request_count} requests"
        )
        for note in tally.notes:
            print(f"note: {note}")
        if outcome is not None:
            pending = "" if tally.pending is None else f"; {tally.pending} activities wait for their streams"
            print(f"{one_line(outcome)}{pending}. Nothing is lost: type `make extract` to go on later.")
        else:
            print("Everything is loaded.")

    def _safe(self, text: str) -> str:
        from pipelines.oauth import redact

        return redact(text, self.playground)[:500]

    # --- the other thread: download ----------------------------------------------------------------------

    def _download(self, known: plan.Known) -> None:
        error: BaseException | None = None
        try:
            Download(self, known).all()
        except BaseException as caught:
            error = caught
        self.queue.put(End(error))

    def _wait(self, full: Any) -> None:
        """Called while the quota is used up: sleep until the window ends, or stop."""
        from pipelines.api import sleep_until

        resets = dt.datetime.fromtimestamp(full.until).astimezone()
        if full.window == "day":
            raise Stop(f"today's quota of requests is used up; it resets at {resets:%Y-%m-%d %H:%M %Z}")
        if not self.options.wait:
            raise Stop(f"this quarter hour's quota of requests is used up; it resets at {resets:%H:%M:%S}")
        self.tally.waiting_until = full.until
        sleep_until(full.until, self.stopping.is_set)
        self.tally.waiting_until = None
        self.check_stop()

    def check_stop(self) -> None:
        if self.stopping.is_set():
            raise Stop(f"stopped by {self.signal_name}")


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


def append_record(playground: Playground, record: dict[str, Any]) -> None:
    """One line more in runs.jsonl; a full disk does not turn a run's outcome into another."""
    try:
        with open(os.open(playground.runs, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        print(f"note: {playground.runs} could not be written ({error.strerror})", file=sys.stderr)


class Download:
    """The requests of one run, in their order; every row goes into the run's queue."""

    def __init__(self, run: Run, known: plan.Known) -> None:
        from dlt.sources.helpers.rest_client import RESTClient

        from pipelines import oauth

        self.run, self.known, self.tally = run, known, run.tally
        self.strava = run.settings.strava
        self.client = RESTClient(base_url=self.strava.api_url, session=run.session)
        tokens = oauth.access_token(run.settings, run.playground)
        self.scope = tokens.scope
        granted = plan.scopes(self.scope)
        if self.scope is not None and not granted & {"activity:read", "activity:read_all"}:
            raise UserError(missing_scope("activity:read_all"))
        if self.scope is not None and "activity:read_all" not in granted:
            self.tally.notes.append(
                "this authorisation does not cover private activities (activity:read_all): "
                "type `make authorize` to add them"
            )
        self.may_read_profile = self.scope is None or "profile:read_all" in granted

    def all(self) -> None:
        from pipelines.api import MissingScope, PassingFault

        try:
            self._create_tables()
            current = self._listing()
            self._athlete()
            self._streams(current)
        except MissingScope as error:
            raise UserError(missing_scope(str(error))) from None
        except PassingFault as error:
            raise RunError(
                f"Strava does not answer ({one_line(error)}): what was loaded is safe; type `make extract` later"
            ) from None

    def _put(self, **tables: Any) -> None:
        self.run.queue.put(Load(tables))

    def _change(self, statement: str, *values: Any) -> None:
        self.run.queue.put(Change(statement, values))

    def _create_tables(self) -> None:
        """All tables stand from the first load on, empty if need be: the models read every one."""
        from pipelines import shape

        empty = {
            "activities": shape.activities([], {}),
            "streams": shape.STREAMS_SCHEMA.empty_table(),
            "stream_fetches": shape.FETCHES_SCHEMA.empty_table(),
            "listings": shape.LISTINGS_SCHEMA.empty_table(),
            "athlete": shape.typed([], shape.ATHLETE_TYPES),
            "athlete_zones": shape.ZONES_SCHEMA.empty_table(),
            "gear": shape.typed([], shape.GEAR_TYPES),
        }
        missing = {name: rows for name, rows in empty.items() if name not in self.known.has_table}
        if missing:
            self._put(**missing)

    def _listing(self) -> dict[int, plan.Activity]:
        """List what is due, load what is new or changed, mark what is gone. Returns all that exist."""
        from pipelines import shape, source

        now, known, strava = self.run.started_at, self.known, self.strava
        is_full = plan.full_listing_due(
            known, now, strava.full_listing_hours, strava.start_date, self.run.options.full
        )
        since = None if is_full else plan.window_start(known, now, strava.lookback_days)
        is_full = since is None
        self.tally.listing = "full" if is_full else "look-back"
        first_day = strava.start_date
        earliest = None
        if first_day is not None:
            earliest = dt.datetime.combine(first_day, dt.time(), dt.UTC)
            since = max(since, earliest) if since else earliest
        current = dict(known.activities)
        seen: set[int] = set()
        for page in source.list_activities(self.client, None if since is None else since - plan.SEAM):
            seen |= {row["id"] for row in page}
            rows = [row for row in page if first_day is None or not _is_before(row, first_day)]
            news = [row for row in rows if self._is_news(row)]
            for activity in (_activity(row) for row in news):
                current[activity.id] = activity
            if news:
                self._put(activities=shape.activities(news, known.extra_types))
            self.tally.total = len(current)
            self.run.check_stop()
        self._deletions(current, seen, since)
        listing = {
            "started_at": now,
            "is_full": is_full,
            "scope": self.scope,
            "start_date": str(first_day) if first_day else None,
            "activity_count": len(seen),
        }
        types = {item.name: item.type for item in shape.LISTINGS_SCHEMA}
        self._put(listings=shape.typed([listing], types))
        return current

    def _is_news(self, row: dict[str, Any]) -> bool:
        from pipelines import shape

        before = self.known.activities.get(row["id"])
        if before is None:
            self.tally.new += 1
            return True
        if before.is_deleted:
            self.tally.restored += 1
            return True
        if before.content_hash != shape.content_hash(row):
            self.tally.changed += 1
            return True
        return False

    def _deletions(
        self, current: dict[int, plan.Activity], seen: set[int], since: dt.datetime | None
    ) -> None:
        gone = plan.vanished(self.known, seen, since)
        refusal = plan.refuse_deletion(self.known, len(gone), self.scope, self.run.options.allow_deletes)
        if refusal:
            self.tally.notes.append(refusal)
            # The scope of the last good listing stays the measure for the next one.
            if self.known.last_full:
                self.scope = self.known.last_full.scope
            return
        if gone:
            self.tally.deleted = len(gone)
            # An update of one column: dlt's merge would need the whole rows once more.
            self._change(
                "update strava_raw.activities set deleted_at = ? where id in (select unnest(?))",
                self.run.started_at,
                gone,
            )
            for id_ in gone:
                current[id_] = replace(current[id_], is_deleted=True)

    def _athlete(self) -> None:
        """Athlete, gear and zones, once a day; each needs a scope that may be missing."""
        from pipelines import shape, source
        from pipelines.api import MissingScope, PassingFault, Refused

        refreshed = self.known.athlete_refreshed_at
        now = self.run.started_at
        if refreshed is not None and dt.timedelta(0) <= now - refreshed < dt.timedelta(days=1):
            return
        if self.scope is not None and not plan.scopes(self.scope) & {"read", "profile:read_all"}:
            return
        answer: Any = None
        try:
            answer = source.get_json(self.client, "/athlete")
            if (
                not isinstance(answer, dict)
                or shape.coerce(answer.get("id"), shape.ATHLETE_TYPES["id"]) is None
            ):
                raise Refused("an answer that is no athlete")
            if "bikes" in answer or "shoes" in answer:
                self._put(gear=shape.gear(answer))
            if self.may_read_profile:
                zones = source.get_json(self.client, "/athlete/zones")
                self._put(athlete_zones=shape.zones(zones if isinstance(zones, dict) else {}))
            self._put(athlete=shape.athlete(answer, now))
        except (MissingScope, PassingFault, Refused) as error:
            self.tally.notes.append(
                f"zones and gear were not read ({type(error).__name__}: {one_line(error)})"
            )
            if isinstance(error, MissingScope) and isinstance(answer, dict):
                self._put(athlete=shape.athlete(answer, now))

    def _streams(self, current: dict[int, plan.Activity]) -> None:
        from pipelines.api import PassingFault

        pending = plan.pending_streams(current, self.known.fetches, self.run.started_at)
        self.tally.pending, self.tally.total = len(pending), len(pending)
        outage = 0
        for activity in pending:
            self.run.check_stop()
            try:
                outage = 0 if self._fetch(activity) else outage + 1
            finally:
                self.tally.done += 1
            if outage >= OUTAGE_AFTER:
                raise PassingFault(f"{outage} activities in a row without an answer")
            self.tally.pending -= 1

    def _fetch(self, activity: plan.Activity) -> bool:
        """Ask for the streams of one activity; false when no answer came at all."""
        from pipelines import shape, source
        from pipelines.api import PassingFault, Refused, is_activity_missing

        rows, error, answered = None, None, True
        try:
            answer = source.fetch_streams(self.client, activity.id, self.strava.streams)
            if answer.status_code == 404:
                status = "failed" if is_activity_missing(answer) else "none"
                error = "the activity is not visible (HTTP 404)" if status == "failed" else None
            else:
                rows, error = shape.streams(activity.id, answer.json())
                status = "loaded" if rows.num_rows else "none"
                if rows.num_rows and rows["time"].null_count == rows.num_rows:
                    status = "failed"  # a mangled answer has only `distance`: kept, and asked for again
        except (PassingFault, Refused) as fault:
            status, error = "failed", one_line(fault)
            answered = isinstance(fault, Refused)
        previous = self.known.fetches.get(activity.id)
        if status == "loaded":
            self.tally.streams_loaded += 1
        elif status == "none":
            self.tally.streams_none += 1
            if previous and previous.sample_count:
                self._change("delete from strava_raw.streams where activity_id = ?", activity.id)
        else:
            self.tally.streams_failed += 1
        count = rows.num_rows if rows is not None else 0
        row = plan.fetch_row(activity, previous, dt.datetime.now(dt.UTC), status, count, error)
        ledger = shape.typed([row], {item.name: item.type for item in shape.FETCHES_SCHEMA})
        self._put(**({"streams": rows} if count else {}), stream_fetches=ledger)
        return answered


def missing_scope(scope: str) -> str:
    return (
        f"the authorisation does not cover your activities ({scope} is missing; a token from Strava's settings "
        "page never does): type `make authorize` and leave all boxes ticked"
    )


def _activity(row: dict[str, Any]) -> plan.Activity:
    from pipelines import shape

    names = ("id", "start_date", "distance", "moving_time", "elapsed_time", "manual")
    values = {name: shape.coerce(row.get(name), shape.ACTIVITY_TYPES[name]) for name in names}
    return plan.Activity(**values, content_hash=shape.content_hash(row))


def _is_before(row: dict[str, Any], day: dt.date) -> bool:
    from pipelines import shape

    local = shape.coerce(row.get("start_date_local"), shape.WALL_CLOCK)
    return local is not None and local.date() < day
