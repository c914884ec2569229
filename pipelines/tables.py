"""The tables of `strava_raw`, each said once: columns, types, keys, and how rows replace rows.

Shaping, loading, `make status`, the preconditions of the models and a test of dbt's sources read it here.
Column names are Strava's own; nested objects are flattened as `outer__inner`.
"""

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

# The dataset (schema) of the first athlete's tables.
DATASET = "strava_raw"

INSTANT = pa.timestamp("us", tz="UTC")
WALL_CLOCK = pa.timestamp("us")


@dataclass(frozen=True)
class Table:
    """One table of `strava_raw`.

    Rows replace those that stand by `key`: the primary key of a row, or what the rows of one activity have in
    common (`replaces="group"`: a cropped activity has fewer samples than before). Without a key each load
    replaces the whole table.
    """

    name: str
    columns: Mapping[str, pa.DataType]
    key: str | None = None
    replaces: Literal["row", "group"] = "row"
    json_columns: tuple[str, ...] = ()
    is_read_by_models: bool = True

    def rows(
        self, rows: Sequence[Mapping[str, Any]], extra: Mapping[str, pa.DataType] | None = None
    ) -> pa.Table:
        """Return the rows as an Arrow table with these columns, and `extra` ones before them.

        A value that does not fit its column's type becomes null; the rest of its row and all other rows stay.
        """
        schema = self.schema(extra)
        arrays = [pa.array([coerce(row.get(item.name), item.type) for row in rows], item.type) for item in schema]
        return pa.table(arrays, schema=schema)

    def schema(self, extra: Mapping[str, pa.DataType] | None = None) -> pa.Schema:
        """Return the columns as Arrow's schema, the key not null as dlt will have it."""
        types = {**(extra or {}), **self.columns}
        return pa.schema([pa.field(name, kind, nullable=name != self.key) for name, kind in types.items()])

    @property
    def hints(self) -> dict[str, Any]:
        """What a dlt resource has to be told of this table (keyword arguments of `dlt.resource`)."""
        hints: dict[str, Any] = {"write_disposition": "merge" if self.key else "replace"}
        if self.key:
            hints["primary_key" if self.replaces == "row" else "merge_key"] = self.key
        columns: dict[str, Any] = {name: {"data_type": "json"} for name in self.json_columns}
        for name, kind in self.columns.items():
            if kind == WALL_CLOCK:
                columns[name] = {"data_type": "timestamp", "timezone": False}
        if columns:
            hints["columns"] = columns
        return hints


ACTIVITIES = Table(
    "activities",
    # The summary fields that Strava sends; numbers flip between 0 and 0.0, so each type is declared.
    {
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
    },
    key="id",
    json_columns=("start_latlng", "end_latlng"),
)

# One row per sample. The types of streams, in the order of the columns; `latlng` becomes `lat` and `lng`.
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
STREAMS = Table(
    "streams",
    {"activity_id": pa.int64(), "sample_index": pa.int32(), **SAMPLE_TYPES},
    key="activity_id",
    replaces="group",
)

# The ledger: one row per activity whose streams were asked for.
STREAM_FETCHES = Table(
    "stream_fetches",
    {
        "activity_id": pa.int64(),
        "status": pa.string(),  # loaded, none or failed
        "sample_count": pa.int64(),
        "attempt_count": pa.int64(),
        "fetched_at": INSTANT,
        "next_attempt_at": INSTANT,
        "error": pa.string(),
        # Of the activity when it was asked: other values now mean that it has changed since.
        "distance": pa.float64(),
        "moving_time": pa.int64(),
        "elapsed_time": pa.int64(),
    },
    key="activity_id",
)

# One row per listing that was read to its end.
LISTINGS = Table(
    "listings",
    {
        "started_at": INSTANT,
        "is_full": pa.bool_(),
        "scope": pa.string(),
        "start_date": pa.string(),
        "activity_count": pa.int64(),
    },
    key="started_at",
    is_read_by_models=False,
)

ATHLETE = Table(
    "athlete",
    {
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
    },
    key="id",
)

ATHLETE_ZONES = Table(
    "athlete_zones",
    {
        "zone_kind": pa.string(),
        "zone_index": pa.int64(),
        "min": pa.float64(),
        "max": pa.float64(),
        "custom_zones": pa.bool_(),
    },
)

GEAR = Table(
    "gear",
    {
        "id": pa.string(),
        "gear_kind": pa.string(),
        "name": pa.string(),
        "nickname": pa.string(),
        "primary": pa.bool_(),
        "retired": pa.bool_(),
        "distance": pa.float64(),
    },
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (ACTIVITIES, STREAMS, STREAM_FETCHES, LISTINGS, ATHLETE, ATHLETE_ZONES, GEAR)
}


def coerce(value: Any, kind: pa.DataType) -> Any:
    """Return the value in the column's type, or `None` where it does not fit."""
    if value is None:
        return None
    if pa.types.is_string(kind):
        if isinstance(value, str):
            return valid_text(value)
        if isinstance(value, list | dict):
            return valid_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
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


def valid_text(value: str) -> str:
    """Return the text without lone surrogates, which are valid JSON and no valid text."""
    return value.encode("utf-8", "replace").decode("utf-8")
