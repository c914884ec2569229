"""`make status`: what is loaded, what is pending and why, the quota, the last runs, what to type next."""

import datetime as dt
import json
import os
import time
from collections.abc import Callable
from typing import Any

from pipelines import locks, plan, runs, warehouse
from pipelines.errors import UserError
from pipelines.quota import DAY_S, MARGIN_S, QUARTER_S, Quota
from pipelines.settings import Playground, Settings, load_settings

RUNS_SHOWN = 5
PATIENCE_S = 3
# The counts of an extraction that make the marts older than the raw tables.
CHANGES = ("new", "changed", "deleted", "restored", "streams_loaded", "streams_none")
FAILURES_SHOWN = 10


def main(playground: Playground) -> None:
    state = collect(playground, load_settings(playground))
    if os.environ.get("JSON") == "1":
        print(json.dumps(state, indent=1, default=str))
    else:
        print("\n".join(lines(state)))


def collect(playground: Playground, settings: Settings) -> dict[str, Any]:
    """Everything status tells, as plain data (`make status JSON=1`)."""
    now = dt.datetime.now(dt.UTC)
    past = runs.read(playground)
    state: dict[str, Any] = {
        "playground": str(playground.root),
        "is_authorized": playground.tokens.exists(),
        "extract_is_running": locks.is_busy(playground, "extract"),
        "transform_is_running": locks.is_busy(playground, "transform"),
        "warehouse": None,
        "quota": _quota(playground),
        "runs": past[-50:],
    }
    if playground.warehouse.exists():
        try:
            with warehouse.turn(playground, _patience(playground)):
                state["warehouse"] = _warehouse(playground, now, settings.strava.start_date)
        except UserError as error:
            state["warehouse_error"] = str(error)
    state["last_error"] = next(
        (run["message"] for run in reversed(state["runs"]) if run["status"] == "failed"), None
    )
    state["last_transform_at"] = next(
        (
            run["finished_at"]
            for run in reversed(past)
            if run.get("command") == "transform" and run["status"] == "done"
        ),
        None,
    )
    state["next"] = _next(state, playground, past)
    return state


def _patience(playground: Playground) -> Callable[[], None]:
    until = time.monotonic() + PATIENCE_S

    def goes_on() -> None:
        if time.monotonic() > until:
            raise UserError(f"{playground.warehouse} is being written: look again when that is done")

    return goes_on


def _warehouse(playground: Playground, now: dt.datetime, start_date: dt.date | None) -> dict[str, Any]:
    known = warehouse.read_known(playground)
    alive = {id_: a for id_, a in known.activities.items() if not a.is_deleted}
    fetches = {id_: known.fetches[id_] for id_ in alive if id_ in known.fetches}
    pending = plan.pending_streams(known.activities, known.fetches, now, start_date)
    failures: list[dict[str, Any]] = []
    if "stream_fetches" in known.has_table:
        with warehouse.connect(playground.warehouse) as connection:
            rows = connection.execute(
                "select f.activity_id, a.name, f.error, f.attempt_count, "
                "f.next_attempt_at::timestamptz at time zone 'UTC' from strava_raw.stream_fetches f "
                "join strava_raw.activities a on a.id = f.activity_id "
                "where f.status = 'failed' and a.deleted_at is null order by a.start_date desc"
            ).fetchall()
        names = ("activity_id", "name", "error", "attempt_count", "next_attempt_at")
        failures = [dict(zip(names, row, strict=True)) for row in rows]
    return {
        "activity_count": len(alive),
        "deleted_count": len(known.activities) - len(alive),
        "streams_loaded": sum(f.status == "loaded" for f in fetches.values()),
        "streams_none": sum(f.status == "none" for f in fetches.values()),
        "streams_manual": sum(bool(a.manual) for a in alive.values()),
        "streams_pending": len(pending),
        "streams_failed": len(failures),
        "failures": failures,
        "last_full_listing_at": known.last_full.started_at if known.last_full else None,
    }


