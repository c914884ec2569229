"""The tables of `strava_raw`, each said once: columns, types, keys, and how rows replace rows.

Shaping, loading, `make status`, the preconditions of the models and a test of dbt's sources read it here.
Column names are Strava's own; nested objects are flattened as `outer__inner`.
"""

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

# The dataset (schema) of the first athlete's tables.
DATASET = "strava_raw"

# An instant is a moment in UTC; a wall clock is a date and time without a zone.
Kind = Literal["int64", "int32", "double", "text", "bool", "instant", "wall_clock"]


@dataclass(frozen=True)
class Table:
    """One table of `strava_raw`.

    Rows replace those that stand by `key`: the primary key of a row, or what the rows of one activity have in
    common (`replaces="group"`: a cropped activity has fewer samples than before). Without a key each load
    replaces the whole table.
    """

    name: str
    columns: Mapping[str, Kind]
    key: str | None = None
    replaces: Literal["row", "group"] = "row"
    json_columns: tuple[str, ...] = ()
    is_read_by_models: bool = True

    def rows(self, rows: Sequence[Mapping[str, Any]], extra: Mapping[str, Kind] | None = None) -> "pa.Table":
        """Return the rows as an Arrow table with these columns, and `extra` ones before them.

        A value that does not fit its column's type becomes null; the rest of its row and all other rows stay.
        """
        import pyarrow as pa

        schema, kinds = self.schema(extra), {**(extra or {}), **self.columns}
        arrays = [
            pa.array([coerce(row.get(item.name), kinds[item.name]) for row in rows], item.type)
            for item in schema
        ]
        return pa.table(arrays, schema=schema)

    def schema(self, extra: Mapping[str, Kind] | None = None) -> "pa.Schema":
        """Return the columns as Arrow's schema, the key not null as dlt will have it."""
        import pyarrow as pa

        kinds = {**(extra or {}), **self.columns}
        fields = [pa.field(name, arrow_type(kind), nullable=name != self.key) for name, kind in kinds.items()]
        return pa.schema(fields)

    @property
    def hints(self) -> dict[str, Any]:
        """What a dlt resource has to be told of this table (keyword arguments of `dlt.resource`)."""
        hints: dict[str, Any] = {"write_disposition": "merge" if self.key else "replace"}
        if self.key:
            hints["primary_key" if self.replaces == "row" else "merge_key"] = self.key
        columns: dict[str, Any] = {name: {"data_type": "json"} for name in self.json_columns}
        for name, kind in self.columns.items():
            if kind == "wall_clock":
                columns[name] = {"data_type": "timestamp", "timezone": False}
        if columns:
            hints["columns"] = columns
        return hints


ACTIVITIES = Table(
    "activities",
    # The summary fields that Strava sends; numbers flip between 0 and 0.0, so each type is declared.
    {
        "id": "int64",
        "name": "text",
        "sport_type": "text",
        "type": "text",
        "workout_type": "int64",
        "distance": "double",
        "moving_time": "int64",
        "elapsed_time": "int64",
        "total_elevation_gain": "double",
        "start_date": "instant",
        # Its Z is false: this is the clock on the athlete's wall.
        "start_date_local": "wall_clock",
        "timezone": "text",
        "utc_offset": "double",
        "location_city": "text",
        "location_state": "text",
        "location_country": "text",
        "start_latlng": "text",
        "end_latlng": "text",
        "map__id": "text",
        "map__summary_polyline": "text",
        "map__resource_state": "int64",
        "athlete__id": "int64",
        "athlete__resource_state": "int64",
        "resource_state": "int64",
        "average_speed": "double",
        "max_speed": "double",
        "average_cadence": "double",
        "average_temp": "double",
        "average_watts": "double",
        "max_watts": "double",
        "weighted_average_watts": "double",
        "kilojoules": "double",
        "device_watts": "bool",
        "has_heartrate": "bool",
        "average_heartrate": "double",
        "max_heartrate": "double",
        "heartrate_opt_out": "bool",
        "display_hide_heartrate_option": "bool",
        "suffer_score": "double",
        "elev_high": "double",
        "elev_low": "double",
        "gear_id": "text",
        "device_name": "text",
        "external_id": "text",
        "upload_id": "int64",
        "upload_id_str": "text",
        "trainer": "bool",
        "commute": "bool",
        "manual": "bool",
        "private": "bool",
        "flagged": "bool",
        "from_accepted_tag": "bool",
        "has_kudoed": "bool",
        "hide_from_home": "bool",
        "visibility": "text",
        "achievement_count": "int64",
        "kudos_count": "int64",
        "comment_count": "int64",
        "athlete_count": "int64",
        "photo_count": "int64",
        "pr_count": "int64",
        "total_photo_count": "int64",
        # Not Strava's: what tells a changed row from one that stands already, and a deleted one.
        "content_hash": "int64",
        "deleted_at": "instant",
    },
    key="id",
    json_columns=("start_latlng", "end_latlng"),
)

