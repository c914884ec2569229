"""A Playground whose published marts are rows that a test gives: what the table macros read, and no samples."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.playground import Playground
from pipelines.warehouse.publish import publish

Row = dict[str, Any]
ACTIVITY: Row = {
    "athlete_id": 1,
    "activity_id": 1,
    "sport_type": "Ride",
    "sport_group": "ride",
    "activity_date": "2026-03-01",
    "started_at": "2026-03-01 09:00:00+00",
    "started_at_local": "2026-03-01 10:00:00",
    "has_streams": True,
    "moving_time_s": 3600,
    "is_distance_consistent": None,
    "power_coverage_pct": None,
    "heartrate_coverage_pct": None,
    "power_time_s": None,
    "normalized_power_w": None,
    "trimp": None,
    "gap_moving_time_s": None,
    "gap_distance_m": None,
    "gap_pace_s_per_km": None,
    "gap_model": None,
    "training_load": None,
    "training_load_source": None,
    "max_heartrate_bpm": 199.0,
}
SETTINGS: Row = {
    "athlete_id": 1,
    "valid_from": "1900-01-01",
    "valid_to": None,
    "ftp_w": 250.0,
    "ftp_w_source": "config",
    "threshold_pace_s_per_km": 270.0,
    "threshold_pace_s_per_km_source": "config",
    "max_heartrate_bpm": 160.0,
    "max_heartrate_bpm_source": "estimate",
    "resting_heartrate_bpm": 60.0,
    "resting_heartrate_bpm_source": "estimate",
    "threshold_heartrate_bpm": 110.0,
    "threshold_heartrate_bpm_source": "estimate",
    "sex": "F",
    "sex_source": "strava",
    "duration_load_per_h": 50.0,
}


def table(connection: duckdb.DuckDBPyConnection, name: str, like: Row, given: list[Row]) -> None:
    types = {bool: "boolean", int: "bigint", float: "double", str: "varchar"}
    columns = {
        key: "date"
        if key.startswith("valid_") or key.endswith("_date")
        else "timestamptz"
        if key == "started_at"
        else "timestamp"
        if key == "started_at_local"
        else "boolean"
        if key.startswith("is_")
        else types.get(
            type(value),
            "varchar" if key.endswith(("_source", "_model")) or key == "sex" else "double",
        )
        for key, value in like.items()
    }
    connection.execute(
        f"create table marts.{name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
    )
    for row in given:
        connection.execute(
            f"insert into marts.{name} values ({', '.join('?' * len(like))})", list((like | row).values())
        )


def made(folder: Path, activities: list[Row], settings: list[Row]) -> Path:
    """A Playground whose marts are published from rows that are given."""
    folder.mkdir(parents=True, mode=0o700)
    playground = Playground(folder)
    with duckdb.connect(str(playground.warehouse)) as connection:
        connection.execute("create schema marts; create schema intermediate; use intermediate")
        connection.execute("create table formulas_versions (model_name varchar, version varchar)")
        connection.execute(
            "create table int_stream_aggregates (athlete_id bigint, activity_id bigint, fingerprint varchar)"
        )
        table(connection, "activities", ACTIVITY, activities)
        table(connection, "athlete_settings", SETTINGS, settings)
    publish(playground)
    return folder
