"""The dlt source "strava": `dlt.pipeline(...).run(strava(...))`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.strava.source import strava

__all__ = ["strava"]


def __getattr__(name: str) -> object:
    """Import the source when it is asked for: dlt takes a second, and `make status` needs other modules only."""
    if name != "strava":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipelines.strava.source import strava

    return strava