# One row per sample. The types of streams, in the order of the columns; `latlng` becomes `lat` and `lng`.
SAMPLE_TYPES: dict[str, Kind] = {
    "time": "int32",
    "distance": "double",
    "lat": "double",
    "lng": "double",
    "altitude": "double",
    "velocity_smooth": "double",
    "heartrate": "int32",
    "cadence": "int32",
    "watts": "int32",
    "temp": "int32",
    "moving": "bool",
    "grade_smooth": "double",
}
STREAMS = Table(
    "streams",
    {"activity_id": "int64", "sample_index": "int32", **SAMPLE_TYPES},
    key="activity_id",
    replaces="group",
)

# The ledger: one row per activity whose streams were asked for.
STREAM_FETCHES = Table(
    "stream_fetches",
    {
        "activity_id": "int64",
        "status": "text",  # loaded, none or failed
        "sample_count": "int64",
        "attempt_count": "int64",
        "fetched_at": "instant",
        "next_attempt_at": "instant",
        "error": "text",
        # Of the activity when it was asked: other values now mean that it has changed since.
        "distance": "double",
        "moving_time": "int64",
        "elapsed_time": "int64",
    },
    key="activity_id",
)

# One row per listing that was read to its end.
LISTINGS = Table(
    "listings",
    {
        "started_at": "instant",
        "is_full": "bool",
        "scope": "text",
        "start_date": "text",
        "activity_count": "int64",
    },
    key="started_at",
    is_read_by_models=False,
)

ATHLETE = Table(
    "athlete",
    {
        "id": "int64",
        "username": "text",
        "firstname": "text",
        "lastname": "text",
        "city": "text",
        "country": "text",
        "sex": "text",
        "weight": "double",
        "ftp": "int64",
        "measurement_preference": "text",
        "created_at": "instant",
        "updated_at": "instant",
        "refreshed_at": "instant",
    },
    key="id",
)

ATHLETE_ZONES = Table(
    "athlete_zones",
    {
        "zone_kind": "text",
        "zone_index": "int64",
        "min": "double",
        "max": "double",
        "custom_zones": "bool",
    },
)

GEAR = Table(
    "gear",
    {
        "id": "text",
        "gear_kind": "text",
        "name": "text",
        "nickname": "text",
        "primary": "bool",
        "retired": "bool",
        "distance": "double",
    },
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (ACTIVITIES, STREAMS, STREAM_FETCHES, LISTINGS, ATHLETE, ATHLETE_ZONES, GEAR)
}


def arrow_type(kind: Kind) -> "pa.DataType":
    """Return Arrow's type of a kind. Imported late: `make status` needs names only, and is waited for."""
    import pyarrow as pa

    match kind:
        case "text":
            return pa.string()
        case "instant":
            return pa.timestamp("us", tz="UTC")
        case "wall_clock":
            return pa.timestamp("us")
        case _:
            return pa.type_for_alias(kind)


def coerce(value: Any, kind: Kind) -> Any:
    """Return the value as its column's kind, or `None` where it does not fit."""
    if value is None:
        return None
    if kind == "text":
        if isinstance(value, str):
            return valid_text(value)
        if isinstance(value, list | dict):
            return valid_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return str(value)
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind in ("instant", "wall_clock"):
        return _timestamp(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == "double":
        number = float(value) if abs(value) < 1e308 else math.inf
        return number if math.isfinite(number) else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = round(value)
    limit = 2 ** (63 if kind == "int64" else 31)
    return value if -limit <= value < limit else None


def _timestamp(value: Any, kind: Kind) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if kind == "wall_clock":
        return value.replace(tzinfo=None)
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        return None


def valid_text(value: str) -> str:
    """Return the text without lone surrogates, which are valid JSON and no valid text."""
    return value.encode("utf-8", "replace").decode("utf-8")
