"""The dlt source "archive": the events of an archive as the rows of dlt's resources."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import dlt
import pyarrow as pa
from dlt.common import logger
from dlt.extract import DltResource

from pipelines.archive.container import open_container
from pipelines.archive.history import everything
from pipelines.archive.memory import Memory
from pipelines.events import Confirmed, Event, Note, Rows, Superseded
from pipelines.tables import ACTIVITIES, ATHLETE, GEAR, STREAM_FETCHES, STREAMS, Table


@dlt.source(name="archive", section="archive", schema_contract={"data_type": "freeze"})
def archive(path: str, local_timezone: str | None = None) -> Sequence[DltResource]:
    """One athlete's history out of Strava's bulk export, or out of recordings alone.

    What was loaded is kept in dlt's pipeline state: the same archive once more loads nothing and reads no recording,
    a newer one what it has anew. `streams` and `stream_fetches` come from the same reading and belong together.

    Args:
        path: The zip, the unpacked folder, or a folder or zip of FIT, TCX and GPX files.
        local_timezone: Of activities that nothing else tells the local time of; by default the machine's.
    """

    @dlt.resource(name="recordings", selected=False)
    def recordings() -> Iterator[Event]:
        memory = Memory(dlt.current.source_state())
        # A recording may tell more of an activity than its row: dlt gets each once.
        activities: list[pa.Table] = []
        for event in everything(
            open_container(Path(path)), memory.known(), dt.datetime.now(dt.UTC), local_timezone
        ):
            match event:
                case Note():
                    logger.warning(event.text)
                case Superseded(ids):
                    memory.forget(ids)
                    yield event
                case Confirmed():
                    memory.confirm(event)  # the rows keep the name of the archive that they came from
                case Rows(tables):
                    memory.remember(tables)
                    others = {name: rows for name, rows in tables.items() if name != ACTIVITIES.name}
                    activities += [tables[ACTIVITIES.name]] if ACTIVITIES.name in tables else []
                    yield Rows(others)
                case _:
                    pass
        if activities:
            yield Rows({ACTIVITIES.name: ACTIVITIES.newest(activities)})

    def rows_of(table: Table) -> DltResource:
        @dlt.transformer(data_from=recordings, name=table.name, **table.hints)
        def rows(event: Event) -> Iterator[pa.Table]:
            if isinstance(event, Rows) and table.name in event.tables:
                yield event.tables[table.name]

        return rows

    def deletable_rows_of(table: Table) -> DltResource:
        hints = table.hints_with_deletion("is_gone", "bool")

        @dlt.transformer(data_from=recordings, name=table.name, **hints)
        def rows(event: Event) -> Iterator[pa.Table]:
            match event:
                case Rows(tables) if table.name in tables:
                    yield tables[table.name]
                case Superseded(ids):
                    yield table.gone(ids)

        return rows

    return [
        *map(deletable_rows_of, (ACTIVITIES, STREAMS, STREAM_FETCHES)),
        *map(rows_of, (ATHLETE, GEAR)),
    ]