def _quota(playground: Playground) -> dict[str, Any]:
    quota = Quota(playground.quota)
    quarter, day = quota.left()
    full = quota.full()
    now = quota.now()
    limits = quota.usage.limits
    return {
        "quarter_hour_left": 0 if full else quarter,
        "quarter_hour_limit": min(limit[0] for limit in limits.values()),
        "quarter_hour_resets_at": _at((now // QUARTER_S + 1) * QUARTER_S + MARGIN_S),
        "day_left": 0 if full and full.window == "day" else day,
        "day_limit": min(limit[1] for limit in limits.values()),
        "day_resets_at": _at((now // DAY_S + 1) * DAY_S + MARGIN_S),
    }


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
    return f"{days} more day{'s' if days > 1 else ''} of quota (a day's begins at midnight UTC)"


def _next(state: dict[str, Any], playground: Playground, past: list[dict[str, Any]]) -> str:
    """The command that brings the user on, or what to do first."""
    held = state["warehouse"]
    if state["transform_is_running"]:
        return "wait for make transform, which is at work"
    if state["extract_is_running"]:
        return "make transform (extract is at work; the marts can be built from what is loaded)"
    if "warehouse_error" in state:
        return str(state["warehouse_error"])
    if held is None and not playground.config.exists():
        return f"{playground.begin()}, fill it in, then make authorize"
    if not state["is_authorized"]:
        try:
            load_settings(playground, credentials=True)
        except UserError as error:
            return str(error)
        return "make authorize"
    if held is None or held["streams_pending"] > 0:
        return "make extract"
    done = state["last_transform_at"]
    # By the order of the lines: two runs may end within one second.
    ended = [run.get("command") == "transform" and run["status"] == "done" for run in past]
    since = past[len(ended) - ended[::-1].index(True) :] if done else past
    if done is None or any(run.get(name) for run in since for name in CHANGES):
        return "make transform"
    return "make sql, or make refresh for what is new"


def lines(state: dict[str, Any]) -> list[str]:
    """The state for a person."""
    held, quota = state["warehouse"], state["quota"]
    out = [
        f"Playground   {state['playground']}" + ("" if state["is_authorized"] else " (not authorised yet)")
    ]
    at_work = [f"make {name}" for name in ("extract", "transform") if state[f"{name}_is_running"]]
    if at_work:
        out.append(f"At work      {' and '.join(at_work)}")
    if "warehouse_error" in state:
        out.append(f"Warehouse    {state['warehouse_error']}")
    elif held is None:
        out.append("Warehouse    nothing is loaded yet")
    else:
        deleted = f" (and {held['deleted_count']} deleted on Strava)" if held["deleted_count"] else ""
        out.append(f"Activities   {held['activity_count']}{deleted}")
        out.append(
            f"Streams      {held['streams_loaded']} loaded, {held['streams_pending']} pending, "
            f"{held['streams_none']} have none, {held['streams_manual']} manual, {held['streams_failed']} failed"
        )
        if held["streams_pending"]:
            left = days_needed(
                held["streams_pending"],
                quota["quarter_hour_left"],
                quota["day_left"],
                quota["quarter_hour_limit"],
                quota["day_limit"],
            )
            out.append(f"             the rest takes {left}")
        for failure in held["failures"][:FAILURES_SHOWN]:
            again = (
                f"{failure['next_attempt_at']:%Y-%m-%d %H:%M} UTC" if failure["next_attempt_at"] else "never"
            )
            out.append(
                f"  failed     {failure['activity_id']} {failure['name'] or ''!r}: {failure['error']} "
                f"({failure['attempt_count']} tries; again from {again})"
            )
        if len(held["failures"]) > FAILURES_SHOWN:
            out.append(f"             and {len(held['failures']) - FAILURES_SHOWN} more: make status JSON=1")
    out.append(
        f"Quota        {quota['quarter_hour_left']} of {quota['quarter_hour_limit']} left until "
        f"{quota['quarter_hour_resets_at'].astimezone():%H:%M:%S}, {quota['day_left']} of {quota['day_limit']} left "
        f"until {quota['day_resets_at'].astimezone():%Y-%m-%d %H:%M %Z}"
    )
    if state["runs"]:
        out.append("Last runs")
        out += [f"  {_run_line(run)}" for run in state["runs"][-RUNS_SHOWN:]]
    out.append(
        f"Transform    {'last at ' + state['last_transform_at'] if state['last_transform_at'] else 'not yet'}"
    )
    if state["last_error"]:
        out.append(f"Last error   {state['last_error']}")
    out.append(f"Next         {state['next']}")
    return out


def _run_line(run: dict[str, Any]) -> str:
    text = f"{run.get('finished_at', '?')}  {run.get('command', '?'):9} {run['status']:7}"
    if run.get("command") == "extract":
        text += (
            f" {run.get('listing')} listing: {run.get('new', 0)} new, {run.get('changed', 0)} changed, "
            f"{run.get('deleted', 0)} deleted; {run.get('streams_loaded', 0)} streams; "
            f"{run.get('requests', 0)} requests"
        )
    return text + (f" ({run['message']})" if run.get("message") else "")
