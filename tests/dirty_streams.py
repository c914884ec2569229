"""Streams as devices in trouble record them, drawn at random."""

import math
import random
from collections.abc import Callable
from typing import Any

from tests.dirty_places import wandering

Streams = dict[str, list[Any]]

SPORTS = [
    "Run",
    "Run",
    "Run",
    "TrailRun",
    "Walk",
    "Ride",
    "Ride",
    "GravelRide",
    "Handcycle",
    "Swim",
    "EBikeRide",
    "Zorbing",
]
SPEED_M_PER_S = {"Run": 3.2, "TrailRun": 2.5, "Walk": 1.5, "Swim": 0.9}


def recording(rng: random.Random, sport: str) -> Streams:
    """Type -> values: a recording with nulls and gaps, and mostly one or two faults on top."""
    count = rng.choice([1, 2, 3, 40, 300, 900, 1500, 2500])
    speed = SPEED_M_PER_S.get(sport, 7.5) * rng.uniform(0.8, 1.2)
    streams = _course(rng, count, speed)
    _sensors(rng, streams, count, speed)
    for fault in rng.sample(FAULTS, rng.choice([0, 1, 1, 2])):
        if count >= 40:
            fault(rng, streams)
    return streams


def _course(rng: random.Random, count: int, speed: float) -> Streams:
    style = rng.choice(["every second", "every second", "smart", "sparse"])
    clock, metres = rng.choice([0, 0, 0, 5]), 0.0
    trouble = rng.choice([0, 0, 0.01, 0.03])
    streams: Streams = {"time": [], "distance": [], "moving": []}
    for _ in range(count):
        streams["time"].append(None if rng.random() < trouble / 2 else clock)
        streams["distance"].append(None if rng.random() < trouble else round(metres, 1))
        stands = rng.random() < 0.03
        step = {"every second": 1, "smart": rng.randint(1, 10), "sparse": rng.randint(5, 30)}[style]
        odd = rng.random()
        if odd < trouble:
            step = rng.choice([0, -3, 0, 11, 25, 60, 61, 400, 10])
        growth = 0.0 if stands else speed * rng.uniform(0.7, 1.3) * max(step, 0)
        if trouble / 3 < odd < trouble / 2:
            growth = rng.choice([-30.0, 90.0, 400.0, 0.0])
        streams["moving"].append(not stands)
        clock += step
        metres = max(metres + growth, 0)
    if rng.random() < 0.2:
        del streams["moving"]
    return streams


def _sensors(rng: random.Random, streams: Streams, count: int, speed: float) -> None:
    null = rng.choice([0, 0, 0, 0.02, 0.3])
    wave = rng.uniform(0, 6)

    def maybe(name: str, chance: float, values: list[Any], null: float = null) -> None:
        if rng.random() < chance:
            if rng.random() < 0.04:
                values = [None] * count
            streams[name] = [None if rng.random() < null else value for value in values]

    hill = [80 + 25 * math.sin(i / 60 + wave) for i in range(count)]
    maybe("altitude", 0.85, [round(height + rng.uniform(-1, 1), 1) for height in hill])
    maybe("grade_smooth", 0.6, [round(rng.gauss(0, 9), 1) for _ in range(count)], null / 2)
    beats = [135 + 30 * math.sin(i / 200 + wave) for i in range(count)]
    maybe("heartrate", 0.85, [round(bpm + rng.uniform(-8, 8)) for bpm in beats])
    legs = rng.choice([1, 1, 2])
    maybe("cadence", 0.7, [rng.choice([0, 78, 82, 85, 90]) * legs for _ in range(count)])
    maybe("watts", 0.8, [max(0, round(rng.gauss(190, 90))) for _ in range(count)])
    maybe("velocity_smooth", 0.8, [round(max(0, rng.gauss(speed, speed / 5)), 1) for _ in range(count)])
    maybe("latlng", 0.6, wandering(rng, count, speed * rng.choice([1, 5])))


# ---- faults: each changes streams of at least forty samples


def _inside(rng: random.Random, streams: Streams) -> int:
    return rng.randrange(5, len(streams["time"]) - 5)


