"""The dlt source "strava": `dlt.pipeline(...).run(strava(...))`."""

from pipelines.strava.source import strava

__all__ = ["strava"]
