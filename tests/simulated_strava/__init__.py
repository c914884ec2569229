"""The simulated Strava that the tests, the bench and the demo talk to."""

from tests.simulated_strava.athlete import (
    Activity,
    demo_history,
    every_kind,
    history,
    streams_of,
    uniform_history,
)
from tests.simulated_strava.server import Fault, SimulatedStrava, faster

__all__ = [
    "Activity",
    "Fault",
    "SimulatedStrava",
    "demo_history",
    "every_kind",
    "faster",
    "history",
    "streams_of",
    "uniform_history",
]
