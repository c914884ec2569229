"""One athlete's history as Strava's API tells it: a generator of events, in the order of their requests.

The listing first, then athlete, gear and zones, then the streams, newest first.
"""

import datetime as dt
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from dlt.sources.helpers.rest_client.client import RESTClient

from pipelines.errors import MissingScopeError, RefusedError, RunError, TransientError, UserError, one_line
from pipelines.events import (
    Deleted,
    DeletionsRefused,
    Event,
    Listed,
    ListingBegun,
    Note,
    Rows,
    SamplesGone,
    StreamsPending,
    StreamsSettled,
)
from pipelines.kinds import coerce
from pipelines.known import Activity, Known
from pipelines.strava import endpoints, plan, shape
from pipelines.strava.api import StravaSession, is_activity_missing
from pipelines.tables import LISTINGS, SAMPLE_TYPES, STREAM_FETCHES, TABLES

# So many activities in a row without an answer mean that Strava is down, not that they are broken.
OUTAGE_AFTER = 8
# Fields of activities that Strava has added: each is a column for ever.
NEW_COLUMNS_AT_MOST = 500
# The types of streams that Strava has: those of the columns, positions in one.
STREAM_TYPES = tuple(dict.fromkeys("latlng" if name in ("lat", "lng") else name for name in SAMPLE_TYPES))


@dataclass(frozen=True)
class Extent:
    """How much of a history is read."""

    start_date: dt.date | None = None  # activities before it are ignored
    lookback_days: float = 30
    full_listing_hours: float = 24
    streams: tuple[str, ...] = STREAM_TYPES
    lists_all: bool = False
    allow_deletes: bool = False
    replaces_archive: bool = False  # asks again for what an archive gave, or what lacks a type


