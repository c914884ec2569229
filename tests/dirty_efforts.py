"""Hills, sessions and long days, as samples: near the bounds by which they count."""

import random
from typing import Any

Streams = dict[str, list[Any]]

# Gain and dip of hills in m, gradient in per cent.
HILLS = {"foot": ((24, 95), (7, 26), (2.6, 12)), "ride": ((42, 230), (8, 60), (2.6, 11))}


def hills(rng: random.Random, group: str, gains_m: list[float] | None = None) -> Streams:
    """Up and down by 5 s a sample, with dips on the way up, stops, plateaus and holes."""
    (least, most), dips, gradients = HILLS[group]
    speed = 2.7 if group == "foot" else 5.0
    streams: Streams = {"time": [0], "distance": [0.0], "altitude": [412.37], "heartrate": [128]}

    def go(rise_m: float, metres: float) -> None:
        steps = max(round(metres / speed / 5), 1)
        for _ in range(steps):
            step(metres / steps, rise_m / steps)

    def step(metres: float, rise_m: float, seconds: int = 5) -> None:
        streams["time"].append(streams["time"][-1] + seconds)
        streams["distance"].append(streams["distance"][-1] + metres)
        streams["altitude"].append(streams["altitude"][-1] + rise_m)
        streams["heartrate"].append(rng.randint(120, 170))

    def stop() -> None:
        if rng.random() < 0.5:
            for _ in range(rng.randint(1, 6)):
                step(0.0, rng.choice([0.0, 0.3, -0.3]), rng.choice([5, 5, 40]))

    for gain in gains_m or [rng.uniform(least, most) for _ in range(rng.randint(2, 5))]:
        go(0, rng.uniform(60, 260))
        stop()
        first = rng.uniform(0.3, 0.8) * gain
        go(first, first / rng.uniform(*gradients) * 100)
        if not gains_m and rng.random() < 0.7:
            dip = rng.choice([rng.uniform(*dips), rng.uniform(9, 13), first * rng.uniform(0.15, 0.28)])
            go(-dip, dip / rng.uniform(4, 12) * 100)
            first -= dip
        go(gain - first, (gain - first) / rng.uniform(*gradients) * 100)
        stop()
        go(0, rng.choice([0, 0, 130]))
        go(-gain * rng.uniform(0.2, 1), gain / rng.uniform(5, 14) * 100)
    noise = rng.choice([0.0, 0.2, 1.0])
    holes = rng.choice([0, 0.05, 0.3])
    streams["distance"] = [round(metres, 1) for metres in streams["distance"]]
    streams["altitude"] = [
        None if rng.random() < holes else round(height + rng.uniform(-noise, noise), 1)
        for height in streams["altitude"]
    ]
    if group == "ride":
        streams["watts"] = [rng.randint(150, 320) for _ in streams["time"]]
    return streams


def saw_tooth(seconds: int) -> Streams:
    """A barometer's noise of 1 m to both sides on the flat."""
    count = seconds // 5 + 1
    return {
        "time": [5 * i for i in range(count)],
        "distance": [15.0 * i for i in range(count)],
        "altitude": [300.0 + (1 if i % 2 else -1) for i in range(count)],
    }


def session(rng: random.Random, group: str, spacing: int = 1) -> Streams:
    """Work and rest in turn, some of it for about 20 s, with a pause and missing values."""
    slow, fast = {"foot": (2.6, 4.6), "ride": (6.0, 10.5), "swim": (0.8, 1.3)}[group]
    streams: Streams = {
        name: []
        for name in ("time", "distance", "velocity_smooth", "watts", "heartrate", "altitude", "moving")
    }
    clock, metres = 0, 0.0
    short = [rng.choice([12, 16, 18, 20, 20, 22, 24, 45, 90]) for _ in range(rng.randint(4, 9))]
    for number, seconds in enumerate([*short, *[60] * 7]):  # three pieces of work in any case
        is_work = number % 2 == 1
        odd = rng.random()
        for second in range(0, seconds, spacing):
            speed = (fast if is_work else slow) * rng.uniform(0.95, 1.05)
            gap = rng.choice([12, 35]) if odd < 0.15 and second == 3 * spacing else 0
            stands = not gap and odd > 0.9 and second < 2 * spacing
            clock += spacing + gap
            metres += 0 if stands else speed * spacing
            streams["time"].append(clock)
            streams["distance"].append(round(metres, 1))
            streams["velocity_smooth"].append(round(speed, 1) if rng.random() > 0.02 else None)
            watts = round((290 if is_work else 140) * rng.uniform(0.9, 1.1))
            streams["watts"].append(watts if rng.random() > 0.02 else None)
            streams["heartrate"].append(rng.randint(110, 175) if rng.random() > 0.1 else None)
            streams["altitude"].append(99.5)
            streams["moving"].append(not stands)
    return streams


def long_day(rng: random.Random, group: str, seconds: int) -> Streams:
    """By 10 s a sample, tired at the end, with a few pauses."""
    speed = {"foot": 1.9, "ride": 8.2}[group]
    streams: Streams = {"time": [], "distance": [], "watts": [], "grade_smooth": [], "heartrate": []}
    clock, metres = 0, 0.0
    while clock <= seconds:
        share = (1 - 0.2 * clock / seconds) * rng.uniform(0.85, 1.15)
        streams["time"].append(clock)
        streams["distance"].append(round(metres, 1))
        streams["watts"].append(round(330 * share))
        streams["grade_smooth"].append(round(rng.gauss(0, 2), 1))
        streams["heartrate"].append(rng.randint(120, 160))
        # No pause within the first twenty minutes and the last.
        can_pause = 1300 < clock < seconds - 2800
        clock += 70 if can_pause and rng.random() < 0.004 else 10
        metres += 10 * speed * share
    return streams
