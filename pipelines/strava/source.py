"""The dlt source "strava": the events of a history as the rows of dlt's resources."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import dlt
import pyarrow as pa
from dlt.common import logger
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

from pipelines.errors import StoppedError, one_line
from pipelines.events import Deleted, DeletionsRefused, Event, Note, Rows, SamplesGone
from pipelines.strava import plan
from pipelines.strava.api import StravaSession, sleep_until
from pipelines.strava.history import STREAM_TYPES, Extent, History
from pipelines.strava.memory import Memory
from pipelines.strava.oauth import API_URL, OAUTH_URL, App, Authorisation
from pipelines.strava.quota import Full, Quota
from pipelines.strava.tokens import MemoryTokens, TokenStore
from pipelines.tables import ACTIVITIES, ATHLETE, ATHLETE_ZONES, GEAR, STREAM_FETCHES, STREAMS, Table

T = TypeVar("T")


@dlt.source(name="strava", section="strava", schema_contract={"data_type": "freeze"})
def strava(
    client_id: str | None = None,
    client_secret: TSecretStrValue | None = dlt.secrets.value,
    refresh_token: TSecretStrValue | None = None,
    access_token: TSecretStrValue | None = None,
    token_store: TokenStore | None = None,
    api_url: str = API_URL,
    oauth_url: str = OAUTH_URL,
    start_date: dt.date | None = None,
    lookback_days: float = 30,
    full_listing_hours: float = 24,
    streams: Sequence[str] = STREAM_TYPES,
    # Named so that no other variable of the environment is taken for them: dlt looks for the bare name, too.
    wait_for_quota: bool = True,
    allow_mass_deletion: bool = False,
    quota: Quota | None = None,
) -> Sequence[DltResource]:
    """One athlete's history on Strava: activities, samples, athlete, zones, gear.

    Each value is also read from dlt's configuration (`sources.strava.client_id`, ...). What was loaded is kept
    in dlt's pipeline state: a second run lists the look-back window, and asks for no stream that was loaded.
    What a listing no longer holds is deleted from the destination. `streams` and `stream_fetches` come from
    the same requests: only what `streams` has loaded is not asked for again.

    Args:
        client_id: Of the API app (strava.com/settings/api).
        client_secret: Of the API app.
        refresh_token: From the first authorisation. Strava may replace it: a `token_store` keeps the new one.
        access_token: Enough by itself for as long as it is valid.
        token_store: Anything with `load()` and `save(tokens)`, mappings with access_token, refresh_token and
            expires_at; in place of the two tokens.
        api_url: Base of the API.
        oauth_url: Base of Strava's authorisation pages.
        start_date: Activities before this date are ignored.
        lookback_days: The window before the newest activity that each run lists again.
        full_listing_hours: A run this long after the last listing of everything lists everything.
        streams: The types of streams to ask for.
        wait_for_quota: Wait for the next quarter hour when the quota is used up. A full day's quota always ends the
            run; what was read until then is loaded, and the next run goes on.
        allow_mass_deletion: Believe a listing that lacks more than half of the known activities.
        quota: Counts requests across runs; by default from the first answer of this one.
    """
    given = {"access_token": access_token or "", "refresh_token": refresh_token, "client_id": client_id}
    store = token_store or MemoryTokens(given if access_token or refresh_token else None)
    app = App(client_id or "", client_secret or "", oauth_url.rstrip("/"), api_url.rstrip("/"))
    extent = Extent(
        start_date=dt.date.fromisoformat(start_date) if isinstance(start_date, str) else start_date,
        lookback_days=lookback_days,
        full_listing_hours=full_listing_hours,
        streams=tuple(kind for kind in STREAM_TYPES if kind in streams or kind == "time"),
        allow_deletes=allow_mass_deletion,
    )
    extraction = _Extraction(
        lambda: StravaSession(Authorisation(app, store), quota or Quota(), _wait_or_stop(wait_for_quota)),
        extent,
    )
    return [_activities(extraction), *_samples(extraction), *_profile(extraction)]


class _Replayed(Generic[T]):
    """An iterator that several can go through; each item is made once."""

    def __init__(self, iterator: Iterator[T]) -> None:
        self._iterator, self._items = iterator, list[T]()

    def __iter__(self) -> Iterator[T]:
        position = 0
        while True:
            if position == len(self._items):
                try:
                    self._items.append(next(self._iterator))
                except StopIteration:
                    return
            yield self._items[position]
            position += 1


class _Extraction:
    """What the resources share while dlt extracts them: one history, one listing, one memory."""

    def __init__(self, session: Callable[[], StravaSession], extent: Extent) -> None:
        self._session, self.extent = session, extent
        self._state: dict[str, Any] | None = None

    def begin(self) -> None:
        """Start anew when dlt has begun another extraction; each has a state object of its own."""
        state = dlt.current.source_state()
        if state is self._state:
            return
        self._state = state
        self.memory = Memory(state)
        self.now = dt.datetime.now(dt.UTC)
        self.history = History(self._session(), self.memory.known(), self.extent, self.now)
        self.is_stopped = False
        self._listing: _Replayed[Event] | None = None
        self._profile: _Replayed[Event] | None = None

    def listing(self, lookback_start: dt.datetime | None = None) -> Iterator[Event]:
        """Go through the events of the one listing; whoever comes first begins it."""
        if self._listing is None:
            known_start = plan.lookback_start(self.history.known, self.now, self.extent.lookback_days)
            start = min(filter(None, (lookback_start, known_start)), default=None)
            self._listing = _Replayed(self.until_quota_ends(self.history.listing(start)))
        return iter(self._listing)

    def profile(self) -> Iterator[Event]:
        """Go through the events of the one reading of athlete, gear and zones."""
        if self._profile is None:
            self._profile = _Replayed(self.until_quota_ends(self.history.profile()))
        return iter(self._profile)

    def until_quota_ends(self, events: Iterator[Event]) -> Iterator[Event]:
        """End at a full quota as if all were read; the next run goes on. Notes are logged."""
        if self.is_stopped:
            return
        try:
            for event in events:
                match event:
                    case Note():
                        logger.warning(event.text)
                    case DeletionsRefused():
                        logger.warning(event.reason)
                    case _:
                        yield event
        except StoppedError as stop:
            self.is_stopped = True
            logger.warning(f"{one_line(stop)}; what was read is loaded, the next run goes on")


def _activities(extraction: _Extraction) -> DltResource:
    # dlt's cursor says where the look-back window begins; rows are told from known ones by the memory.
    newest = dlt.sources.incremental[dt.datetime](
        "start_date", lag=plan.lookback(extraction.extent.lookback_days).total_seconds()
    )

    # A deleted activity is a row with `deleted_at`; dlt then deletes it.
    @dlt.resource(name=ACTIVITIES.name, **ACTIVITIES.hints_with_deletion("deleted_at", "timestamp"))
    def activities(
        start_date: dlt.sources.incremental[dt.datetime] = newest,
    ) -> Iterator[pa.Table]:
        extraction.begin()
        memory, history = extraction.memory, extraction.history
        for event in extraction.listing(start_date.start_value):
            match event:
                case Rows(tables) if ACTIVITIES.name in tables:
                    rows = tables[ACTIVITIES.name]
                    memory.activities(history.current, history.field_types, rows)
                    start_date.advance(_newest(history))
                    yield rows
                case Rows(tables):
                    memory.listing(tables["listings"].to_pylist()[0])
                case Deleted(ids, at):
                    for id_ in ids:
                        memory.forget(id_)
                    start_date.advance(_newest(history))
                    yield ACTIVITIES.rows([{"id": id_, "deleted_at": at} for id_ in ids])

    return activities


def _samples(extraction: _Extraction) -> Sequence[DltResource]:
    # One request gives rows of two tables: they are the children of a resource that yields the answers.
    @dlt.resource(name="answers", selected=False)
    def answers() -> Iterator[Event]:
        extraction.begin()
        memory, history = extraction.memory, extraction.history
        gone = {
            id_ for event in extraction.listing() if isinstance(event, Deleted) for id_ in event.activity_ids
        }
        gone |= memory.orphans()
        alive = {id_ for id_ in gone if id_ in history.current and not history.current[id_].is_deleted}
        if gone - alive:
            yield Deleted(sorted(gone - alive), extraction.now)
        yield from map(SamplesGone, sorted(alive))
        if untold := memory.untold():
            yield Rows({STREAM_FETCHES.name: untold})
        yield from extraction.until_quota_ends(history.streams())

    # What is gone is a row with `is_gone`; dlt then deletes those of the activity.
    @dlt.transformer(data_from=answers, name=STREAMS.name, **STREAMS.hints_with_deletion("is_gone", "bool"))
    def streams(event: Event) -> Iterator[pa.Table]:
        match event:
            case Rows(tables):
                extraction.memory.fetches(tables[STREAM_FETCHES.name])
                if STREAMS.name in tables:
                    yield tables[STREAMS.name]
            case SamplesGone(id_):
                extraction.memory.forget_samples([id_])
                yield STREAMS.gone([id_])
            case Deleted(ids):
                extraction.memory.forget_samples(ids)
                yield STREAMS.gone(ids)

    hints = STREAM_FETCHES.hints_with_deletion("is_gone", "bool")

    @dlt.transformer(data_from=answers, name=STREAM_FETCHES.name, **hints)
    def stream_fetches(event: Event) -> Iterator[pa.Table]:
        match event:
            case Rows(tables):
                extraction.memory.told(tables[STREAM_FETCHES.name])
                yield tables[STREAM_FETCHES.name]
            case Deleted(ids):
                yield STREAM_FETCHES.gone(ids)

    return [streams, stream_fetches]


def _profile(extraction: _Extraction) -> Sequence[DltResource]:
    def resource_of(table: Table) -> DltResource:
        @dlt.resource(name=table.name)
        def rows() -> Iterator[Any]:
            extraction.begin()
            if plan.is_profile_fresh(extraction.memory.refreshed_at(table.name), extraction.now):
                return
            for event in extraction.profile():
                if isinstance(event, Rows) and table.name in event.tables:
                    # Hints that come with the rows: a resource that says "replace" empties its table in each
                    # run that does not read it.
                    yield dlt.mark.with_hints(event.tables[table.name], dlt.mark.make_hints(**table.hints))
                if isinstance(event, Rows) and ATHLETE.name in event.tables:
                    # The last one: all were read. Each table for itself: the others may not be selected.
                    extraction.memory.refreshed(table.name, extraction.now)

        return rows

    return [resource_of(table) for table in (ATHLETE, ATHLETE_ZONES, GEAR)]


def _newest(history: History) -> dt.datetime:
    """Return where dlt's cursor stands now. To `advance` it says, too, that no row is to be left out."""
    starts = [a.start_date for a in history.current.values() if a.start_date and not a.is_deleted]
    # None leaves the cursor where it is, as dlt documents; its type does not say so.
    return max(starts, default=cast(dt.datetime, None))


def _wait_or_stop(wait: bool) -> Callable[[Full], None]:
    def wait_or_stop(full: Full) -> None:
        if full.window == "day" or not wait:
            raise StoppedError(f"the quota of requests of this {full.window} is used up")
        sleep_until(full.until, lambda: False)

    return wait_or_stop
