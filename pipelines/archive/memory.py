"""What is known of an archive's history, kept in dlt's own pipeline state: it travels with the data."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.known import Activity, Archived, Fetch, Known
from pipelines.tables import ACTIVITIES, ATHLETE, GEAR, STREAM_FETCHES, TABLES

ARCHIVED = ("archive_name", "archive_modified_at", "file_name")
OF_ACTIVITIES = ("start_date", "content_hash", "local_time_source", "timezone", "utc_offset", *ARCHIVED)
OF_FETCHES = (
    *("status", "sample_count", "error", "distance", "moving_time", "elapsed_time"),
    *("file_fingerprint", "file_content", "repairs", *ARCHIVED),
)


class Memory:
    """Reads and writes the state of the source.

    It is written beside the rows, in the same load package: what a run that failed has remembered is forgotten with
    its rows.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def known(self) -> Known:
        """Return what earlier runs have loaded."""
        return Known(
            activities={int(id_): _activity(int(id_), row) for id_, row in self._of(ACTIVITIES.name).items()},
            fetches={int(id_): _fetch(row) for id_, row in self._of(STREAM_FETCHES.name).items()},
            athlete_ids=frozenset(map(int, self._of(ATHLETE.name))),
            gear_count=len(self._of(GEAR.name)),
            # dlt makes the tables.
            tables=frozenset(TABLES),
        )

    def remember(self, tables: Mapping[str, pa.Table]) -> None:
        """Remember rows that are loaded."""
        for name, key, columns in (
            (ACTIVITIES.name, "id", OF_ACTIVITIES),
            (STREAM_FETCHES.name, "activity_id", OF_FETCHES),
            (ATHLETE.name, "id", ()),
            (GEAR.name, "id", ()),
        ):
            if name in tables:
                for row in tables[name].select([key, *columns]).to_pylist():
                    self._of(name)[str(row[key])] = {column: _plain(row[column]) for column in columns}

    def forget(self, activity_ids: Sequence[int]) -> None:
        """Forget activities that have come in under other ids."""
        for id_ in activity_ids:
            for name in (ACTIVITIES.name, STREAM_FETCHES.name):
                self._of(name).pop(str(id_), None)

    def _of(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self._state.setdefault(name, {})
        return part


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _activity(id_: int, row: dict[str, Any]) -> Activity:
    return Activity(
        id=id_,
        start_date=_instant(row["start_date"]),
        distance=None,
        moving_time=None,
        elapsed_time=None,
        manual=None,
        content_hash=row["content_hash"],
        archived=_archived(row),
        local_time_source=row["local_time_source"],
        timezone=row["timezone"],
        utc_offset_s=row["utc_offset"],
    )


def _fetch(row: dict[str, Any]) -> Fetch:
    return Fetch(
        status=row["status"],
        sample_count=row["sample_count"],
        attempt_count=1,
        next_attempt_at=None,
        measures=(row["distance"], row["moving_time"], row["elapsed_time"]),
        error=row["error"],
        archived=_archived(row),
        file_fingerprint=row["file_fingerprint"],
        file_content=row["file_content"],
        repairs=row["repairs"],
    )


def _archived(row: dict[str, Any]) -> Archived:
    return Archived(row["archive_name"], _instant(row["archive_modified_at"]), row["file_name"])


def _instant(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
