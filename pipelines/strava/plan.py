"""What a run has to do, decided from what is known. Pure: no I/O, no clock."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.known import Activity, Fetch, Known, Measures

YOUNG = dt.timedelta(days=1)
# An activity may move to 00:00:01 of its day, or a time zone away; the window is read that much further back.
SEAM = dt.timedelta(days=2)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LONG_DAYS = 100 * 365  # longer than any history
# After the first failure the very next run tries again.
PAUSES = (
    dt.timedelta(0),
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
    dt.timedelta(days=1),
    dt.timedelta(days=7),
)


@dataclass(frozen=True)
class Window:
    """What a run lists: all activities since an instant; `None` for all there are."""

    since: dt.datetime | None
    is_full: bool


def listing_window(
    known: Known,
    now: dt.datetime,
    *,
    lookback_start: dt.datetime | None,
    full_listing_hours: float,
    start_date: dt.date | None,
    lists_all: bool,
) -> Window:
    """Return the look-back window, or everything when that is due; nothing before `start_date`.

    `lookback_start` is the first instant of the look-back window; `None` when nothing is known yet.
    """
    is_due = full_listing_due(known, now, full_listing_hours, start_date, lists_all)
    since = None if is_due else lookback_start
    is_full = since is None
    if start_date is not None:
        earliest = max(dt.datetime.combine(start_date, dt.time(), dt.UTC), EPOCH)
        since = max(since, earliest) if since else earliest
    return Window(since, is_full)


def full_listing_due(
    known: Known, now: dt.datetime, hours: float, start_date: dt.date | None, forced: bool
) -> bool:
    """Tell whether this run lists everything and not only the look-back window."""
    last = known.last_full
    if forced or last is None or (str(start_date) if start_date else None) != last.start_date:
        return True
    return not dt.timedelta(0) <= now - last.started_at < dt.timedelta(hours=hours)


def lookback_start(known: Known, now: dt.datetime, lookback_days: float) -> dt.datetime | None:
    """Return the first instant of the look-back window; `None` when nothing is known.

    It is counted from the newest activity, and from now if that lies in the future.
    """
    # What an archive brought was not listed: the API may have older ones that are new to us.
    starts = [
        a.start_date
        for a in known.activities.values()
        if a.start_date and not a.is_deleted and not a.archived
    ]
    return min(max(starts), now) - lookback(lookback_days) if starts else None


def lookback(days: float) -> dt.timedelta:
    """Return the length of the look-back window; one longer than any history is cut to that."""
    return dt.timedelta(days=min(days, LONG_DAYS))


def change_of(before: Activity | None, now: Activity) -> str | None:
    """Tell what a listing says of an activity: "new", "restored", "changed", or `None` for nothing new."""
    if before is None:
        return "new"
    if before.is_deleted:
        return "restored"
    return "changed" if before.content_hash != now.content_hash else None


def is_before(activity: Activity, day: dt.date | None) -> bool:
    """Tell whether it is left out by `start_date`."""
    return day is not None and activity.local_date is not None and activity.local_date < day


def vanished(
    known: Known, seen: Iterable[int], since: dt.datetime | None, *, sees_all: bool = True
) -> list[int]:
    """Return the ids that are known and were not in a complete listing from `since` on.

    `sees_all` says that the listing is known to hold private activities: only then its silence about one that
    none has shown yet (of an archive) means something.
    """
    seen = set(seen)
    return [
        a.id
        for a in known.activities.values()
        if not a.is_deleted
        and a.id not in seen
        and is_listable(a)
        and (sees_all or not a.archived)
        and (since is None or (a.start_date is not None and a.start_date >= since))
    ]


def is_listable(activity: Activity) -> bool:
    """Tell whether Strava knows it: a recording that came as a mere file has an id of ours, below zero."""
    return activity.id >= 0


def refuse_deletion(
    known: Known, gone: int, scope: str | None, allowed: bool, *, is_empty: bool = False
) -> str | None:
    """Return why `gone` vanished activities must not be marked deleted; `None` when they may.

    `is_empty` says that a listing of everything had no activity at all, as any server can answer.
    """
    if allowed or gone == 0:
        return None
    last = known.last_full.scope if known.last_full else None
    if last is not None and not scopes(last) <= scopes(scope):
        return (
            f"{gone} activities are no longer listed, but this authorisation covers less than the last one "
            f"({scope or 'unknown'} instead of {last}): nothing was marked deleted; type `make authorize` and "
            "leave all boxes ticked, or `make extract ALLOW_DELETES=1` if they are really gone"
        )
    alive = sum(is_listable(a) and not a.is_deleted for a in known.activities.values())
    if is_empty or (gone > 10 and gone > alive / 2):
        return (
            f"{gone} of {alive} activities are no longer listed: nothing was marked deleted; if they are really "
            "gone, type `make extract ALLOW_DELETES=1`"
        )
    return None


def is_profile_fresh(refreshed_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether athlete, gear and zones were read less than a day ago."""
    return refreshed_at is not None and dt.timedelta(0) <= now - refreshed_at < dt.timedelta(days=1)


