"""The simulated Strava that the tests, the bench and the demo talk to."""

from tests.simulated_strava.athlete import Activity
from tests.simulated_strava.http import Fault
from tests.simulated_strava.kinds import every_kind
from tests.simulated_strava.server import SimulatedStrava, faster
from tests.simulated_strava.streams import streams_of
from tests.simulated_strava.training import demo_history, history, uniform_history

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
