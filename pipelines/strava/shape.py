"""Strava's answers -> Arrow tables of strava_raw. Pure: no I/O, no clock, and no answer makes it raise.

A value that does not fit its column's type becomes null; the rest of its row and all other rows stay.
"""

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.kinds import Kind, arrow_type, coerce, valid_text
from pipelines.known import Activity
from pipelines.tables import (
    ACTIVITIES,
    ATHLETE,
    ATHLETE_ZONES,
    GEAR,
    SAMPLE_TYPES,
    STREAMS,
)

STREAMS_SCHEMA = STREAMS.schema()
SHAPE_VERSION = 2  # raise it when a column is added, so that known activities are loaded again


def flatten(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Nested objects as `outer__inner`, names as columns have them; lists stay lists (they become JSON text)."""
    flat: dict[str, Any] = {}
    for key, value in answer.items():
        name = column_name(str(key))
        if isinstance(value, dict):
            flat.update({f"{name}__{inner}": item for inner, item in flatten(value).items()})
        else:
            flat[name] = value
    return flat


@functools.cache
def column_name(field: str) -> str:
    """As dlt will write it, so that a field that Strava has added is found again among the known columns."""
    from dlt.common.normalizers.naming.snake_case import NamingConvention

    return NamingConvention().normalize_identifier(valid_text(field).strip() or "_")


def content_hash(activity: Mapping[str, Any]) -> int:
    """64 bits over everything Strava said of an activity; equal means nothing has changed."""
    text = repr(sorted(flatten(activity).items())).encode("utf-8", "replace")
    digest = hashlib.blake2b(text, digest_size=8, salt=SHAPE_VERSION.to_bytes(8, "little"))
    return int.from_bytes(digest.digest(), "little", signed=True)


def activity(row: Mapping[str, Any]) -> Activity:
    """What is remembered of a summary."""
    names = ("id", "start_date", "distance", "moving_time", "elapsed_time", "manual")
    values = {name: coerce(row.get(name), ACTIVITIES.columns[name]) for name in names}
    local = coerce(row.get("start_date_local"), "wall_clock")
    return Activity(
        **values, content_hash=content_hash(row), local_date=local.date() if local is not None else None
    )


def activities(rows: Iterable[Mapping[str, Any]], field_types: dict[str, Kind]) -> pa.Table:
    """Summaries as a table; rows are expected to have an integer id.

    `field_types` are the types of fields that are not declared above, by column name. One that is not among
    them gets the type of its first value and is put there: the other pages, and later runs, keep to it.
    """
    ours = {"deleted_at": None, "origin": "api", "local_time_source": "api"}
    flat = [{**flatten(row), **ours, "content_hash": content_hash(row)} for row in rows]
    for row in flat:
        for name, value in row.items():
            if (
                name not in ACTIVITIES.columns
                and name not in field_types
                and value is not None
                and value != []
            ):
                field_types[name] = _kind_of(value)
    return ACTIVITIES.rows(flat, field_types)


def _kind_of(value: Any) -> Kind:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "int64" if isinstance(value, int) and abs(value) >= 2**53 else "double"
    return "text"


def streams(activity_id: int, answer: Any) -> tuple[pa.Table, str | None]:
    """`(samples, complaint)`: one row per sample of `GET /activities/{id}/streams`, keyed or array form.

    Unequal lengths are filled up with nulls and complained of; so is a missing `time`.
    """
    data = _stream_data(answer)
    count = max((len(values) for values in data.values()), default=0)
    columns: list[pa.Array] = [
        pa.repeat(pa.scalar(activity_id, pa.int64()), count),
        _sample_index(count),
    ]
    for name, kind in SAMPLE_TYPES.items():
        if name in ("lat", "lng"):
            values = _coordinate(data.get("latlng", ()), 0 if name == "lat" else 1)
        else:
            values = data.get(name, [])
        columns.append(_column(values, kind, count))
    columns.append(pa.repeat("api", count))
    complaint = None
    if count and "time" not in data:
        complaint = "the answer has no time stream"
    elif len({len(values) for values in data.values()}) > 1:
        complaint = "streams of unequal length, filled up with nulls"
    return pa.table(columns, schema=STREAMS_SCHEMA), complaint


@functools.cache
def _first_indices() -> pa.Array:
    return pa.array(range(2**15), pa.int32())


def _sample_index(count: int) -> pa.Array:
    known = _first_indices()
    return known.slice(0, count) if count <= len(known) else pa.array(range(count), pa.int32())


def _stream_data(answer: Any) -> dict[str, list[Any]]:
    """Type -> its data. Strava answers an object by type, or a list of objects that name theirs."""
    if isinstance(answer, list):
        answer = {item.get("type"): item for item in answer if isinstance(item, dict)}
    if not isinstance(answer, dict):
        return {}
    data = {name: item.get("data") for name, item in answer.items() if isinstance(item, dict)}
    wanted = {*SAMPLE_TYPES, "latlng"}
    return {
        name: values
        for name, values in data.items()
        if name in wanted and isinstance(values, list) and values
    }


def _coordinate(pairs: Sequence[Any], index: int) -> list[Any]:
    try:
        return [pair[index] for pair in pairs]
    except (TypeError, IndexError, KeyError):
        return [pair[index] if isinstance(pair, list) and len(pair) == 2 else None for pair in pairs]


def _column(values: Sequence[Any], kind: Kind, count: int) -> pa.Array:
    type_ = arrow_type(kind)
    if not values:
        return pa.nulls(count, type_)
    try:
        array = pa.array(values)
        if pa.types.is_floating(array.type) and pa.types.is_integer(type_):
            raise ValueError  # Arrow would cut the fraction off
        array = array if array.type == type_ else array.cast(type_)
        if pa.types.is_floating(type_) and not _all_finite(array):
            raise ValueError
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = pa.array([coerce(value, kind) for value in values], type_)
    return array if len(array) == count else pa.concat_arrays([array, pa.nulls(count - len(array), type_)])


def _all_finite(array: pa.Array) -> bool:
    return bool(pc.all(pc.is_finite(array), min_count=0).as_py())


def athlete(answer: Mapping[str, Any], now: dt.datetime) -> pa.Table:
    """`GET /athlete` as one row; clubs, bikes and shoes are lists of their own and left out."""
    row = {name: answer.get(name) for name in ATHLETE.columns}
    return ATHLETE.rows([{**row, "refreshed_at": now, "origin": "api"}])


def gear(answer: Mapping[str, Any]) -> pa.Table:
    """The bikes and shoes that `GET /athlete` lists."""
    rows: list[dict[str, Any]] = []
    for kind, key in (("bike", "bikes"), ("shoe", "shoes")):
        items = answer.get(key)
        rows += [
            {**{name: item.get(name) for name in GEAR.columns}, "gear_kind": kind}
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict) and isinstance(item.get("id"), str)
        ]
    return GEAR.rows(rows)


def zones(answer: Mapping[str, Any]) -> pa.Table:
    """`GET /athlete/zones`: one row per kind and zone, `max` -1 where it is open above."""
    rows = []
    for kind in ("heart_rate", "power"):
        group = answer.get(kind)
        if not isinstance(group, dict):
            continue
        items = group.get("zones")
        for index, item in enumerate(items if isinstance(items, list) else [], start=1):
            if isinstance(item, dict):
                bounds = {"min": item.get("min"), "max": item.get("max")}
                rows.append(
                    {
                        "zone_kind": kind,
                        "zone_index": index,
                        **bounds,
                        "custom_zones": group.get("custom_zones"),
                    }
                )
    return ATHLETE_ZONES.rows(rows)
