"""Published marts held against those of the oracle (tests/formulas)."""

import csv
import math
from pathlib import Path
from typing import Any

from tests.formulas import Athlete, tracks
from tests.formulas.settings import SETTINGS
from tests.harness import ROOT, rows

KEYS = {
    "activities": ["activity_id"],
    "splits": ["activity_id", "split_index"],
    "best_efforts": ["activity_id", "effort_distance_m"],
    "power_curve": ["activity_id", "duration_s"],
    "time_in_zones": ["activity_id", "zone_kind", "zone_index"],
    "climbs": ["activity_id", "climb_index"],
    "intervals": ["activity_id", "interval_index"],
    "durability": ["activity_id", "duration_s", "after"],
    "agreement": ["activity_id", "measure"],
    "routes": ["route_id"],
    "tiles": ["zoom", "x", "y"],
    "explorer": ["zoom", "explored_on"],
    "athlete_settings": ["valid_from"],
    "zones": ["valid_from", "zone_kind", "zone_index"],
    "daily_training_load": ["load_date"],
    "critical_power": ["month_start_date"],
    "critical_speed": ["month_start_date"],
    "race_predictions": ["target_distance_m", "method"],
    "eddington": ["sport_group", "unit"],
    "streaks": ["streak_kind", "start_date"],
    "year_to_date": ["year", "day_of_year", "sport_type"],
    "weekly_volume": ["week_start_date", "sport_type"],
    "weekly_pace": ["week_start_date", "sport_type"],
    "monthly_volume": ["month_start_date", "sport_type"],
}
# Of the marts whose values have no names in the oracle.
COLUMNS = {
    "power_curve": ["average_power_w"],
    "time_in_zones": ["time_s"],
    "eddington": ["eddington_number", "days_to_next"],
    "streaks": ["end_date", "length", "is_current"],
    "year_to_date": ["activity_count", "distance_m", "moving_time_s", "elevation_gain_m"],
    "weekly_volume": ["activity_count", "distance_m", "moving_time_s"],
    "athlete_settings": ["valid_to", *SETTINGS, *(f"{name}_source" for name in SETTINGS)],
}


def world_records_s() -> dict[float, float]:
    """The product's own seed: the records are looked up, not worked out."""
    with (ROOT / "dbt_project/seeds/world_records.csv").open() as file:
        return {float(row["effort_distance_m"]): float(row["record_time_s"]) for row in csv.DictReader(file)}


def expected_marts(athlete: Athlete) -> dict[str, dict[Any, Any]]:
    return {
        "activities": athlete.metrics,
        "splits": athlete.splits(),
        "best_efforts": athlete.best_efforts,
        "power_curve": athlete.power_curve,
        "time_in_zones": athlete.time_in_zones(),
        "climbs": athlete.climbs(),
        "intervals": athlete.intervals(),
        "durability": athlete.durability(),
        "agreement": athlete.agreement(),
        "routes": athlete.routes(),
        "tiles": athlete.tiles,
        "explorer": athlete.explorer(),
        "athlete_settings": athlete.athlete_settings(),
        "zones": athlete.zones(),
        "daily_training_load": athlete.daily_training_load(),
        "critical_power": athlete.critical_power(),
        "critical_speed": athlete.critical_speed(),
        "race_predictions": athlete.race_predictions(),
        "eddington": athlete.eddington(),
        "streaks": athlete.streaks(),
        "year_to_date": athlete.year_to_date(),
        "weekly_volume": athlete.weekly_volume(),
        "weekly_pace": athlete.weekly_pace(),
        "monthly_volume": athlete.monthly_volume(),
    }


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float | int) and not isinstance(found, bool):
        # Both sum thousands of doubles, in different orders.
        return math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-7)
    return bool(found == expected)


def differences(playground: Path, mart: str, expected: dict[Any, Any]) -> list[str]:
    """Rows and values of one mart that are not as expected."""
    keys = KEYS[mart]
    assert expected, f"{mart} is to have rows, or it would not be tested"
    columns = COLUMNS.get(mart) or list(next(iter(expected.values())))
    found: dict[Any, Any] = {}
    query = f"select {', '.join([*keys, *columns])} from {mart}"
    for row in rows(playground, query, "marts.duckdb"):
        key = row[0] if len(keys) == 1 else row[: len(keys)]
        assert key not in found, (mart, key)
        found[key] = row[len(keys) :]
    wrong = []
    for key in found.keys() | expected.keys():
        if key not in found or key not in expected:
            wrong.append(f"{mart} {key}: {found.get(key, 'no row')}, expected {expected.get(key, 'no row')}")
            continue
        value = expected[key]
        if isinstance(value, dict):
            value = tuple(value[column] for column in columns)
        values = value if isinstance(value, tuple) else (value,)
        for column, is_, should in zip(columns, found[key], values, strict=True):
            if not same(is_, should):
                wrong.append(f"{mart} {key} {column}: {is_}, expected {should}")
    return sorted(wrong)


def track_faults(playground: Path, athlete: Athlete) -> list[str]:
    """Tracks that are not what any way of simplifying leaves of the positions."""
    query = "select activity_id, polyline, south, west, north, east from tracks"
    found = {id_: (line, box) for id_, line, *box in rows(playground, query, "marts.duckdb")}
    expected = {way.id: way.positions for way in athlete.ways}
    out = [f"tracks {id_}: only on one side" for id_ in sorted(found.keys() ^ expected.keys())]
    for id_ in sorted(found.keys() & expected.keys()):
        line, box = found[id_]
        if box != list(tracks.box(expected[id_]).values()):
            out.append(f"tracks {id_}: {box}, expected {tracks.box(expected[id_])}")
        if fault := tracks.fault(tracks.decode(line), expected[id_]):
            out.append(f"tracks {id_}: {fault}")
    return out


def assert_equal(playground: Path, athlete: Athlete) -> None:
    marts = expected_marts(athlete)
    wrong = {mart: differences(playground, mart, expected) for mart, expected in marts.items()}
    wrong["tracks"] = track_faults(playground, athlete)
    print("rows compared:", {mart: len(expected) for mart, expected in marts.items()})
    count = sum(map(len, wrong.values()))
    lines = [line for its in wrong.values() for line in its[:12]]
    assert not count, f"{count} values differ:\n" + "\n".join(lines)


def athlete_toml(config: dict[str, Any], history: list[dict[str, Any]]) -> str:
    """The section as a user writes it."""

    def keys(table: dict[str, Any]) -> str:
        texts = (
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            for name, value in table.items()
        )
        return "\n".join(texts) + "\n"

    return "[athlete]\n" + keys(config) + "".join(f"[[athlete.history]]\n{keys(block)}" for block in history)
