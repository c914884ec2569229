"""What is known of a history, kept in dlt's own pipeline state: it travels with the data to any destination."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.kinds import Kind
from pipelines.known import Activity, Fetch, Known, Listing
from pipelines.tables import STREAM_FETCHES

MEASURES = ("distance", "moving_time", "elapsed_time")


class Memory:
    """Reads and writes the state of the source.

    It is written beside the rows, in the same load package: what a run that failed has remembered is forgotten
    with its rows.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._told = set[int]()  # by this run

    def known(self) -> Known:
        """Return what earlier runs have loaded."""
        listing = self._state.get("last_full")
        return Known(
            activities={int(id_): _activity(int(id_), row) for id_, row in self._of("activities").items()},
            fetches={int(id_): _fetch(row) for id_, row in self._of("fetches").items()},
            last_full=Listing(_instant(listing[0]), *listing[1:]) if listing else None,
            extra_types=dict(self._of("extra_types")),
        )

    def activities(
        self, current: Mapping[int, Activity], extra_types: Mapping[str, Kind], rows: pa.Table
    ) -> None:
        """Remember activities that were loaded, and the types of fields that Strava has added."""
        for id_ in rows["id"].to_pylist():
            a = current[id_]
            self._of("activities")[str(id_)] = [
                _text(a.start_date),
                *a.measures,
                a.manual,
                a.content_hash,
                str(a.local_date) if a.local_date else None,
            ]
        self._of("extra_types").update(extra_types)

    def forget(self, activity_id: int) -> None:
        """Forget an activity that was deleted, but not that its samples are still to be."""
        self._of("activities").pop(str(activity_id), None)
        self._of("untold").pop(str(activity_id), None)
        if self._of("fetches").pop(str(activity_id), None):
            self._of("orphans")[str(activity_id)] = True

    def orphans(self) -> set[int]:
        """Return the deleted activities whose samples stand: `activities` may be loaded without `streams`."""
        return {int(id_) for id_ in self._of("orphans")}

    def forget_samples(self, activity_ids: Sequence[int]) -> None:
        """Forget samples that are deleted now."""
        for id_ in activity_ids:
            for part in ("fetches", "orphans", "untold"):
                self._of(part).pop(str(id_), None)

    def fetches(self, ledger: pa.Table) -> None:
        """Remember that samples were loaded, by rows of `stream_fetches`."""
        for row in ledger.select(list(STREAM_FETCHES.columns)).to_pylist():
            id_ = row["activity_id"]
            self._of("fetches")[str(id_)] = [
                row["status"],
                row["sample_count"],
                row["attempt_count"],
                _text(row["next_attempt_at"]),
                row["distance"],
                row["moving_time"],
                row["elapsed_time"],
            ]
            if id_ not in self._told:
                self._of("untold")[str(id_)] = [_text(row["fetched_at"]), row["error"]]

    def told(self, ledger: pa.Table) -> None:
        """Remember that these rows of `stream_fetches` were loaded."""
        for id_ in ledger["activity_id"].to_pylist():
            self._told.add(id_)
            self._of("untold").pop(str(id_), None)

    def untold(self) -> pa.Table | None:
        """Return the ledger's rows that are not loaded: `streams` may be loaded without `stream_fetches`."""
        rows = []
        for id_, (fetched_at, error) in self._of("untold").items():
            status, sample_count, attempt_count, next_attempt_at, *measures = self._of("fetches")[id_]
            row = {
                "activity_id": int(id_),
                "status": status,
                "sample_count": sample_count,
                "attempt_count": attempt_count,
                "fetched_at": fetched_at,
                "next_attempt_at": next_attempt_at,
                "error": error,
                "origin": "api",
            }
            rows.append({**row, **dict(zip(MEASURES, measures, strict=True))})
        return STREAM_FETCHES.rows(rows) if rows else None

    def listing(self, listing: Mapping[str, Any]) -> None:
        """Remember a full listing, by a row of `listings`."""
        if listing["is_full"]:
            self._state["last_full"] = [
                _text(listing["started_at"]),
                listing["scope"],
                listing["start_date"],
            ]

    def refreshed(self, table: str, now: dt.datetime) -> None:
        """Remember when athlete, zones or gear were read."""
        self._of("refreshed_at")[table] = _text(now)

    def refreshed_at(self, table: str) -> dt.datetime | None:
        """Return when one of them was read last."""
        return _instant_or_none(self._of("refreshed_at").get(table))

    def _of(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self._state.setdefault(name, {})
        return part


def _activity(id_: int, row: list[Any]) -> Activity:
    start, distance, moving_time, elapsed_time, manual, content_hash, local_date = row
    return Activity(
        id=id_,
        start_date=_instant_or_none(start),
        distance=distance,
        moving_time=moving_time,
        elapsed_time=elapsed_time,
        manual=manual,
        content_hash=content_hash,
        local_date=dt.date.fromisoformat(local_date) if local_date else None,
    )


def _fetch(row: list[Any]) -> Fetch:
    status, sample_count, attempt_count, next_attempt_at, *measures = row
    return Fetch(status, sample_count, attempt_count, _instant_or_none(next_attempt_at), tuple(measures))


def _text(instant: dt.datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _instant_or_none(text: str | None) -> dt.datetime | None:
    return _instant(text) if text else None
