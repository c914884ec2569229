"""config.toml with the environment on top: each key is one line in `keys` or `athlete`, with its type and default."""

from pipelines.settings.keys import ENVIRONMENT_PREFIX, SECTIONS, Settings
from pipelines.settings.read import has_credentials, is_placeholder, load_settings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "SECTIONS",
    "Settings",
    "has_credentials",
    "is_placeholder",
    "load_settings",
]
