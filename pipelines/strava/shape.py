"""Strava's answers -> Arrow tables of strava_raw. Pure: no I/O, no clock, and no answer makes it raise.

A value that does not fit its column's type becomes null; the rest of its row and all other rows stay.
"""

import datetime as dt
import functools
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.strava import plan

INSTANT = pa.timestamp("us", tz="UTC")
WALL_CLOCK = pa.timestamp("us")
JSON_FIELDS = ("start_latlng", "end_latlng")

# The summary fields that Strava sends; numbers flip between 0 and 0.0, so each type is declared.
ACTIVITY_TYPES: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "name": pa.string(),
    "sport_type": pa.string(),
    "type": pa.string(),
    "workout_type": pa.int64(),
    "distance": pa.float64(),
    "moving_time": pa.int64(),
    "elapsed_time": pa.int64(),
    "total_elevation_gain": pa.float64(),
    "start_date": INSTANT,
    # Its Z is false: this is the clock on the athlete's wall.
    "start_date_local": WALL_CLOCK,
    "timezone": pa.string(),
    "utc_offset": pa.float64(),
    "location_city": pa.string(),
    "location_state": pa.string(),
    "location_country": pa.string(),
    "start_latlng": pa.string(),
    "end_latlng": pa.string(),
    "map__id": pa.string(),
    "map__summary_polyline": pa.string(),
    "map__resource_state": pa.int64(),
    "athlete__id": pa.int64(),
    "athlete__resource_state": pa.int64(),
    "resource_state": pa.int64(),
    "average_speed": pa.float64(),
    "max_speed": pa.float64(),
    "average_cadence": pa.float64(),
    "average_temp": pa.float64(),
    "average_watts": pa.float64(),
    "max_watts": pa.float64(),
    "weighted_average_watts": pa.float64(),
    "kilojoules": pa.float64(),
    "device_watts": pa.bool_(),
    "has_heartrate": pa.bool_(),
    "average_heartrate": pa.float64(),
    "max_heartrate": pa.float64(),
    "heartrate_opt_out": pa.bool_(),
    "display_hide_heartrate_option": pa.bool_(),
    "suffer_score": pa.float64(),
    "elev_high": pa.float64(),
    "elev_low": pa.float64(),
    "gear_id": pa.string(),
    "device_name": pa.string(),
    "external_id": pa.string(),
    "upload_id": pa.int64(),
    "upload_id_str": pa.string(),
    "trainer": pa.bool_(),
    "commute": pa.bool_(),
    "manual": pa.bool_(),
    "private": pa.bool_(),
    "flagged": pa.bool_(),
    "from_accepted_tag": pa.bool_(),
    "has_kudoed": pa.bool_(),
    "hide_from_home": pa.bool_(),
    "visibility": pa.string(),
    "achievement_count": pa.int64(),
    "kudos_count": pa.int64(),
    "comment_count": pa.int64(),
    "athlete_count": pa.int64(),
    "photo_count": pa.int64(),
    "pr_count": pa.int64(),
    "total_photo_count": pa.int64(),
    # Not Strava's: what tells a changed row from one that stands already, and a deleted one.
    "content_hash": pa.int64(),
    "deleted_at": INSTANT,
}
SHAPE_VERSION = 1  # raise it when a column is added, so that known activities are loaded again

SAMPLE_TYPES: dict[str, pa.DataType] = {
    "time": pa.int32(),
    "distance": pa.float64(),
    "lat": pa.float64(),
    "lng": pa.float64(),
    "altitude": pa.float64(),
    "velocity_smooth": pa.float64(),
    "heartrate": pa.int32(),
    "cadence": pa.int32(),
    "watts": pa.int32(),
    "temp": pa.int32(),
    "moving": pa.bool_(),
    "grade_smooth": pa.float64(),
}
STREAMS_SCHEMA = pa.schema([("activity_id", pa.int64()), ("sample_index", pa.int32()), *SAMPLE_TYPES.items()])
ATHLETE_TYPES: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "username": pa.string(),
    "firstname": pa.string(),
    "lastname": pa.string(),
    "city": pa.string(),
    "country": pa.string(),
    "sex": pa.string(),
    "weight": pa.float64(),
    "ftp": pa.int64(),
    "measurement_preference": pa.string(),
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "refreshed_at": INSTANT,
}
GEAR_TYPES: dict[str, pa.DataType] = {
    "id": pa.string(),
    "gear_kind": pa.string(),
    "name": pa.string(),
    "nickname": pa.string(),
    "primary": pa.bool_(),
    "retired": pa.bool_(),
    "distance": pa.float64(),
}

# The tables of strava_raw.
TABLES: dict[str, dict[str, pa.DataType]] = {
    "activities": ACTIVITY_TYPES,
    "streams": {item.name: item.type for item in STREAMS_SCHEMA},
    "stream_fetches": {
        "activity_id": pa.int64(),
        "status": pa.string(),
        "sample_count": pa.int64(),
        "attempt_count": pa.int64(),
        "fetched_at": INSTANT,
        "next_attempt_at": INSTANT,
        "error": pa.string(),
        "distance": pa.float64(),
        "moving_time": pa.int64(),
        "elapsed_time": pa.int64(),
    },
    "listings": {
        "started_at": INSTANT,
        "is_full": pa.bool_(),
        "scope": pa.string(),
        "start_date": pa.string(),
        "activity_count": pa.int64(),
    },
    "athlete": ATHLETE_TYPES,
    "athlete_zones": {
        "zone_kind": pa.string(),
        "zone_index": pa.int64(),
        "min": pa.float64(),
        "max": pa.float64(),
        "custom_zones": pa.bool_(),
    },
    "gear": GEAR_TYPES,
}


