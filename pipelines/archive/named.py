"""The rows of activities.csv and the recordings that they name."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.archive import rows, sports
from pipelines.archive.activities_csv import Row, read_activities
from pipelines.archive.complete import Measures
from pipelines.archive.context import Context
from pipelines.archive.reading import Leg, Read, Task
from pipelines.archive.recording import UnreadableError
from pipelines.archive.workers import read_all
from pipelines.errors import UserError, one_line
from pipelines.events import Confirmed, Event, Listed, Note, Rows, StreamsPending, StreamsSettled, Superseded
from pipelines.tables import ACTIVITIES, STREAM_FETCHES, STREAMS

BEGINNING_OF_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Item:
    """An activity of the archive: its row, and how that stands to what is known."""

    row: Row
    hash: int
    is_changed: bool  # or new
    is_apis: bool  # the API has listed it: its row stays as it is

    @property
    def id(self) -> int:
        """Strava's."""
        return int(self.row.values["id"])

    @property
    def start(self) -> dt.datetime | None:
        """In UTC; `None` where the table's date cannot be read."""
        start: dt.datetime | None = self.row.values.get("start_date")
        return start

    def begun(self, leg: Leg | None) -> "Item":
        """Return it with the recording's start where the table's date cannot be read."""
        if self.start is not None or leg is None:
            return self
        return replace(self, row=replace(self.row, values={**self.row.values, "start_date": leg.start}))


