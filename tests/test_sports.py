"""Strava's sport types by the names that archives and files have for them."""

import csv
import re
from pathlib import Path

import pytest
from fitdecode.profile import FIELD_TYPES

from pipelines.archive import sports

SEED = Path(__file__).parents[1] / "dbt_project" / "seeds" / "sport_groups.csv"


def test_the_groups_of_the_models_are_groups_of_these_sport_types() -> None:
    with SEED.open(newline="", encoding="utf-8") as file:
        grouped = {row["sport_type"] for row in csv.DictReader(file)}
    assert grouped
    assert grouped <= sports.SPORT_TYPES


@pytest.mark.parametrize("sport_type", sorted(sports.SPORT_TYPES))
def test_every_sport_type_is_known_by_its_own_name_with_blanks(sport_type: str) -> None:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^E)(?=[A-Z])", " ", sport_type)
    assert sports.of_display_name(words) == sport_type
    assert sports.of_display_name(words.upper()) == sport_type
    assert sports.of_file(sport_type) == sport_type


@pytest.mark.parametrize(
    ("name", "sport_type"),
    [
        ("E-Bike Ride", "EBikeRide"),
        ("Stair-Stepper", "StairStepper"),
        ("Football (Soccer)", "Soccer"),
        ("Rock Climb", "RockClimbing"),
        ("Canoe", "Canoeing"),
        ("Virtuelle Radfahrt", "VirtualRide"),
        ("Gewichtstraining", "WeightTraining"),
        ("Wanderung", "Hike"),
        ("Course à pied", "Run"),
        # The accent as a character of its own.
        ("Course a\u0300 pied", "Run"),
        ("Natation", "Swim"),
        ("Entrenamiento con pesas", "WeightTraining"),
        ("Hardloopsessie", "Run"),
        ("Fietsrit", "Ride"),
        ("Corrida", "Run"),
        ("Corsa", "Run"),
        ("Бег", "Run"),
        ("骑行", "Ride"),
        ("バーチャルライド", "VirtualRide"),
        ("Quidditch", None),
        ("", None),
        ("123", None),
    ],
)
def test_display_names(name: str, sport_type: str | None) -> None:
    assert sports.of_display_name(name) == sport_type


@pytest.mark.parametrize(
    ("sport", "sport_type"),
    [
        ((1, 0), "Run"),
        ((1, 1), "Run"),
        ((1, 3), "TrailRun"),
        ((1, 58), "VirtualRun"),
        ((2, 7), "Ride"),
        ((2, 8), "MountainBikeRide"),
        ((2, 46), "GravelRide"),
        ((2, 58), "VirtualRide"),
        ((4, 15), "Elliptical"),
        ((10, 20), "WeightTraining"),
        ((10, 43), "Yoga"),
        ((10, 26), "Workout"),
        ((13, 37), "BackcountrySki"),
        ((64, 85), "Padel"),
        ((21, 47), "EMountainBikeRide"),
        ((0, 0), None),
        ((3, 32), None),
        ((254, 254), None),
        ("Biking", "Ride"),
        ("Running", "Run"),
        ("Other", None),
        ("cycling", "Ride"),
        ("trail_running", "TrailRun"),
        ("1", "Ride"),
        ("4", "Hike"),
        ("9", "Run"),
        ("10", "Walk"),
        ("99", None),
        (None, None),
    ],
)
def test_sports_of_files(sport: tuple[int, int] | str | None, sport_type: str | None) -> None:
    assert sports.of_file(sport) == sport_type


def test_fits_numbers_and_words_say_the_same() -> None:
    names = FIELD_TYPES["sport"].enum
    both = {
        name: (sports.of_file((number, 0)), sports.of_file(name))
        for number, name in names.items()
        if sports.of_file((number, 0)) and sports.of_file(name)
    }
    assert len(both) > 25
    assert {name: pair for name, pair in both.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize(
    ("sport_type", "type_"),
    [
        ("TrailRun", "Run"),
        ("GravelRide", "Ride"),
        ("MountainBikeRide", "Ride"),
        ("EMountainBikeRide", "EBikeRide"),
        ("Padel", "Workout"),
        ("Run", "Run"),
        ("VirtualRide", "VirtualRide"),
        ("Quidditch", "Quidditch"),
    ],
)
def test_the_older_type(sport_type: str, type_: str) -> None:
    assert sports.type_of(sport_type) == type_