def _add(streams: Streams, first: int, metres: float, last: int | None = None) -> None:
    values = streams["distance"]
    values[first:last] = [None if v is None else round(v + metres, 1) for v in values[first:last]]


def heart_drops_out(rng: random.Random, streams: Streams) -> None:
    """To 0, as a strap that slips; to 255, as a byte without a value."""
    if "heartrate" in streams:
        for _ in range(rng.randint(1, 6)):
            first = _inside(rng, streams)
            length = min(rng.randint(1, 200), len(streams["time"]) - first)
            streams["heartrate"][first : first + length] = [rng.choice([0, 255, 29, 231])] * length


def power_spikes(rng: random.Random, streams: Streams) -> None:
    if "watts" in streams:
        for _ in range(rng.randint(1, 4)):
            streams["watts"][_inside(rng, streams)] = rng.choice([30000, 2501, -1, 2500])


def gps_jumps(rng: random.Random, streams: Streams) -> None:
    _add(streams, _inside(rng, streams), 30_000.0)


def distance_out_of_line(rng: random.Random, streams: Streams) -> None:
    for _ in range(rng.randint(1, 4)):
        i = _inside(rng, streams)
        _add(streams, i, rng.choice([-3000.0, -101.0, 101.0, 5000.0, 60.0, -60.0]), i + 1)


def time_out_of_line(rng: random.Random, streams: Streams) -> None:
    for _ in range(rng.randint(1, 4)):
        i = _inside(rng, streams)
        if streams["time"][i] is not None:
            streams["time"][i] = max(streams["time"][i] + rng.choice([-900, -40, 3, 40, 900]), 0)


def distance_begins_again(rng: random.Random, streams: Streams) -> None:
    for _ in range(rng.choice([1, 1, 2])):
        first = _inside(rng, streams)
        reached = streams["distance"][first]
        if reached is not None:
            _add(streams, first, rng.choice([0.0, 7.0, 12.0]) - reached)


def distance_by_steps(rng: random.Random, streams: Streams) -> None:
    """A pool's lengths, a treadmill's steps: distance stands for 20 to 50 s, then is true again."""
    until, held = -1.0, None
    first = _inside(rng, streams)
    for i in range(first, len(streams["time"])):
        time, metres = streams["time"][i], streams["distance"][i]
        if time is None or metres is None:
            continue
        if held is None or time >= until:
            until, held = time + rng.randint(20, 50), metres
        streams["distance"][i] = held


def sensor_for_the_first_minutes_only(rng: random.Random, streams: Streams) -> None:
    for name in rng.choice([("heartrate",), ("watts",), ("heartrate", "watts"), ("cadence",)]):
        if name in streams:
            first = _inside(rng, streams)
            streams[name][first:] = [None] * (len(streams["time"]) - first)


def a_car(rng: random.Random, streams: Streams) -> None:
    """A stretch at a speed that runner and swimmer have not, and that is no jump for the runner."""
    first = _inside(rng, streams)
    speed, added = rng.choice([3.0, 8.0, 10.4, 11.5]), 0.0
    for i in range(first, min(first + rng.randint(10, 400), len(streams["time"]))):
        before, time = streams["time"][i - 1], streams["time"][i]
        if before is not None and time is not None:
            added += speed * max(time - before, 0)
        _add(streams, i, added, i + 1)
    _add(streams, i + 1, added)


def altitude_out_of_bounds(rng: random.Random, streams: Streams) -> None:
    if "altitude" in streams:
        first = _inside(rng, streams)
        length = min(rng.randint(1, 60), len(streams["time"]) - first)
        streams["altitude"][first : first + length] = [rng.choice([-501.0, 9000.5, 65535.0])] * length


def absurd_grades(rng: random.Random, streams: Streams) -> None:
    if "grade_smooth" in streams:
        for _ in range(5):
            streams["grade_smooth"][_inside(rng, streams)] = rng.choice([-100.0, 100.0, 101.0, -250.0])


FAULTS: list[Callable[[random.Random, Streams], None]] = [
    heart_drops_out,
    power_spikes,
    gps_jumps,
    distance_out_of_line,
    time_out_of_line,
    distance_begins_again,
    distance_by_steps,
    sensor_for_the_first_minutes_only,
    a_car,
    altitude_out_of_bounds,
    absurd_grades,
]
