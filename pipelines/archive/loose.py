"""Recordings that no activities.csv names: each is an activity, or one for each leg, with an id of ours below zero."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipelines.archive import rows, sports
from pipelines.archive.context import Context
from pipelines.archive.reading import Leg, Read, Task
from pipelines.archive.workers import read_all
from pipelines.events import Event, Listed, Rows, StreamsPending, StreamsSettled
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
            yield StreamsSettled("loaded" if read.legs else "failed")
        if better := self.context.clocks.improve(self._uncertain):
            again = [self._activity(id_, *self._uncertain[id_]) for id_ in better]
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