def coerce(value: Any, kind: pa.DataType) -> Any:
    """The value in the column's type, or null where it does not fit."""
    if value is None:
        return None
    if pa.types.is_string(kind):
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, list | dict):
            return _text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return str(value)
    if pa.types.is_boolean(kind):
        return value if isinstance(value, bool) else None
    if pa.types.is_timestamp(kind):
        return _timestamp(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if pa.types.is_floating(kind):
        number = float(value) if abs(value) < 1e308 else math.inf
        return number if math.isfinite(number) else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = round(value)
    return value if -(2 ** (kind.bit_width - 1)) <= value < 2 ** (kind.bit_width - 1) else None


def _timestamp(value: Any, kind: pa.DataType) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if kind.tz is None:
        return value.replace(tzinfo=None)
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        return None


def _text(value: str) -> str:
    """A lone surrogate is valid JSON and no valid text."""
    return value.encode("utf-8", "replace").decode("utf-8")


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

    return NamingConvention().normalize_identifier(_text(field).strip() or "_")


def content_hash(activity: Mapping[str, Any]) -> int:
    """64 bits over everything Strava said of an activity; equal means nothing has changed."""
    text = repr(sorted(flatten(activity).items())).encode("utf-8", "replace")
    digest = hashlib.blake2b(text, digest_size=8, salt=SHAPE_VERSION.to_bytes(8, "little"))
    return int.from_bytes(digest.digest(), "little", signed=True)


def activity(row: Mapping[str, Any]) -> plan.Activity:
    """What is remembered of a summary."""
    names = ("id", "start_date", "distance", "moving_time", "elapsed_time", "manual")
    values = {name: coerce(row.get(name), ACTIVITY_TYPES[name]) for name in names}
    local = coerce(row.get("start_date_local"), WALL_CLOCK)
    return plan.Activity(
        **values, content_hash=content_hash(row), local_date=local.date() if local is not None else None
    )


def activities(rows: Iterable[Mapping[str, Any]], field_types: dict[str, pa.DataType]) -> pa.Table:
    """Summaries as a table; rows are expected to have an integer id.

    `field_types` are the types of fields that are not declared above, by column name. One that is not among
    them gets the type of its first value and is put there: the other pages, and later runs, keep to it.
    """
    flat = [{**flatten(row), "content_hash": content_hash(row), "deleted_at": None} for row in rows]
    for row in flat:
        for name, value in row.items():
            if name not in ACTIVITY_TYPES and name not in field_types and value is not None and value != []:
                field_types[name] = _type_of(value)
    return typed(flat, {**field_types, **ACTIVITY_TYPES})


def typed(rows: Sequence[Mapping[str, Any]], types: Mapping[str, pa.DataType]) -> pa.Table:
    """Rows as a table with the columns `types`."""
    arrays = [pa.array([coerce(row.get(name), kind) for row in rows], kind) for name, kind in types.items()]
    return pa.table(arrays, names=list(types))


def _type_of(value: Any) -> pa.DataType:
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int | float):
        return pa.int64() if isinstance(value, int) and abs(value) >= 2**53 else pa.float64()
    return pa.string()


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


def _column(values: Sequence[Any], kind: pa.DataType, count: int) -> pa.Array:
    if not values:
        return pa.nulls(count, kind)
    try:
        array = pa.array(values)
        if pa.types.is_floating(array.type) and pa.types.is_integer(kind):
            raise ValueError  # Arrow would cut the fraction off
        array = array if array.type == kind else array.cast(kind)
        if pa.types.is_floating(kind) and not _all_finite(array):
            raise ValueError
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = pa.array([coerce(value, kind) for value in values], kind)
    return array if len(array) == count else pa.concat_arrays([array, pa.nulls(count - len(array), kind)])


def _all_finite(array: pa.Array) -> bool:
    return bool(pc.all(pc.is_finite(array), min_count=0).as_py())


def athlete(answer: Mapping[str, Any], now: dt.datetime) -> pa.Table:
    """`GET /athlete` as one row; clubs, bikes and shoes are lists of their own and left out."""
    row = {name: answer.get(name) for name in ATHLETE_TYPES}
    return typed([{**row, "refreshed_at": now}], ATHLETE_TYPES)


def gear(answer: Mapping[str, Any]) -> pa.Table:
    """The bikes and shoes that `GET /athlete` lists."""
    rows = []
    for kind, key in (("bike", "bikes"), ("shoe", "shoes")):
        items = answer.get(key)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                rows.append({**{name: item.get(name) for name in GEAR_TYPES}, "gear_kind": kind})
    return typed(rows, GEAR_TYPES)


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
    return typed(rows, TABLES["athlete_zones"])