class History:
    """What one run reads, given what is known.

    Each method is a generator of events. They raise UserError and RunError, and what the session's waiting for
    quota raises; whoever drives them may stop between two events, for nothing is remembered ahead of them.
    """

    def __init__(self, session: StravaSession, known: Known, extent: Extent, now: dt.datetime) -> None:
        self.session, self.known, self.extent, self.now = session, known, extent, now
        self.client = RESTClient(base_url=session.api_url, session=session)
        # All activities that exist, once the listing is read.
        self.current = dict(known.activities)
        self.field_types = dict(known.extra_types)
        self.scope: str | None = None

    def everything(self) -> Iterator[Event]:
        """All that is new, changed or missing."""
        missing = {name: table.rows([]) for name, table in TABLES.items() if name not in self.known.tables}
        # All tables stand from the first load on, empty if need be: the models read every one.
        yield Rows(missing)
        yield from self.listing(plan.lookback_start(self.known, self.now, self.extent.lookback_days))
        yield from self.profile()
        yield from self.streams()

    # --- the listing ---------------------------------------------------------------------------------------

    def listing(self, lookback_start: dt.datetime | None) -> Iterator[Event]:
        """List what is due; rows of what is new or changed, then what is gone."""
        with _answered():
            yield from self._check_scope()
            window = plan.listing_window(
                self.known,
                self.now,
                lookback_start=lookback_start,
                full_listing_hours=self.extent.full_listing_hours,
                start_date=self.extent.start_date,
                lists_all=self.extent.lists_all,
            )
            yield ListingBegun(window.is_full)
            seen = set[int]()
            for page in endpoints.list_activities(self.client, window.since and window.since - plan.SEAM):
                for row in page:
                    self._check_athlete(row.get("athlete"))
                seen |= {row["id"] for row in page}
                yield from self._page(page)
            is_accepted = yield from self._deletions(seen, window)
            listing = {
                "started_at": self.now,
                # A listing whose deletions were refused is no measure for the next ones.
                "is_full": window.is_full and is_accepted,
                "scope": self.scope,
                "start_date": str(self.extent.start_date) if self.extent.start_date else None,
                "activity_count": len(seen),
            }
            yield Rows({LISTINGS.name: LISTINGS.rows([listing])})

    def _check_athlete(self, answer: Any) -> None:
        """Raise UserError when an answer is about somebody else than whose history is loaded."""
        id_ = coerce(answer.get("id"), "int64") if isinstance(answer, dict) else None
        known = self.known.athlete_ids
        if id_ is not None and known and id_ not in known:
            raise UserError(
                f"Strava answers with the history of athlete {id_}, and what is loaded is of athlete {min(known)}: "
                "nothing of it was loaded; type `make authorize PLAYGROUND=another/folder` for the other athlete"
            )

    def _check_scope(self) -> Iterator[Event]:
        self.scope = self.session.authorisation.tokens().scope
        if not self._may("activity:read", "activity:read_all"):
            raise missing_scope("activity:read_all")
        if not self._may("activity:read_all"):
            yield Note(
                "this authorisation does not cover private activities (activity:read_all): "
                "type `make authorize` to add them"
            )

    def _may(self, *scopes: str) -> bool:
        """Tell whether one of the scopes was granted, as far as is known."""
        return self.scope is None or bool(plan.scopes(self.scope) & {*scopes})

    def _page(self, page: list[dict[str, Any]]) -> Iterator[Event]:
        news, changes = [], Counter[str]()
        for row in page:
            activity = shape.activity(row)
            change = plan.change_of(self.known.activities.get(activity.id), activity)
            if change and not plan.is_before(activity, self.extent.start_date):
                news.append(row)
                self.current[activity.id] = activity
                changes[change] += 1
        if news:
            count = len(self.field_types)
            rows = shape.activities(news, self.field_types)
            if count < len(self.field_types) > NEW_COLUMNS_AT_MOST:
                raise RunError(
                    f"Strava's activities have more than {NEW_COLUMNS_AT_MOST} fields that were never seen before, "
                    "which is hardly Strava: nothing of that page was loaded, nothing was marked deleted; type "
                    "`make extract` to try again"
                )
            yield Rows({"activities": rows})
        yield Listed(changes, len(self.current))

    def _deletions(self, seen: set[int], window: plan.Window) -> Generator[Event, None, bool]:
        """Report what is no longer listed; returns whether that was believed."""
        sees_all = self.scope is not None and self._may("activity:read_all")
        gone = plan.vanished(self.known, seen, window.since, sees_all=sees_all)
        refusal = plan.refuse_deletion(
            self.known,
            len(gone),
            self.scope,
            self.extent.allow_deletes,
            is_empty=window.is_full and not seen,
        )
        if refusal:
            yield DeletionsRefused(len(gone), refusal)
            return False
        if gone:
            for id_ in gone:
                self.current[id_] = replace(self.current[id_], is_deleted=True)
            yield Deleted(gone, self.now)
        return True

    # --- the athlete ---------------------------------------------------------------------------------------

    def profile(self) -> Iterator[Event]:
        """Athlete, gear and zones, once a day; each needs a scope that may be missing."""
        if plan.is_profile_fresh(self.known.athlete_refreshed_at, self.now):
            return
        self.scope = self.session.authorisation.tokens().scope
        if not self._may("read", "profile:read_all"):
            return
        athlete: pa.Table | None = None
        try:
            answer = endpoints.get_object(self.client, "/athlete")
            if coerce(answer.get("id"), "int64") is None:
                raise RefusedError("an answer that is no athlete")
            self._check_athlete(answer)
            athlete = shape.athlete(answer, self.now)
            if "bikes" in answer or "shoes" in answer:
                yield Rows({"gear": shape.gear(answer)})
            if self._may("profile:read_all"):
                zones = shape.zones(endpoints.get_object(self.client, "/athlete/zones"))
                if zones.num_rows:
                    yield Rows({"athlete_zones": zones})
        except (MissingScopeError, TransientError, RefusedError) as error:
            yield Note(f"zones and gear were not read ({type(error).__name__}: {one_line(error)})")
            if isinstance(error, TransientError):
                return  # the next run asks again
        if athlete is not None:
            yield Rows({"athlete": athlete})

    # --- the streams ---------------------------------------------------------------------------------------

    def streams(self) -> Iterator[Event]:
        """Ask for the streams of each activity that lacks them, newest first."""
        pending = plan.pending_streams(
            self.current,
            self.known.fetches,
            self.now,
            self.extent.start_date,
            replaces_archive=self.extent.replaces_archive,
            types=self.extent.streams if self.extent.replaces_archive else (),
        )
        yield StreamsPending(len(pending))
        unanswered: list[tuple[Activity, str]] = []
        with _answered():
            for activity in pending:
                try:
                    events = self._fetch(activity)
                except TransientError as fault:
                    unanswered.append((activity, one_line(fault)))
                    if len(unanswered) >= OUTAGE_AFTER:
                        raise TransientError(
                            f"{len(unanswered)} activities in a row: {one_line(fault)}"
                        ) from None
                else:
                    # Others are answered: it was no outage.
                    yield from self._given_up(unanswered)
                    yield from events
            yield from self._given_up(unanswered)

    def _fetch(self, activity: Activity) -> list[Event]:
        """One request for all streams of one activity. Raises TransientError when no answer came."""
        try:
            answer = endpoints.fetch_streams(self.client, activity.id, self.extent.streams)
        except RefusedError as refusal:
            return self._settled(activity, "failed", one_line(refusal))
        if answer.status_code == 404:
            if is_activity_missing(answer):
                return self._settled(activity, "failed", "the activity is not visible (HTTP 404)")
            return self._settled(activity, "none", None)
        rows, complaint = shape.streams(activity.id, answer.json())
        if not rows.num_rows:
            return self._settled(activity, "none", complaint)
        if rows["time"].null_count == rows.num_rows:
            # A mangled answer has only `distance`: kept, and asked for again.
            return self._settled(activity, "failed", complaint or "the time stream is empty", rows)
        return self._settled(activity, "loaded", complaint, rows)

    def _given_up(self, unanswered: list[tuple[Activity, str]]) -> Iterator[Event]:
        for activity, fault in unanswered:
            yield from self._settled(activity, "failed", fault)
        unanswered.clear()

    def _settled(
        self, activity: Activity, status: str, error: str | None, rows: pa.Table | None = None
    ) -> list[Event]:
        """The samples, together with the ledger's row."""
        previous = self.known.fetches.get(activity.id)
        count = rows.num_rows if rows is not None else 0
        row = plan.fetch_row(activity, previous, dt.datetime.now(dt.UTC), status, count, error)
        row["stream_types"] = ",".join(self.extent.streams)
        ledger = {STREAM_FETCHES.name: STREAM_FETCHES.rows([row])}
        had_samples = status == "none" and previous is not None and previous.sample_count > 0
        return [
            *([SamplesGone(activity.id)] if had_samples else []),
            Rows(ledger if rows is None else {"streams": rows, **ledger}),
            StreamsSettled(status),
        ]


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what a request may end with into what a person can act on."""
    try:
        yield
    except MissingScopeError as error:
        raise missing_scope(str(error)) from None
    except RefusedError as error:
        raise RunError(
            f"Strava's answer could not be taken ({one_line(error)}): what was loaded is safe; type `make extract` "
            "to try again"
        ) from None
    except TransientError as error:
        raise RunError(
            f"Strava does not answer ({one_line(error)}): what was loaded is safe; type `make extract` later"
        ) from None


def missing_scope(scope: str) -> UserError:
    """Return the error of an authorisation that does not cover the activities."""
    return UserError(
        f"the authorisation does not cover your activities ({scope} is missing; a token from Strava's settings "
        "page never does): type `make authorize` and leave all boxes ticked"
    )
