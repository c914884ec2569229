"""Activities without which a mart would have nothing to tell: hills, sessions, long days, rounds that come again."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests import dirty_places
from tests.dirty_efforts import Streams, hills, long_day, saw_tooth, session
from tests.dirty_history import History
from tests.dirty_places import Pairs
from tests.formulas.recording import Recording
from tests.formulas.sports import group_of

PARK = (47.3541, 8.5503)


def add_faithful(known: History, sport: str, streams: Streams, **changes: Any) -> int:
    """An activity whose summary agrees with its samples."""
    metres = Recording(streams, group_of(sport)).total_m
    sums = {"distance": round(metres or 0.0, 1), "device_watts": True}
    return known.add(sport, streams, **{**sums, **changes})


def add_efforts(known: History) -> list[int]:
    rng = known.rng
    made: list[tuple[str, Streams, dict[str, Any]]] = [
        (sport, hills(rng, group_of(sport)), {})
        for sport in ("Run", "TrailRun", "Hike", "Ride", "GravelRide")
        for _ in range(3)
    ]
    made += [
        # Of each category; none for a barometer's noise, nor where stream and summary disagree.
        ("Ride", hills(rng, "ride", [83.3, 171.7, 342.1]), {}),
        ("MountainBikeRide", hills(rng, "ride", [655.1, 823.9]), {"device_watts": False}),
        ("Run", saw_tooth(3600), {}),
        ("Run", hills(rng, "foot"), {"distance": 12.0}),
        ("Ride", long_day(rng, "ride", 9600), {}),
        ("Ride", long_day(rng, "ride", 5400), {}),
        ("Hike", long_day(rng, "foot", 13500), {}),
        ("Run", long_day(rng, "foot", 5000), {}),
    ]
    made += [
        (sport, session(rng, group_of(sport), rng.choice([1, 1, 2, 5])), {})
        for sport in ("Run", "Run", "Walk", "Ride", "Ride", "VirtualRide", "Swim", "Swim")
    ]
    made += [
        (sport, session(rng, group_of(sport)), changes)
        for sport in ("Ride", "Run")
        for changes in ({"device_watts": False}, {"distance": 12.0})
    ]
    return [add_faithful(known, sport, streams, **changes) for sport, streams, changes in made]


@dataclass
class Rounds:
    """Activities around one park; `first` is the earliest of all, `second` the next that has its own."""

    first: int
    again: list[int]
    other_way: int


def add_places(known: History) -> Rounds:
    rng = known.rng
    base = dirty_places.loop(rng, PARK, 100, 480)

    def add(days: int, pairs: Pairs, metres: float = 3000.0, sport: str = "Run", **changes: Any) -> int:
        streams = placed(pairs, metres)
        return known.add(sport, streams, **{"distance": metres, **began(known, days), **changes})

    def again() -> Pairs:
        return dirty_places.loop(rng, PARK, 100, 480)

    first = add(500, base)
    repeated = [add(days, again()) for days in (430, 300, 120, 119)]
    other_way = add(250, again()[::-1])
    add(90, dirty_places.spoiled(rng, again()))
    add(80, again(), sport="Walk")
    add(81, again(), sport="Ride")
    add(82, again(), sport="Ride", moving_time=None, elapsed_time=900)
    for days, metres in ((70, 3290.0), (69, 3340.0), (68, 2710.0), (67, 2690.0), (66, None)):
        add(days, again(), metres or 3000.0, distance=metres)
    for days, aside_m in enumerate((8, 14, 20, 26, 30, 35, 60, 440, 470, 560), start=50):
        add(days, dirty_places.shifted(again(), aside_m, 0))
    for days, count in enumerate((92, 84, 70, 12), start=40):
        add(days, again()[:count], 30.0 * count)
        add(days, [*again()[-count:]], 3000.0)
    add(39, again()[:9], 3000.0)  # fewer than ten cells
    add(38, [again()[0]], 3000.0)  # one position
    for home in dirty_places.HOMES[2:]:
        add(30, dirty_places.loop(rng, home, 100, 480))
        add(29, dirty_places.loop(rng, home, 100, 480))
    # Five tiles of zoom 17 square in the park, four of zoom 14 beside it, three across the date line.
    add(28, dirty_places.sweep(PARK, 8, 1300, 120))
    add(27, dirty_places.sweep((47.1, 7.9), 6, 7400, 700), sport="Ride")
    add(26, dirty_places.sweep((-16.795, 179.9955), 7, 1100, 140))
    add(25, [None, [0.0, 0.0], [85.06, 8.0], [-85.06, 8.0], [85.049, 8.0]])
    add(24, [None, [0.0, 0.0]])
    return Rounds(first, repeated, other_way)


def placed(pairs: Pairs, metres: float) -> Streams:
    """Samples of 10 s at an even speed."""
    count = len(pairs)
    return {
        "time": [10 * i for i in range(count)],
        "distance": [round(metres * i / max(count - 1, 1), 1) for i in range(count)],
        "latlng": pairs,
    }


def began(known: History, days: int) -> dict[str, Any]:
    """So many days ago, in the morning."""
    start = dt.datetime.combine(known.last_day - dt.timedelta(days=days), dt.time(7, 12, days % 60))
    return {
        "start_date": start.isoformat() + "Z",
        "start_date_local": start.isoformat() + "Z",
        "utc_offset": 0.0,
    }


def change_places(known: History, rounds: Rounds) -> None:
    """The beginner of a route goes, one of its followers is cropped, and an earlier one comes to be known."""
    known.strava.delete(rounds.first)
    known.crop(rounds.again[0], 40)
    known.crop(rounds.other_way, 95)
    known.add(
        "Run",
        placed(dirty_places.loop(known.rng, PARK, 100, 480), 3000.0),
        **{"distance": 3000.0, **began(known, 700)},
    )
