"""The requests of one extraction, in their order; what they bring goes into the backlog."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from dlt.sources.helpers.rest_client import RESTClient

from pipelines.commands.backlog import Backlog, Change, Load
from pipelines.errors import MissingScopeError, RefusedError, RunError, TransientError, UserError, one_line
from pipelines.runs import Tally
from pipelines.settings import Playground, Settings
from pipelines.strava import oauth, plan, shape, source
from pipelines.strava.api import StravaSession, is_activity_missing

# So many activities in a row without an answer mean that Strava is down, not that they are broken.
OUTAGE_AFTER = 8


@dataclass
class Download:
    """One extraction's requests. `check_stop` is called between them and raises to end the download."""

    settings: Settings
    playground: Playground
    session: StravaSession
    known: plan.Known
    backlog: Backlog
    tally: Tally
    now: dt.datetime
    lists_all: bool
    allow_deletes: bool
    check_stop: Callable[[], None]
    scope: str | None = field(init=False)

    def run(self) -> None:
        """Raises UserError and RunError, and what `check_stop` and the session's waiting raise."""
        self.client = RESTClient(base_url=self.settings.strava.api_url, session=self.session)
        self.scope = oauth.access_token(self.settings, self.playground).scope
        try:
            self._check_scope()
            self._create_tables()
            current = self._listing()
            self._athlete()
            self._streams(current)
        except MissingScopeError as error:
            raise UserError(missing_scope(str(error))) from None
        except TransientError as error:
            raise RunError(
                f"Strava does not answer ({one_line(error)}): what was loaded is safe; type `make extract` later"
            ) from None

    def _put(self, **tables: pa.Table) -> None:
        self.backlog.put(Load(tables))

    def _change(self, statement: str, *values: Any) -> None:
        self.backlog.put(Change(statement, values))

    def _note(self, text: str) -> None:
        self.tally.notes.append(text)

    def _may(self, *scopes: str) -> bool:
        """Whether one of the scopes was granted, as far as is known."""
        return self.scope is None or bool(plan.scopes(self.scope) & {*scopes})

    def _check_scope(self) -> None:
        if not self._may("activity:read", "activity:read_all"):
            raise UserError(missing_scope("activity:read_all"))
        if not self._may("activity:read_all"):
            self._note(
                "this authorisation does not cover private activities (activity:read_all): "
                "type `make authorize` to add them"
            )

    def _create_tables(self) -> None:
        """All tables stand from the first load on, empty if need be: the models read every one."""
        missing = {
            name: shape.typed([], types)
            for name, types in shape.TABLES.items()
            if name not in self.known.has_table
        }
        if missing:
            self._put(**missing)

    # --- the listing ---------------------------------------------------------------------------------------

    def _listing(self) -> dict[int, plan.Activity]:
        """List what is due, load what is new or changed, mark what is gone. Returns all that exist."""
        known, first_day = self.known, self.settings.strava.start_date
        window = plan.listing_window(
            known,
            self.now,
            lookback_days=self.settings.strava.lookback_days,
            full_listing_hours=self.settings.strava.full_listing_hours,
            start_date=first_day,
            lists_all=self.lists_all,
        )
        self.tally.listing = "full" if window.is_full else "look-back"
        current, seen = dict(known.activities), set[int]()
        field_types = dict(known.extra_types)
        for page in source.list_activities(self.client, window.since and window.since - plan.SEAM):
            seen |= {row["id"] for row in page}
            news = []
            for row in page:
                activity = shape.activity(row)
                change = plan.change_of(known.activities.get(activity.id), activity)
                if change and not plan.is_before(activity, first_day):
                    news.append(row)
                    current[activity.id] = activity
                    self.tally.listed(change)
            if news:
                self._put(activities=shape.activities(news, field_types))
            self.tally.total = len(current)
            self.check_stop()
        is_accepted = self._deletions(current, seen, window.since)
        listing = {
            "started_at": self.now,
            # A listing whose deletions were refused is no measure for the next ones.
            "is_full": window.is_full and is_accepted,
            "scope": self.scope,
            "start_date": str(first_day) if first_day else None,
            "activity_count": len(seen),
        }
        self._put(listings=shape.typed([listing], shape.TABLES["listings"]))
        return current

    def _deletions(
        self, current: dict[int, plan.Activity], seen: set[int], since: dt.datetime | None
    ) -> bool:
        """Mark in the warehouse and in `current` what is no longer listed; false when that is refused."""
        gone = plan.vanished(self.known, seen, since)
        refusal = plan.refuse_deletion(self.known, len(gone), self.scope, self.allow_deletes)
        if refusal:
            self._note(refusal)
            self.tally.deletions_refused = len(gone)
            return False
        if gone:
            self.tally.deleted = len(gone)
            # An update of one column: dlt's merge would need the whole rows once more.
            self._change(
                "update strava_raw.activities set deleted_at = ? where id in (select unnest(?))",
                self.now,
                gone,
            )
            for id_ in gone:
                current[id_] = replace(current[id_], is_deleted=True)
        return True

    # --- the athlete ---------------------------------------------------------------------------------------

    def _athlete(self) -> None:
        """Athlete, gear and zones, once a day; each needs a scope that may be missing."""
        refreshed = self.known.athlete_refreshed_at
        if refreshed is not None and dt.timedelta(0) <= self.now - refreshed < dt.timedelta(days=1):
            return
        if not self._may("read", "profile:read_all"):
            return
        athlete: pa.Table | None = None
        try:
            answer = source.get_object(self.client, "/athlete")
            if shape.coerce(answer.get("id"), pa.int64()) is None:
                raise RefusedError("an answer that is no athlete")
            athlete = shape.athlete(answer, self.now)
            if "bikes" in answer or "shoes" in answer:
                self._put(gear=shape.gear(answer))
            if self._may("profile:read_all"):
                zones = shape.zones(source.get_object(self.client, "/athlete/zones"))
                if zones.num_rows:
                    self._put(athlete_zones=zones)
        except (MissingScopeError, TransientError, RefusedError) as error:
            self._note(f"zones and gear were not read ({type(error).__name__}: {one_line(error)})")
            if isinstance(error, TransientError):
                return  # the next run asks again
        if athlete is not None:
            self._put(athlete=athlete)

    # --- the streams ---------------------------------------------------------------------------------------

    def _streams(self, current: dict[int, plan.Activity]) -> None:
        """Ask for the streams of each activity that lacks them, newest first."""
        pending = plan.pending_streams(current, self.known.fetches, self.now, self.settings.strava.start_date)
        self.tally.pending, self.tally.total = len(pending), len(pending)
        unanswered: list[tuple[plan.Activity, str]] = []
        for activity in pending:
            self.check_stop()
            try:
                self._fetch(activity)
            except TransientError as fault:
                unanswered.append((activity, one_line(fault)))
                if len(unanswered) >= OUTAGE_AFTER:
                    raise TransientError(
                        f"{len(unanswered)} activities in a row: {one_line(fault)}"
                    ) from None
            else:
                self._give_up(unanswered)
        self._give_up(unanswered)

    def _fetch(self, activity: plan.Activity) -> None:
        """One request for all streams of one activity. Raises TransientError when no answer came."""
        try:
            answer = source.fetch_streams(self.client, activity.id, self.settings.strava.streams)
        except RefusedError as refusal:
            self._settle(activity, "failed", one_line(refusal))
            return
        if answer.status_code == 404:
            if is_activity_missing(answer):
                self._settle(activity, "failed", "the activity is not visible (HTTP 404)")
            else:
                self._settle(activity, "none", None)
            return
        rows, complaint = shape.streams(activity.id, answer.json())
        if not rows.num_rows:
            self._settle(activity, "none", complaint)
        elif rows["time"].null_count == rows.num_rows:
            # A mangled answer has only `distance`: kept, and asked for again.
            self._settle(activity, "failed", complaint or "the time stream is empty", rows)
        else:
            self._settle(activity, "loaded", complaint, rows)

    def _give_up(self, unanswered: list[tuple[plan.Activity, str]]) -> None:
        """Others are answered: it was no outage."""
        for activity, fault in unanswered:
            self._settle(activity, "failed", fault)
        unanswered.clear()

    def _settle(
        self, activity: plan.Activity, status: str, error: str | None, rows: pa.Table | None = None
    ) -> None:
        """Hand over the samples with the ledger's row."""
        previous = self.known.fetches.get(activity.id)
        self.tally.settled(status)
        if status == "none" and previous and previous.sample_count:
            self._change("delete from strava_raw.streams where activity_id = ?", activity.id)
        count = rows.num_rows if rows is not None else 0
        row = plan.fetch_row(activity, previous, dt.datetime.now(dt.UTC), status, count, error)
        ledger = shape.typed([row], shape.TABLES["stream_fetches"])
        self._put(**({} if rows is None else {"streams": rows}), stream_fetches=ledger)


def missing_scope(scope: str) -> str:
    return (
        f"the authorisation does not cover your activities ({scope} is missing; a token from Strava's settings "
        "page never does): type `make authorize` and leave all boxes ticked"
    )
