"""The tables of `strava_raw`, each said once: columns, types, keys, and how rows replace rows.

Shaping, loading, `make status`, the preconditions of the models and a test of dbt's sources read it here.
Column names are Strava's own; nested objects are flattened as `outer__inner`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipelines.kinds import Kind, arrow_type, coerce

if TYPE_CHECKING:
    import pyarrow as pa

# The dataset (schema) of the first athlete's tables.
DATASET = "strava_raw"


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

    def gone(self, keys: Sequence[int]) -> "pa.Table":
        """Return rows that delete those with these keys: they set `is_gone`, of `hints_with_deletion`."""
        import pyarrow as pa

        schema = pa.schema([self.schema().field(str(self.key)), pa.field("is_gone", pa.bool_())])
        return pa.table([pa.array(keys, pa.int64()), pa.array([True] * len(keys))], schema=schema)

    def newest(self, parts: "Sequence[pa.Table]") -> "pa.Table":
        """Return the parts as one table; of rows with the same key the last one, as rows replace rows.

        dlt would keep any of them.
        """
        import pyarrow as pa

        whole = pa.concat_tables(parts, promote_options="default")
        if len(parts) == 1 or self.key is None or self.replaces == "group":
            return whole
        last = {key: index for index, key in enumerate(whole[self.key].to_pylist())}
        return whole if len(last) == whole.num_rows else whole.take(pa.array(sorted(last.values())))

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

    def hints_with_deletion(self, column: str, data_type: str) -> dict[str, Any]:
        """Return the hints and dlt's mark on the column that deletes a row by being set."""
        hints = self.hints
        # Nullable, said as Arrow will say it: dlt takes a difference for another type, and the types are frozen.
        mark = {column: {"data_type": data_type, "nullable": True, "hard_delete": True}}
        return {**hints, "columns": {**hints.get("columns", {}), **mark}}


# Which road a row came by, and of the archive's: from which file, and how new that is.
ORIGIN: dict[str, Kind] = {
    "origin": "text",  # api or archive; null (of an older version of ours) is api
    "archive_name": "text",
    "archive_modified_at": "instant",
    "file_name": "text",
}

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
        # Only the archive has it.
        "calories": "double",
        # Not Strava's: what tells a changed row from one that stands already, and a deleted one.
        "content_hash": "int64",
        "deleted_at": "instant",
        **ORIGIN,
        "local_time_source": "text",  # api, file, position, neighbour or setting
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
    {"activity_id": "int64", "sample_index": "int32", **SAMPLE_TYPES, "origin": "text"},
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
        **ORIGIN,
        # Of the archive's: what tells a changed file from one that stands, its content under whatever name,
        # and what had to be worked out or left out.
        "file_fingerprint": "int64",
        "file_content": "int64",
        "repairs": "text",
        # Of the API's: the types that it was asked for, with commas.
        "stream_types": "text",
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
        "origin": "text",  # as in ORIGIN
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
