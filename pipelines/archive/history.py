"""A history as an archive tells it: a generator of events.

All of activities.csv first, then athlete and gear, then the recordings, newest first.
"""

import datetime as dt
from collections.abc import Iterator

from pipelines.archive import profile
from pipelines.archive.container import Container
from pipelines.archive.context import Context
from pipelines.archive.loose import Loose
from pipelines.archive.named import Named
from pipelines.archive.recording import UnreadableError
from pipelines.errors import UserError
from pipelines.events import Event, ListingBegun, Note, Rows
from pipelines.known import Known
from pipelines.tables import ATHLETE, GEAR, TABLES


def everything(
    container: Container, known: Known, now: dt.datetime, timezone: str | None = None
) -> Iterator[Event]:
    """All that is new or has changed in an archive.

    Whoever takes the events may stop between two of them, for nothing is remembered ahead of them.

    Args:
        container: The archive.
        known: What stands already.
        now: Of this run.
        timezone: Of activities that nothing else tells the local time of; `None` is the machine's.

    Raises:
        UserError: There is no activity in it, or it is another athlete's.
    """
    context = Context(container, known, now, timezone)
    # All tables stand from the first load on, empty if need be: the models read every one.
    yield Rows({name: table.rows([]) for name, table in TABLES.items() if name not in known.tables})
    yield ListingBegun(is_full=True)
    if context.layout.activities is None:
        yield from Loose(context).recordings()
        return
    athlete = _athlete(context)
    if athlete is None and context.whose_is_unknown and context.athlete_id is not None:
        yield Note(
            f"this archive does not say whose it is: taken as athlete {context.athlete_id}'s, as what is loaded"
        )
    named = Named(context, context.layout.activities)
    yield from named.listing()
    if athlete is not None:
        yield athlete
    if (gear := _gear(context, named)) is not None:
        yield gear
    yield from named.recordings()


def _athlete(context: Context) -> Rows | None:
    """Learn whose archive it is; returns his row where it is news. Raises UserError when it is another one's."""
    athlete = profile.read_athlete(_text(context, "profile.csv"), _text(context, "general_preferences.csv"))
    if athlete is None or athlete.get("id") is None:
        context.whose_is_unknown = True
        return None
    ids = context.known.athlete_ids
    if ids and athlete["id"] not in ids:
        path = context.container.path
        raise UserError(
            f"{path} is the archive of athlete {athlete['id']}, and what is loaded is of athlete {min(ids)}: type "
            f"make import {context.container.argument} PLAYGROUND=another/folder"
        )
    context.athlete_id = athlete["id"]
    # The API's is fresher, whenever it was asked.
    if context.known.athlete_refreshed_at is not None or (ids and not _is_news(context)):
        return None
    return Rows({ATHLETE.name: ATHLETE.rows([{**athlete, "origin": "archive"}])})


def _gear(context: Context, named: Named) -> Rows | None:
    is_apis = context.known.athlete_refreshed_at is not None
    if context.known.gear_count and (is_apis or not _is_news(context)):
        return None
    gear = profile.gear_of(named.table.rows)
    return Rows({GEAR.name: GEAR.rows(gear)}) if gear else None


def _is_news(context: Context) -> bool:
    """Tell whether no archive that is as new as this one was loaded."""
    known, ours = context.newest_known_at, context.modified_at
    return known is None or ours is None or known < ours


def _text(context: Context, name: str) -> bytes | None:
    member = context.layout.texts.get(name)
    try:
        return context.container.read(member).data if member else None
    except UnreadableError:
        return None
