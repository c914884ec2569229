"""The bound for efforts on foot: a time for each distance, and none that another distance makes doubtful."""

import csv
import itertools

from tests.harness import ROOT

SEED = ROOT / "dbt_project" / "seeds" / "world_records.csv"
DISTANCES_M = [400, 800, 1000, 1500, 1609.344, 3000, 3218.688, 5000, 10000, 15000, 16093.44, 20000]
DISTANCES_M += [21097.5, 30000, 42195, 50000]


def test_each_distance_has_a_time_and_nobody_is_faster_over_a_longer_one() -> None:
    with SEED.open() as file:
        records = [
            (float(row["effort_distance_m"]), float(row["record_time_s"])) for row in csv.DictReader(file)
        ]
    assert [distance_m for distance_m, _ in records] == DISTANCES_M
    speeds = [distance_m / time_s for distance_m, time_s in records]
    assert all(shorter > longer for shorter, longer in itertools.pairwise(speeds))
    assert speeds[0] < 9.5