class Named:
    """The activities of one activities.csv."""

    def __init__(self, context: Context, member: str) -> None:
        """Read the table. Raises UserError when it cannot be."""
        self.context, self.member = context, member
        path = context.container.path
        try:
            content = context.container.read(member)
            self.table = read_activities(content.data)
        except UnreadableError as error:
            raise UserError(
                f"{path}: {member} cannot be read ({one_line(error)}): download the archive again, then type "
                f"make import {context.container.argument}"
            ) from None
        self.fault = content.fault
        self.items: dict[int, Item] = {}
        self._loose = rows.loose_by_content(context.known)
        # What recordings have told of activities whose local time others may still tell better; `None`: nothing.
        self._legs: dict[int, Leg | None] = {}
        # Rows that come with their recording, which is read once more: without it they would lose what it tells.
        self._held_back: set[int] = set()

    def listing(self) -> Iterator[Event]:
        """Rows of what is new or has changed."""
        for problem in self.table.problems:
            yield Note(problem)
        if self.context.layout.others:
            yield Note(
                f"{self.member} was read; of other archives in there, not: {', '.join(self.context.layout.others)} "
                "(import each by itself)"
            )
        if self.fault:
            yield Note(f"{self.member}: {self.fault}")
        self.items = {item.id: item for item in self._to_load()}
        clocks, known = self.context.clocks, self.context.known.activities
        dated = {item.id: item.start for item in self.items.values() if item.start and not item.is_apis}
        news = [id_ for id_ in dated if self.items[id_].is_changed]
        for id_ in news:
            clocks.begin(id_, dated[id_])
        # Others may tell the time of what stands better than when it came in.
        news += clocks.improve(id_ for id_ in dated if not self.items[id_].is_changed)
        if news:
            for id_ in news:
                self.items[id_] = replace(self.items[id_], is_changed=True)
            self._held_back = {id_ for id_ in news if self._is_read_again(self.items[id_])}
            at_once = [self._activity(self.items[id_]) for id_ in news if id_ not in self._held_back]
            yield Rows({ACTIVITIES.name: ACTIVITIES.rows(at_once)})
        new = sum(id_ not in known for id_ in news)
        yield Listed({"new": new, "changed": len(news) - new}, len({*known, *self.items}))
        unknown = sorted({item.row.sport_name for item in self.items.values() if not item.row.is_sport_known})
        if unknown:
            yield Note(
                f"activities of {len(unknown)} kinds that have no translation here keep the name of theirs: "
                f"{', '.join(unknown)}"
            )

    def _to_load(self) -> Iterator[Item]:
        by_id = {row.values["id"]: row for row in self.table.rows}
        for id_, row in by_id.items():
            known = self.context.known.activities.get(id_)
            if known is not None and (known.is_deleted or self.context.is_older_than(known.archived)):
                continue
            hash_ = rows.content_hash(row.values)
            is_apis = known is not None and known.archived is None
            yield Item(row, hash_, known is None or known.content_hash != hash_, is_apis)

    def _activity(self, item: Item, leg: Leg | None = None) -> dict[str, Any]:
        values = item.row.values
        if leg is not None and not item.row.is_sport_known and (sport := sports.of_file(leg.sport)):
            values = {**values, "sport_type": sport, "type": sports.type_of(sport)}
        return rows.activity(
            values,
            self.context.clocks[item.id],
            self.context.archived(item.row.file_name),
            hash_=item.hash,
            athlete_id=self.context.athlete_id,
            leg=leg,
        )

    # --- the recordings --------------------------------------------------------------------------------------

    def recordings(self) -> Iterator[Event]:
        """The ledger's rows of what cannot be read, then samples, newest first."""
        known = self.context.known
        stand = [
            (fetch.file_content, known.activities[id_].start_date)
            for id_, fetch in known.fetches.items()
            if id_ > 0 and fetch.file_content is not None and id_ in known.activities
        ]
        yield from self._superseded(stand)  # of a run that was killed before it came to it
        ledger: list[dict[str, Any]] = []
        stands: list[Item] = []
        todo: list[tuple[Item, str]] = []
        newest_first = sorted(
            self.items.values(), key=lambda item: (item.start or BEGINNING_OF_TIME, item.id), reverse=True
        )
        for item in newest_first:
            member = self._member(item)
            if self._stands(item, member):
                stands.append(item)
            elif member is not None:
                todo.append((item, member))
            else:
                ledger.append(self._unread(item))
        if confirmed := [item.id for item in stands if self._is_confirmed(item)]:
            yield Confirmed(confirmed, self.context.container.name, self.context.modified_at)
        yield StreamsPending(len(todo) + len(ledger))
        if ledger:
            yield Rows({STREAM_FETCHES.name: STREAM_FETCHES.rows(ledger)})
            yield from (StreamsSettled(row["status"]) for row in ledger)
        tasks = [Task(member, _measures(item)) for item, member in todo]
        for (item, _), read in zip(todo, read_all(self.context.container, tasks, len(tasks)), strict=True):
            yield from self._settled(item, read)
        yield from self._improved()

    def _improved(self) -> Iterator[Event]:
        """Rows of activities whose local time the others tell in another way, now that all are known."""
        better = self.context.clocks.improve(
            id_ for id_, item in self.items.items() if item.start is not None and not item.is_apis
        )
        if not better:
            return
        # An earlier run, one that was killed, has read these recordings: the rows hold what they tell.
        unread = [
            (id_, Task(member, _measures(self.items[id_])))
            for id_ in better
            if id_ not in self._legs and (member := self._member(self.items[id_])) is not None
        ]
        reads = read_all(self.context.container, [task for _, task in unread], len(unread))
        for (id_, _), read in zip(unread, reads, strict=True):
            self._legs[id_] = read.legs[0].without_samples() if read.legs else None
        again = [self._activity(self.items[id_], self._legs.get(id_)) for id_ in better]
        yield Rows({ACTIVITIES.name: ACTIVITIES.rows(again)})

    def _member(self, item: Item) -> str | None:
        if item.row.is_error_file or item.row.file_name is None:
            return None
        return self.context.layout.recording(item.row.file_name)

    def _is_read_again(self, item: Item) -> bool:
        """Tell whether a recording that an archive has given already is going to be read."""
        fetch, member = self.context.known.fetches.get(item.id), self._member(item)
        has_samples = fetch is not None and fetch.archived is not None and fetch.sample_count > 0
        return has_samples and member is not None and not self._stands(item, member)

    def _stands(self, item: Item, member: str | None) -> bool:
        """Tell whether nothing has to be read: the API's samples, or this file's, are there."""
        fetch = self.context.known.fetches.get(item.id)
        if fetch is None:
            return False
        if fetch.archived is None:
            return fetch.sample_count > 0 or member is None
        if self.context.is_older_than(fetch.archived):
            return True
        if member is None and fetch.sample_count:
            return True  # an older archive had the file: its samples are better than none
        if item.is_changed:
            return False
        return fetch.file_fingerprint == (self.context.container.fingerprint(member) if member else None)

    def _is_confirmed(self, item: Item) -> bool:
        """Tell whether an older archive said the same."""
        activity, fetch = self.context.known.activities.get(item.id), self.context.known.fetches[item.id]
        if item.is_changed or fetch.archived is None or self.context.is_older_than(fetch.archived):
            return False
        held = (fetch.archived, activity.archived if activity else None)
        return any(archived and archived.modified_at != self.context.modified_at for archived in held)

    def _unread(self, item: Item) -> dict[str, Any]:
        file_name = item.row.file_name
        if item.row.is_error_file:
            status, error = "failed", rows.NOT_SENT
        elif file_name is not None:
            status, error = "failed", f"{file_name} is not in the archive"
        elif item.start is None:
            status, error = "failed", "its date cannot be read, and there is no file that tells it"
        else:
            status, error = "none", None
        if item.start is None and (item.row.is_error_file or file_name is not None):
            error = f"its date cannot be read, and {error}"
        return rows.ledger(
            item.id,
            self.context.archived(file_name),
            item.row.values,
            self.context.now,
            status=status,
            error=error,
        )

    def _settled(self, item: Item, read: Read) -> Iterator[Event]:
        leg = read.legs[0] if read.legs else None
        item = self.items[item.id] = item.begun(leg)
        error = read.fault
        if item.start is None:
            error = f"its date cannot be read, and its file does not tell it ({error})"
        ledger = rows.ledger(
            item.id,
            self.context.archived(item.row.file_name),
            item.row.values,
            self.context.now,
            status="loaded" if leg else "failed",
            sample_count=leg.samples.count if leg else 0,
            error=error,
            fingerprint=self.context.container.fingerprint(read.task.member),
            content=read.content,
            repairs=leg.samples.repairs if leg else (),
        )
        tables = {STREAM_FETCHES.name: STREAM_FETCHES.rows([ledger])}
        has_news = item.id in self._held_back
        if leg is not None:
            tables[STREAMS.name] = rows.streams(item.id, leg.samples)
            if not item.is_apis and item.start is not None:
                self.context.clocks.settle(item.id, item.start, read.utc_offset_s, leg.position)
                has_news = True
        if has_news:
            tables[ACTIVITIES.name] = ACTIVITIES.rows([self._activity(item, leg)])
        if not self.context.clocks.is_own(item.id):
            self._legs[item.id] = leg.without_samples() if leg else None
        yield Rows(tables)
        if read.content is not None:
            yield from self._superseded([(read.content, item.start)])
        yield StreamsSettled("loaded" if leg else "failed")

    def _superseded(self, recordings: Iterable[tuple[int, dt.datetime | None]]) -> Iterator[Event]:
        if gone := rows.superseded(self.context.known, self._loose, recordings):
            yield Superseded(gone)


def _measures(item: Item) -> Measures:
    values: Mapping[str, Any] = item.row.values
    return Measures(
        start=item.start.timestamp() if item.start else None,
        distance_m=values.get("distance"),
        moving_time_s=values.get("moving_time"),
        elapsed_time_s=values.get("elapsed_time"),
    )
