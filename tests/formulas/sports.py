"""Sport groups, and the numbers that go by them."""

from typing import Any

Row = dict[str, Any]

GROUPS = {
    "foot": ("Run", "TrailRun", "VirtualRun", "Walk", "Hike", "Snowshoe"),
    "ride": ("Ride", "VirtualRide", "GravelRide", "MountainBikeRide", "Velomobile", "Handcycle"),
    "swim": ("Swim",),
}
RUNS = ("Run", "TrailRun", "VirtualRun")
WALKS = ("Walk", "Hike", "Snowshoe")

# A step of distance above it is too fast for its own interval.
TOO_FAST_M_PER_S = {"foot": 12, "ride": 35, "swim": 4, "other": 60}
# A stretch of half a minute above it was done by other means.
CAR_M_PER_S = {"foot": 9.8, "swim": 2.5}

# Distances of best efforts, with their labels.
EFFORTS: dict[str, dict[float, str]] = {
    "foot": {
        400: "400 m",
        800: "800 m",
        1000: "1 km",
        1500: "1500 m",
        1609.344: "1 mile",
        3000: "3 km",
        3218.688: "2 miles",
        5000: "5 km",
        10000: "10 km",
        15000: "15 km",
        16093.44: "10 miles",
        20000: "20 km",
        21097.5: "half marathon",
        30000: "30 km",
        42195: "marathon",
        50000: "50 km",
    },
    "ride": {km * 1000: f"{km} km" for km in (5, 10, 20, 40, 50, 80, 100, 160)},
    "swim": {
        100: "100 m",
        400: "400 m",
        1000: "1 km",
        1500: "1500 m",
        1900: "1900 m",
        3800: "3800 m",
    },
}
POWER_CURVE_S = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)


def group_of(sport_type: str) -> str:
    return next((group for group, sports in GROUPS.items() if sport_type in sports), "other")