def scopes(text: str | None) -> set[str]:
    """Return the scopes in a text that separates them by commas or spaces."""
    return {item for item in (text or "").replace(" ", ",").split(",") if item}


def pending_streams(
    activities: Mapping[int, Activity],
    fetches: Mapping[int, Fetch],
    now: dt.datetime,
    start_date: dt.date | None = None,
    *,
    replaces_archive: bool = False,
    types: Sequence[str] = (),
) -> list[Activity]:
    """Return the activities from `start_date` on whose streams are to be asked for, newest first.

    With `replaces_archive` also those whose samples an archive gave, with `types` those of whose samples one of these
    types was never asked for.
    """
    due = [
        a
        for a in activities.values()
        if _is_due(a, fetches.get(a.id), now, replaces_archive, types) and not is_before(a, start_date)
    ]
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(due, key=lambda a: (a.start_date or oldest, a.id), reverse=True)


def _is_due(
    activity: Activity, fetch: Fetch | None, now: dt.datetime, replaces_archive: bool, types: Sequence[str]
) -> bool:
    if activity.manual or activity.is_deleted or not is_listable(activity):
        return False
    if fetch is not None and fetch.archived:
        is_whole = fetch.status == "loaded" and fetch.error is None
        return replaces_archive or not is_whole or not _are_archived(activity.measures, fetch.measures)
    if fetch is None or fetch.measures != activity.measures or fetch.lacks(types):
        return True
    return fetch.next_attempt_at is not None and fetch.next_attempt_at <= now


def _are_archived(measures: Measures, archived: Measures) -> bool:
    """Tell whether an archive's distance (m), moving and elapsed time (s) are these.

    It has them as 32-bit floats, some not at all, and a distance from before 2021 only in units of 10 m, which
    Strava cuts off after having rounded to the metre.
    """
    distance = archived[0]
    is_rounded = distance is not None and abs(distance - round(distance, -1)) < 1e-6
    tolerances = (11 if is_rounded else 1, 1, 1)
    return all(
        old is None or (new is not None and abs(new - old) <= tolerance)
        for new, old, tolerance in zip(measures, archived, tolerances, strict=True)
    )


def fetch_row(
    activity: Activity,
    previous: Fetch | None,
    now: dt.datetime,
    status: str,
    sample_count: int = 0,
    error: str | None = None,
) -> dict[str, Any]:
    """Return the ledger's row after streams were asked for once more.

    `failed`, and `none` of an activity younger than a day, are tried again after growing pauses.
    """
    is_same = previous is not None and previous.measures == activity.measures
    attempts = (previous.attempt_count if previous and is_same else 0) + 1
    is_young = activity.start_date is not None and now - activity.start_date < YOUNG
    again = status == "failed" or (status == "none" and is_young)
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    distance, moving_time, elapsed_time = activity.measures
    return {
        "activity_id": activity.id,
        "origin": "api",
        "status": status,
        # The samples of an earlier fetch still stand when this one failed.
        "sample_count": previous.sample_count
        if previous and status == "failed" and not sample_count
        else sample_count,
        "attempt_count": attempts,
        "fetched_at": now,
        "next_attempt_at": now + pause if again else None,
        "error": error,
        "distance": distance,
        "moving_time": moving_time,
        "elapsed_time": elapsed_time,
    }
