"""`make status`: what is loaded, what is pending and why, the quota, the last runs, what to type next."""

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace

from pipelines import locks, runs
from pipelines.commands._held import Held, held_by
from pipelines.errors import UserError, counted, visible
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.strava.quota import DAY_S, MARGIN_S, QUARTER_S, Quota

RUNS_SHOWN = 5
RUNS_KEPT = 50
FAILURES_SHOWN = 10
IMPORT = "make import ARCHIVE=export.zip"


@dataclass(frozen=True)
class QuotaLeft:
    """How many requests may be sent, and when more may be."""

    quarter_hour_left: int
    quarter_hour_limit: int
    quarter_hour_resets_at: dt.datetime
    day_left: int
    day_limit: int
    day_resets_at: dt.datetime


@dataclass(frozen=True)
class Status:
    """Everything status tells; the fields are the keys of `make status JSON=1`."""

    playground: str
    is_authorized: bool
    extract_is_running: bool
    import_is_running: bool
    purge_is_running: bool
    transform_is_running: bool
    warehouse: Held | None
    # Why the warehouse could not be read; no key of the JSON if it could.
    warehouse_error: str | None
    quota: QuotaLeft
    runs: list[runs.Run]
    last_error: str | None
    last_transform_at: str | None
    # The settings that have changed since the marts were built, as config.toml names them.
    changed_settings: list[str]
    next: str

    def as_json(self) -> str:
        """Return it for programs."""
        plain = {**asdict(self), "runs": [run.record() for run in self.runs]}
        if self.warehouse_error is None:
            del plain["warehouse_error"]
        return json.dumps(plain, indent=1, default=str)


def main(playground: Playground, *, as_json: bool) -> None:
    """Print it, for a person or as JSON."""
    status = collect(playground, load_settings(playground))
    print(status.as_json() if as_json else playground.hinted("\n".join(map(visible, lines(status)))))


def collect(playground: Playground, settings: Settings) -> Status:
    """Look at the Playground's files; waits some seconds for a warehouse that is being written."""
    past = runs.read(playground)
    held, warehouse_error = None, None
    if playground.warehouse.exists():
        try:
            held = held_by(playground, dt.datetime.now(dt.UTC), settings)
        except UserError as error:
            warehouse_error = str(error)
    transforms = [run for run in past if run.command == "transform" and run.status == "done"]
    # What a later run of the same command has done well is an error no longer.
    latest = {run.command: run for run in past}.values()
    failures = [run for run in past[-RUNS_KEPT:] if run.status == "failed" and run in latest]
    at_work = {locks.holder(playground.root, "extract"), locks.holder(playground.root, "transform")}
    status = Status(
        playground=str(playground.root),
        is_authorized=playground.tokens.exists(),
        extract_is_running="extract" in at_work,
        import_is_running="import" in at_work,
        purge_is_running="purge" in at_work,
        transform_is_running="transform" in at_work,
        warehouse=held,
        warehouse_error=warehouse_error,
        quota=_quota(playground),
        runs=past[-RUNS_KEPT:],
        last_error=failures[-1].message if failures else None,
        last_transform_at=transforms[-1].finished_at if transforms else None,
        changed_settings=_changed_settings(playground, settings),
        next="",
    )
    return replace(status, next=_next(status, playground, past))


def _changed_settings(playground: Playground, settings: Settings) -> list[str]:
    if not playground.built.exists():
        return []
    # Imported late: DuckDB is half of what status takes before the first load.
    from pipelines.warehouse.built import changed_settings, read_built

    return changed_settings(read_built(playground), settings.variables)


