"""Recordings that no activities.csv names: each is an activity, or one for each leg, with an id of ours below zero."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from pipelines.archive import rows, sports
from pipelines.archive.context import Context
from pipelines.archive.reading import Leg, Read, Task
from pipelines.archive.workers import read_all
from pipelines.events import Event, Listed, Rows, StreamsPending, StreamsSettled, Superseded
from pipelines.tables import ACTIVITIES, STREAM_FETCHES, STREAMS


class Loose:
    """All recordings of a folder or zip without an activities.csv."""

    def __init__(self, context: Context) -> None:
        self.context = context
        # Activities whose local time others may still tell better.
        self._uncertain: dict[int, tuple[Read, Leg]] = {}

    def recordings(self) -> Iterator[Event]:
        """Activities, ledger and samples of each, newest file first."""
        container, known = self.context.container, self.context.known
        stand = {
            (fetch.archived.file_name, fetch.file_fingerprint)
            for fetch in known.fetches.values()
            if fetch.archived
        }
        fingerprints = {member: container.fingerprint(member) for member in self.context.layout.recordings}
        newest_first = sorted(
            fingerprints, key=lambda member: (container.modified_at(member), member), reverse=True
        )
        tasks = [Task(member, None) for member in newest_first if (member, fingerprints[member]) not in stand]
        contents = {fetch.file_content for fetch in known.fetches.values() if fetch.file_content is not None}
        yield from self._mended(
            fetch.archived.file_name
            for fetch in known.fetches.values()
            if fetch.archived and fetch.sample_count
        )  # of a run that was killed before it came to it
        yield StreamsPending(len(tasks))
        new = 0
        for read in read_all(container, tasks, len(tasks)):
            if read.content is not None and read.content in contents:
                yield StreamsSettled("unchanged")  # under another name
                continue
            if read.legs and read.content is not None:
                contents.add(read.content)
                new += len(read.legs)
            yield Rows(self._tables(read, fingerprints[read.task.member]))
            yield Listed({"new": len(read.legs)}, len(known.activities) + new)
            if read.legs:
                yield from self._mended([read.task.member])
                yield from self._replaced(read)
            yield StreamsSettled("loaded" if read.legs else "failed")
        yield from self._improved()

    def _mended(self, members: Iterable[str | None]) -> Iterator[Event]:
        """The ledger's rows of files that could not be read and now can: those of their activities say so."""
        failed = {rows.name_id(member) for member in members if member} & self.context.known.fetches.keys()
        if failed:
            yield Superseded(sorted(failed))

    def _replaced(self, read: Read) -> Iterator[Event]:
        """What the same file held before it was changed: half of a recording, say, while it was being copied."""
        archived = self.context.archived(read.task.member)
        gone = [
            id_
            for id_, fetch in self.context.known.fetches.items()
            if id_ < 0 and fetch.archived and fetch.file_content not in (None, read.content)
            if (fetch.archived.name, fetch.archived.file_name) == (archived.name, archived.file_name)
        ]
        if gone:
            yield Superseded(gone)

    def _improved(self) -> Iterator[Event]:
        """Rows of activities whose local time the others tell in another way, now that all are known."""
        earlier = {
            id_: activity.archived.file_name
            for id_, activity in self.context.known.activities.items()
            if id_ < 0 and activity.archived and activity.archived.file_name in self.context.layout.recordings
        }
        better = self.context.clocks.improve({*earlier, *self._uncertain})
        # An earlier run, one that was killed, has read these: their rows hold what they tell.
        members = sorted({earlier[id_] or "" for id_ in better if id_ not in self._uncertain})
        for read in read_all(self.context.container, [Task(name, None) for name in members], len(members)):
            for index, leg in enumerate(read.legs):
                kept = leg.without_samples()
                self._uncertain[rows.leg_id(read.content or 0, index)] = read.of(kept), kept
        again = [self._activity(id_, *self._uncertain[id_]) for id_ in better if id_ in self._uncertain]
        if again:
            yield Rows({ACTIVITIES.name: ACTIVITIES.rows(again)})

    def _tables(self, read: Read, fingerprint: int) -> dict[str, pa.Table]:
        if not read.legs:
            failed = self._ledger(rows.name_id(read.task.member), read, fingerprint, None)
            return {STREAM_FETCHES.name: STREAM_FETCHES.rows([failed])}
        activities, streams, ledger = [], [], []
        for index, leg in enumerate(read.legs):
            id_ = rows.leg_id(read.content or 0, index)
            self.context.clocks.settle(id_, leg.start, read.utc_offset_s, leg.position)
            if not self.context.clocks.is_own(id_):
                kept = leg.without_samples()
                self._uncertain[id_] = (read.of(kept), kept)
            activities.append(self._activity(id_, read, leg))
            streams.append(rows.streams(id_, leg.samples))
            ledger.append(self._ledger(id_, read, fingerprint, leg))
        return {
            ACTIVITIES.name: ACTIVITIES.rows(activities),
            STREAMS.name: pa.concat_tables(streams),
            STREAM_FETCHES.name: STREAM_FETCHES.rows(ledger),
        }

    def _activity(self, id_: int, read: Read, leg: Leg) -> dict[str, Any]:
        sport = sports.of_file(leg.sport) or "Workout"
        values = {
            **rows.loose_values(read, leg),
            "id": id_,
            "sport_type": sport,
            "type": sports.type_of(sport),
        }
        return rows.activity(
            values,
            self.context.clocks[id_],
            self.context.archived(read.task.member),
            hash_=rows.content_hash(values),
            athlete_id=self.context.athlete_id,
            leg=leg,
        )

    def _ledger(self, id_: int, read: Read, fingerprint: int, leg: Leg | None) -> dict[str, Any]:
        return rows.ledger(
            id_,
            self.context.archived(read.task.member),
            rows.loose_values(read, leg) if leg else {},
            self.context.now,
            status="loaded" if leg else "failed",
            sample_count=leg.samples.count if leg else 0,
            error=read.fault,
            fingerprint=fingerprint,
            content=read.content,
            repairs=leg.samples.repairs if leg else (),
        )
