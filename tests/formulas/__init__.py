"""The formulas of metrics.md once more, in plain Python: slow, and independent of the SQL.

Inputs are the API's own answers (summaries, and type -> list for streams), the settings as they are written, and
the instant. Nothing here knows a model. `Athlete` has every mart of one history.
"""

from tests.formulas.athlete import Athlete
from tests.formulas.settings import Strava, read_settings

__all__ = ["Athlete", "Strava", "read_settings"]