def _quota(playground: Playground) -> QuotaLeft:
    quota = Quota(playground.quota)
    quarter, day = quota.left()
    full = quota.full()
    now = quota.now()
    limits = quota.usage.limits
    return QuotaLeft(
        quarter_hour_left=0 if full else quarter,
        quarter_hour_limit=min(limit[0] for limit in limits.values()),
        quarter_hour_resets_at=_at((now // QUARTER_S + 1) * QUARTER_S + MARGIN_S),
        day_left=0 if full and full.window == "day" else day,
        day_limit=min(limit[1] for limit in limits.values()),
        day_resets_at=_at((now // DAY_S + 1) * DAY_S + MARGIN_S),
    )


def _at(epoch: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch, dt.UTC)


def days_needed(pending: int, quarter_left: int, day_left: int, quarter_limit: int, day_limit: int) -> str:
    """How long `pending` requests take at this quota, in words."""
    if pending <= quarter_left:
        return "a few minutes"
    if pending <= day_left:
        quarters = -(-(pending - quarter_left) // max(quarter_limit, 1))
        minutes = quarters * 15
        return f"about {minutes} minutes" if minutes < 120 else f"about {minutes / 60:.0f} hours"
    days = -(-(pending - day_left) // max(day_limit, 1))
    return f"{counted(days, 'more day', 'more days')} of quota (a day's begins at midnight UTC)"


def _next(status: Status, playground: Playground, past: list[runs.Run]) -> str:
    """Return the command that brings the user on, or what to do first."""
    to_type = playground.to_type
    if status.purge_is_running:
        return "wait for make purge, which is at work"
    if status.transform_is_running:
        return "wait for make transform, which is at work"
    if playground.purging.exists():
        return f"{to_type('make purge')}, which did not come to its end"
    for name, is_running in (("extract", status.extract_is_running), ("import", status.import_is_running)):
        if is_running:
            return (
                f"{to_type('make transform')} ({name} is at work; the marts can be built from what is loaded)"
            )
    if status.warehouse_error is not None:
        return status.warehouse_error
    held = status.warehouse
    if (held is None or not held.activity_count) and not playground.config.exists():
        return (
            f"{to_type(IMPORT)} if you have your archive from Strava; else {playground.begin()}, fill it in, "
            f"then {to_type('make authorize')}"
        )
    if held is not None and held.recordings_pending:
        archive = held.archives[0].name if held.archives else "the archive"
        return f"{to_type('make import ARCHIVE=…')} with {archive} again: {still_to_be_read(held.recordings_pending)}"
    if not status.is_authorized and not (held and held.archives):
        try:
            load_settings(playground, credentials=True)
        except UserError as error:
            return str(error)
        return to_type("make authorize")
    if status.is_authorized and (held is None or held.streams_pending > 0):
        return to_type("make extract")
    if status.changed_settings or runs.is_transform_due(past):
        return to_type("make transform")
    if not status.is_authorized:
        return f"{to_type('make sql')} or {to_type('make report')}, or {to_type(IMPORT)} for a newer archive"
    return f"{to_type('make sql')}, or {to_type('make refresh')} for what is new"


def lines(status: Status) -> list[str]:
    """Return the status for a person."""
    out = [f"Playground   {status.playground}" + ("" if status.is_authorized else " (not authorised yet)")]
    running = {
        "extract": status.extract_is_running,
        "import": status.import_is_running,
        "purge": status.purge_is_running,
        "transform": status.transform_is_running,
    }
    at_work = [f"make {name}" for name, is_running in running.items() if is_running]
    if at_work:
        out.append(f"At work      {' and '.join(at_work)}")
    if status.warehouse_error is not None:
        out.append(f"Warehouse    {status.warehouse_error}")
    elif status.warehouse is None:
        out.append("Warehouse    nothing is loaded yet")
    else:
        out += _held_lines(status.warehouse, status.quota)
    quota = status.quota
    is_of_archives = status.warehouse is not None and status.warehouse.archives and not status.is_authorized
    if not is_of_archives:
        out.append(
            f"Quota        {quota.quarter_hour_left} of {quota.quarter_hour_limit} left until "
            f"{quota.quarter_hour_resets_at.astimezone():%H:%M:%S}, {quota.day_left} of {quota.day_limit} left "
            f"until {local(quota.day_resets_at)}"
        )
    if status.runs:
        out.append("Last runs")
        out += [f"  {_run_line(run)}" for run in status.runs[-RUNS_SHOWN:]]
    done = status.last_transform_at
    out.append(f"Transform    {f'last at {_told(done)}' if done else 'not yet'}")
    if status.changed_settings:
        out.append(
            f"             before {' and '.join(status.changed_settings)} changed: the marts are as they were"
        )
    if status.last_error:
        out.append(f"Last error   {status.last_error}")
    out.append(f"Next         {status.next}")
    return out


def _told(instant: str) -> str:
    """Return an instant of runs.jsonl in the clock of this machine; one that is damaged as it is."""
    try:
        return local(dt.datetime.fromisoformat(instant))
    except ValueError:
        return instant


def local(instant: dt.datetime) -> str:
    """Return an instant in the one clock that people are told times in: this machine's, with its zone."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M %Z}"


def still_to_be_read(count: int) -> str:
    """Say how many recordings an import has left."""
    return f"{counted(count, 'recording is', 'recordings are')} still to be read"


def _held_lines(held: Held, quota: QuotaLeft) -> list[str]:
    deleted = f" (and {held.deleted_count} deleted on Strava)" if held.deleted_count else ""
    out = [
        f"Activities   {held.activity_count}{deleted}",
        f"Streams      {held.streams_loaded} loaded, {held.streams_pending} pending, "
        f"{held.streams_none} have none, {held.streams_manual} manual, {held.streams_failed} failed",
    ]
    for archive in held.archives:
        at = f" of {archive.modified_at:%Y-%m-%d}" if archive.modified_at else ""
        out.append(
            f"Archive      {counted(archive.activity_count, 'activity', 'activities')} as {archive.name}{at} has them"
        )
    if held.without_moving_time_count:
        out.append(
            f"             {held.without_moving_time_count} of them without a moving time, which Strava's archives "
            "before 2021 do not have: their elapsed time counts; a newer archive has it"
        )
    if held.recordings_pending:
        out.append(f"             {still_to_be_read(held.recordings_pending)}")
    if held.streams_pending:
        left = days_needed(
            held.streams_pending,
            quota.quarter_hour_left,
            quota.day_left,
            quota.quarter_hour_limit,
            quota.day_limit,
        )
        out.append(f"             the rest takes {left}")
    for failure in held.failures[:FAILURES_SHOWN]:
        again = ""
        if failure.next_attempt_at:
            at = local(failure.next_attempt_at.replace(tzinfo=dt.UTC))
            again = f" ({counted(failure.attempt_count, 'try', 'tries')}; again from {at})"
        name = failure.name or failure.file_name or ""
        out.append(f"  failed     {failure.activity_id} {name!r}: {failure.error}{again}")
    if len(held.failures) > FAILURES_SHOWN:
        out.append(f"             and {len(held.failures) - FAILURES_SHOWN} more: `make status JSON=1`")
    return out


def _run_line(run: runs.Run) -> str:
    text = f"{_told(run.finished_at)}  {run.command:9} {run.status:7}"
    if run.command == "import":
        text += (
            f" {run.count('new')} new, {run.count('changed')} changed; {counted(run.count('streams_loaded'), 'recording')}, "
            f"{run.count('streams_failed')} could not be read"
        )
    if run.command == "extract":
        listing = run.counts.get("listing")
        text += (
            f" {'no' if listing == 'none' else listing} listing: {run.count('new')} new, {run.count('changed')} changed, "
            f"{run.count('deleted')} deleted; {counted(run.count('streams_loaded'), 'stream')}; "
            f"{counted(run.count('requests'), 'request')}"
        )
    return text + (f" ({run.message})" if run.message else "")
