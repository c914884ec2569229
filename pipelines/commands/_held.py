"""What the warehouse holds and lacks, for `make status`."""

import datetime as dt
from dataclasses import dataclass

from pipelines import locks
from pipelines.errors import UserError
from pipelines.known import Activity
from pipelines.playground import Playground
from pipelines.settings import Settings, has_credentials
from pipelines.strava import plan

PATIENCE_S = 3


@dataclass(frozen=True)
class Failure:
    """An activity whose streams could not be loaded."""

    activity_id: int
    name: str | None
    file_name: str | None
    error: str | None
    attempt_count: int
    next_attempt_at: dt.datetime | None


@dataclass(frozen=True)
class ArchiveHeld:
    """An archive that activities came from, and how many still stand as it told them."""

    name: str | None
    modified_at: dt.datetime | None
    activity_count: int


@dataclass(frozen=True)
class Held:
    """What the warehouse holds, and what it lacks."""

    activity_count: int
    deleted_count: int
    streams_loaded: int
    streams_none: int
    streams_manual: int
    streams_pending: int
    streams_failed: int
    failures: list[Failure]
    last_full_listing_at: dt.datetime | None
    archives: list[ArchiveHeld]
    # Of archives' activities: how many recordings a next import has still to read,
    recordings_pending: int
    # and how many have no moving time (archives before 2021 have none): their elapsed time counts.
    without_moving_time_count: int


def held_by(playground: Playground, now: dt.datetime, settings: Settings) -> Held:
    """Read it; waits some seconds for a warehouse that is being written. Raises UserError when it cannot be read."""
    # Imported late: DuckDB is half of what status takes before the first load.
    from pipelines.warehouse.file import connect, warehouse_turn
    from pipelines.warehouse.known import columns_in, read_known

    is_written = UserError(f"{playground.warehouse} is being written: look again when that is done")
    with warehouse_turn(playground, locks.deadline(PATIENCE_S, is_written)):
        known = read_known(playground)
        failures: list[Failure] = []
        if "stream_fetches" in known.tables:
            with connect(playground.warehouse) as connection:
                # An older version's table has no such column.
                has_name = "file_name" in columns_in(connection, "stream_fetches")
                file_name = "f.file_name" if has_name else "null"
                rows = connection.execute(
                    f"select f.activity_id, a.name, {file_name}, f.error, f.attempt_count, "
                    "f.next_attempt_at::timestamptz at time zone 'UTC' from strava_raw.stream_fetches f "
                    "left join strava_raw.activities a on a.id = f.activity_id "
                    "where f.status = 'failed' and a.deleted_at is null order by a.start_date desc nulls last"
                ).fetchall()
            failures = [Failure(*row) for row in rows]
    alive = {id_: a for id_, a in known.activities.items() if not a.is_deleted}
    fetches = [known.fetches[id_] for id_ in alive if id_ in known.fetches]
    archived = [a for a in alive.values() if a.archived]
    pending = plan.pending_streams(known.activities, known.fetches, now, settings.strava.start_date)
    if not has_credentials(settings):
        # Nobody can be asked for what an archive did not give.
        pending = [a for a in pending if not a.archived]
    return Held(
        activity_count=len(alive),
        deleted_count=len(known.activities) - len(alive),
        streams_loaded=sum(f.status == "loaded" for f in fetches),
        streams_none=sum(f.status == "none" for f in fetches),
        streams_manual=sum(bool(a.manual) for a in alive.values()),
        streams_pending=len(pending),
        streams_failed=len(failures),
        failures=failures,
        last_full_listing_at=known.last_full.started_at if known.last_full else None,
        archives=_archives(archived),
        recordings_pending=sum(a.id not in known.fetches for a in archived),
        without_moving_time_count=sum(a.moving_time is None for a in archived),
    )


def _archives(activities: list[Activity]) -> list[ArchiveHeld]:
    """Return the archives, newest first; a folder of recordings is as new as the newest of them."""
    newest: dict[str | None, ArchiveHeld] = {}
    for archived in filter(None, (a.archived for a in activities)):
        held = newest.get(archived.name, ArchiveHeld(archived.name, None, 0))
        times = [at for at in (held.modified_at, archived.modified_at) if at is not None]
        newest[archived.name] = ArchiveHeld(held.name, max(times, default=None), held.activity_count + 1)
    return sorted(newest.values(), key=lambda held: str(held.modified_at), reverse=True)
