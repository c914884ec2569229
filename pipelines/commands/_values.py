"""The values that the source "strava" is given, out of the settings and the Playground."""

from pipelines.playground import Playground
from pipelines.settings import Settings, is_placeholder
from pipelines.strava.oauth import App, Authorisation
from pipelines.strava.tokens import TokenFile


def authorisation_of(settings: Settings, playground: Playground) -> Authorisation:
    """Return the authorisation that is kept in the Playground. The settings hold the credentials."""
    strava = settings.strava
    app = App(
        client_id=strava.client_id or "",
        client_secret=strava.client_secret or "",
        oauth_url=strava.oauth_url,
        api_url=strava.api_url,
        code=None if is_placeholder(strava.code) else strava.code,
        configured_in=str(playground.config),
    )
    return Authorisation(app, TokenFile(playground.tokens))
