"""The time of the simulated Strava and of the commands that a test starts: the machine's, or ahead of it."""

import time

ahead_s = 0.0


def now() -> float:
    return time.time() + ahead_s


def set_to(instant: float) -> None:
    """From now on it is `instant` (epoch seconds), and time goes on from there."""
    global ahead_s
    ahead_s = instant - time.time()


def reset() -> None:
    global ahead_s
    ahead_s = 0.0
