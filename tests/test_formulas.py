"""Every mart against tests/formulas, on dirty recordings (tests/dirty_streams.py has their faults).

`SEED=…` draws others. The recordings travel the whole way: HTTP, extract, transform.
"""

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests import telling_cases
from tests.dirty_history import History
from tests.formulas import Athlete, Strava
from tests.formulas.intervals import effort_of, pieces_of, smoothed, threshold_of
from tests.formulas.places import is_same_route
from tests.harness import PLENTY, make_playground, rows, run
from tests.oracle_marts import assert_equal, athlete_toml, world_records_s
from tests.simulated_strava import SimulatedStrava

SEED = int(os.environ.get("SEED") or 7)
ROUNDS = int(os.environ.get("ROUNDS") or 1)
CONFIGURED: dict[str, Any] = {
    "max_heartrate_bpm": 188,
    "resting_heartrate_bpm": 47,
    "threshold_heartrate_bpm": 168,
    "ftp_w": 245,
    "threshold_pace_s_per_km": 262.5,
    "sex": "M",
    "gap_model": "energy",
    "fitness_days": 35,
    "fatigue_days": 9,
    "marathon_exponent": 1.1,
    "heartrate_zones_bpm": [118, 139, 151, 166, 179],
}
# By days before today; the newer one stands first in the file.
HISTORY: list[tuple[int, dict[str, Any]]] = [
    (60, {"resting_heartrate_bpm": 52, "duration_load_per_h": 40, "weight_kg": 71.5, "sex": "F"}),
    (
        400,
        {
            "ftp_w": 262,
            "threshold_pace_s_per_km": "4:15",
            "max_heartrate_bpm": 186,
            "power_zones_pct": [60, 84, 97.5, 110],
            "heartrate_zones_bpm": [],
        },
    ),
]
API = Strava(sex="F", weight_kg=62.5, heartrate_zones_bpm=[115, 143, 157, 171])


def built(command: str, playground: Path, known: History, full: bool = False) -> None:
    """Run it within one day of the athlete's, to which the marts reach."""
    today = None
    while today != known.today():
        today = known.today()
        run(command, playground, FULL="1" if full else "")


def assert_telling(athlete: Athlete) -> None:
    """What is rare is among the activities that are made for it, whatever chance adds."""
    groups = {id_: recorded.group for id_, recorded in athlete.recorded.items()}
    climbs = athlete.climbs()
    assert {groups[id_] for id_, _ in climbs} == {"foot", "ride"}
    assert {"HC", "1", "3", "4", None} <= {row["climb_category"] for row in climbs.values()}
    intervals = athlete.intervals()
    assert {
        (groups[id_], row["average_power_w"] is not None, row["distance_m"] is not None)
        for (id_, _), row in intervals.items()
    } >= {("foot", False, True), ("ride", True, False), ("ride", False, True), ("swim", False, True)}
    assert any(has_short_pieces(athlete, id_) for id_, index in intervals if index == 1)
    assert {(300, 2000), (1200, 2000), (300, 10800), (1200, 10800)} <= {
        key[1:] for key in athlete.durability()
    }
    routes = athlete.routes()
    assert max(row["activity_count"] for row in routes.values()) >= 3
    assert {row["sport_group"] for row in routes.values()} == {"foot", "ride"}
    explorer = athlete.explorer()
    for zoom in (14, 17):
        its = [row for (z, _), row in explorer.items() if z == zoom]
        assert max(row["max_square"] for row in its) >= 2
        assert max(row["max_cluster"] for row in its) >= 1
        assert {(zoom, 0), (zoom, 2**zoom - 1)} <= {(z, x) for z, x, _ in athlete.tiles}


def assert_identities(athlete: Athlete) -> None:
    """What holds of any history."""
    climbs, intervals = athlete.climbs(), athlete.intervals()
    for (id_, index), row in climbs.items():
        after = climbs.get((id_, index + 1))
        assert not after or after["start_distance_m"] >= row["start_distance_m"] + row["distance_m"] - 1e-6
    for id_ in {id_ for id_, _ in intervals}:
        seconds = sum(row["duration_s"] for (its, _), row in intervals.items() if its == id_)
        assert seconds == sum(len(values) for _, values in effort_of(athlete.recorded[id_]))
    ways = {way.id: way for way in athlete.ways}
    for id_, way in ways.items():
        route = athlete.metrics[id_]["route_id"]
        assert route in (None, id_) or is_same_route(way, ways[route])
    counts: dict[int, int] = {}
    for (zoom, _), row in sorted(athlete.explorer().items()):
        assert row["tile_count"] > counts.get(zoom, 0)
        counts[zoom] = row["tile_count"]


def has_short_pieces(athlete: Athlete, id_: int) -> bool:
    """Whether an activity's seconds fall into pieces that are too short, before they are merged."""
    effort = [smoothed(values) for _, values in effort_of(athlete.recorded[id_])]
    threshold = threshold_of([value for values in effort for value in values])
    assert threshold is not None
    pieces = [pieces_of(1, [value > threshold for value in values]) for values in effort]
    return any(piece.seconds < 20 for its in pieces if len(its) > 1 for piece in its)


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_every_value_equals_an_independent_calculation(tmp_path: Path, round_: int) -> None:
    seed = SEED + round_
    print(f"seed {seed}")
    rng = random.Random(seed)
    records = world_records_s()
    with SimulatedStrava([], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        known = History(strava, rng)
        known.special_cases()
        efforts = telling_cases.add_efforts(known)
        rounds = telling_cases.add_places(known)
        assert_telling(known.expected())
        assert_identities(known.expected())
        ids = [known.add() for _ in range(75)]
        playground = make_playground(tmp_path / "p", strava)
        built("refresh", playground, known)
        assert_equal(playground, known.expected(None, API, records))

        # Settings reach every figure, also of samples that were worked out before.
        history = [{"from": known.last_day - dt.timedelta(days=days), **changes} for days, changes in HISTORY]
        config = playground / "config.toml"
        config.write_text(
            config.read_text() + "\n" + athlete_toml(CONFIGURED, history) + '[marts]\nweek_start = "sunday"\n'
        )
        built("transform", playground, known)
        configured = {**CONFIGURED, "history": history}
        assert_equal(playground, known.expected(configured, API, records, first_weekday=6))

        # What is new, recorded again or gone changes nothing else.
        for id_ in ids[:6]:
            known.record_again(id_)
        for id_ in ids[6:10]:
            strava.delete(id_)
        for _ in range(8):
            known.add()
        for id_ in efforts[::4]:
            known.crop(id_, 150)
        telling_cases.change_places(known, rounds)
        built("refresh", playground, known, full=True)
        assert_equal(playground, known.expected(configured, API, records, first_weekday=6))

        # The scope for zones was not granted: five by maximum heart rate; built at once, it is the same history.
        narrow = make_playground(
            tmp_path / "narrow", strava, code=strava.issue_code("read,activity:read_all")
        )
        built("refresh", narrow, known)
        [(sex,)] = rows(narrow, "select max(sex) from strava_raw.athlete") or [(None,)]
        assert_equal(narrow, known.expected(None, Strava(sex=sex), records))
