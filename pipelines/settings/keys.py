"""The sections of config.toml and their keys."""

from pydantic import BaseModel, Field

from pipelines.settings.athlete import Athlete
from pipelines.settings.types import (
    STREAM_TYPES,
    Address,
    Day,
    FromZero,
    Secret,
    Section,
    StreamTypes,
    Text,
    Units,
    WeekStart,
    Zone,
    ZoneRadius,
)


class Strava(Section):
    """`[strava]`: credentials and how much to read."""

    client_id: Text | None = None
    client_secret: Secret = None
    code: Secret = None
    api_url: Address = "https://www.strava.com/api/v3"
    oauth_url: Address = "https://www.strava.com/oauth"
    start_date: Day | None = None
    lookback_days: FromZero = 30
    full_listing_hours: FromZero = 24
    streams: StreamTypes = STREAM_TYPES


class Marts(Section):
    """`[marts]`: how the marts are built."""

    week_start: WeekStart = "monday"


class Import(Section):
    """`[import]`: how archives are read."""

    timezone: Zone | None = None


class Report(Section):
    """`[report]`: how the report shows them."""

    units: Units = "metric"
    privacy_radius_m: ZoneRadius = 400


class Settings(Section):
    """All sections."""

    strava: Strava = Field(default_factory=Strava)
    athlete: Athlete = Field(default_factory=Athlete)
    marts: Marts = Field(default_factory=Marts)
    import_: Import = Field(default_factory=Import, alias="import")
    report: Report = Field(default_factory=Report)

    @property
    def variables(self) -> dict[str, object]:
        """What the models read, by the names of config.toml: dbt's variables.

        What is not configured is left out: dbt_project.yml has the defaults.
        """
        athlete = self.athlete.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"athlete_history": athlete.pop("history"), **athlete, "week_start": self.marts.week_start}


SECTIONS: dict[str, type[BaseModel]] = {
    "strava": Strava,
    "athlete": Athlete,
    "marts": Marts,
    "import": Import,
    "report": Report,
}
# dlt's own names: a key of [strava] belongs to the source "strava".
ENVIRONMENT_PREFIX = {"strava": "SOURCES__STRAVA__"}
