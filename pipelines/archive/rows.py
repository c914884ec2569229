"""What was read of an archive -> rows of strava_raw. Pure."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.archive.complete import Samples
from pipelines.archive.local_time import LocalTime, in_words
from pipelines.archive.reading import Leg, Read
from pipelines.kinds import arrow_type
from pipelines.known import Archived, Known
from pipelines.tables import SAMPLE_TYPES, STREAMS

ROW_VERSION = 1  # raise it when rows are made in another way, so that they are loaded again
NOT_SENT = "Strava could not put its file into the archive (#error#)"


def leg_id(content: int, index: int) -> int:
    """Return the id of a leg of a file that no row of activities.csv names: below zero, and always the same."""
    digest = hashlib.blake2b(f"{content} {index}".encode(), digest_size=8).digest()
    return -(int.from_bytes(digest, "little") >> 2) - 1


def name_id(file_name: str) -> int:
    """Return the id for the ledger of a file that nothing can be read of."""
    return leg_id(int.from_bytes(hashlib.blake2b(file_name.encode(), digest_size=7).digest(), "little"), -1)


def content_hash(values: Mapping[str, Any]) -> int:
    """64 bits over everything that an archive says of an activity; equal means nothing has changed."""
    text = repr((ROW_VERSION, sorted(values.items()))).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little", signed=True)


def activity(
    values: Mapping[str, Any],
    local: LocalTime,
    archived: Archived,
    *,
    hash_: int,
    athlete_id: int | None,
    leg: Leg | None = None,
) -> dict[str, Any]:
    """Return the row of an activity whose `start_date` is known; a recording tells what the archive does not."""
    start = values["start_date"]
    row = {
        **values,
        "athlete__id": athlete_id,
        "start_date_local": start + dt.timedelta(seconds=local.utc_offset_s),
        "utc_offset": local.utc_offset_s,
        "timezone": in_words(local, start),
        "local_time_source": local.source,
        "content_hash": hash_,
        **origin(archived),
    }
    if leg is not None:
        for name in ("start_latlng", "end_latlng", "device_name"):
            row[name] = leg.summary[name]
        if leg.summary["device_watts"]:
            row["device_watts"] = True
    return row


def origin(archived: Archived) -> dict[str, Any]:
    """Return the columns that say where a row came from."""
    return {
        "origin": "archive",
        "archive_name": archived.name,
        "archive_modified_at": archived.modified_at,
        "file_name": archived.file_name,
    }


def ledger(
    id_: int,
    archived: Archived,
    values: Mapping[str, Any],
    now: dt.datetime,
    *,
    status: str,
    sample_count: int = 0,
    error: str | None = None,
    fingerprint: int | None = None,
    content: int | None = None,
    repairs: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a row of `stream_fetches`. What an archive lacks it lacks for ever: no next attempt."""
    return {
        "activity_id": id_,
        "status": status,
        "sample_count": sample_count,
        "attempt_count": 1,
        "fetched_at": now,
        "error": error,
        **{name: values.get(name) for name in ("distance", "moving_time", "elapsed_time")},
        "file_fingerprint": fingerprint,
        "file_content": content,
        "repairs": "; ".join(repairs) or None,
        **origin(archived),
    }


def streams(activity_id: int, samples: Samples) -> pa.Table:
    """Return samples as rows of `streams`."""
    count = samples.count
    arrays = [pa.repeat(pa.scalar(activity_id, pa.int64()), count), pa.array(np.arange(count), pa.int32())]
    for name, kind in SAMPLE_TYPES.items():
        values = samples.columns.get(name)
        if values is None:
            arrays.append(pa.nulls(count, arrow_type(kind)))
        elif kind == "bool":
            arrays.append(pa.array(values))
        else:
            # NaN is what was not measured.
            array = pa.array(values, from_pandas=True)
            arrays.append(array.cast(arrow_type(kind)))
    arrays.append(pa.repeat("archive", count))
    return pa.table(arrays, schema=STREAMS.schema())


def loose_values(read: Read, leg: Leg) -> dict[str, Any]:
    """Return what a recording that no row of activities.csv names says of its activity."""
    stem = read.task.member.rpartition("/")[2].partition(".")[0]
    return {**leg.summary, "name": leg.summary["name"] or stem, "manual": False}


def loose_by_content(known: Known) -> dict[int, list[int]]:
    """Return the ids below zero that are known, by the number of their recording's content."""
    by_content: dict[int, list[int]] = {}
    for id_, fetch in known.fetches.items():
        if id_ < 0 and fetch.file_content is not None:
            by_content.setdefault(fetch.file_content, []).append(id_)
    return by_content


def superseded(
    known: Known, by_content: Mapping[int, Sequence[int]], rows: Iterable[tuple[int, dt.datetime | None]]
) -> list[int]:
    """Return the ids of `loose_by_content` whose recording has come in as one of activities.csv.

    `rows` are `(number of the content, start)` of the latter. A file of several sports has an id for each leg;
    the row takes the place of the leg nearest in start.
    """

    def distance(id_: int, start: dt.datetime) -> float:
        activity = known.activities.get(id_)
        if activity is None or activity.start_date is None:
            return float("inf")
        return abs((activity.start_date - start).total_seconds())

    gone = []
    for content, start in rows:
        legs = by_content.get(content)
        if legs:
            gone.append(min(legs, key=lambda id_: distance(id_, start)) if start else legs[0])
    return gone
