"""Reading config.toml and the environment: every mistake is one line that names the key, the file and the line."""

import difflib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipelines.errors import UserError
from pipelines.files import read_private
from pipelines.playground import Playground
from pipelines.settings.athlete import Athlete, Block, Place, contradictions
from pipelines.settings.keys import ENVIRONMENT_PREFIX, SECTIONS, Settings
from pipelines.settings.lines import line_of
from pipelines.settings.types import EnvironmentText

PLACEHOLDER = "…"
# What the dlt source "strava" takes from the environment of a pipeline of one's own, and we do not; what dlt says of
# one of its resources has two more underscores.
OF_DLT = {"ACCESS_TOKEN", "REFRESH_TOKEN", "TOKEN_STORE", "WAIT_FOR_QUOTA", "ALLOW_MASS_DELETION", "QUOTA"}


def load_settings(playground: Playground, *, credentials: bool = False) -> Settings:
    """Read config.toml and the environment.

    Args:
        playground: Where config.toml is; without the file all keys have their defaults.
        credentials: Whether the file, client_id and client_secret must be there.

    Raises:
        UserError: The text names the key and the file or variable, and never shows a secret.
    """
    source = _Source(playground.config, _text(playground.config))
    tables = source.tables()
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        # A key that is spelled wrongly comes first: another complaint may come from its absence.
        problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
        raise source.explained(problems[0]) from None
    for wrong in contradictions(settings.athlete):
        raise UserError(
            f"{source.named(wrong.place)} must be {wrong.words} {source.named(wrong.other)}: correct one of them"
        )
    if credentials:
        _require_credentials(settings, playground)
    return settings


def _text(path: Path) -> str:
    try:
        return read_private(path).decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): mend its permissions") from None


def _refuse_unknown(prefix: str, known: set[str]) -> None:
    """Raise UserError for a variable of ours that is no key: one that is spelled wrongly would change nothing."""
    for variable in sorted(os.environ):
        key = variable.removeprefix(prefix)
        if key == variable or key in known | OF_DLT or "__" in key:
            continue
        near = difflib.get_close_matches(key, known, 1, 0.5) or [
            k for k in sorted(known) if k.startswith(key)
        ]
        meant = f"you may mean {prefix}{near[0]}; " if near else ""
        raise UserError(
            f"unknown variable {variable} in the environment: {meant}unset it or correct it; known are "
            f"{', '.join(prefix + name for name in sorted(known))}"
        )


@dataclass
class _Source:
    """The text of config.toml, and which keys the environment says instead."""

    path: Path
    text: str
    # The variable of each key that has one.
    variables: dict[Place, str] = field(default_factory=dict)

    def tables(self) -> dict[str, object]:
        """Return what the file says, with the environment's values over it."""
        try:
            tables: dict[str, object] = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{self.path} is not valid TOML ({error}): mend that line; texts stand in quotes"
            ) from None
        for section, keys in SECTIONS.items():
            table = tables.setdefault(section, {})
            if not isinstance(table, dict):
                continue  # refused by Settings
            prefix = ENVIRONMENT_PREFIX.get(section, f"{section.upper()}__")
            _refuse_unknown(prefix, {key.upper() for key in keys.model_fields})
            for key in keys.model_fields:
                variable = prefix + key.upper()
                if variable in os.environ:
                    table[key] = EnvironmentText(os.environ[variable])
                    self.variables[section, key] = variable
        return tables

    def explained(self, problem: ErrorDetails) -> UserError:
        """Say in one line what is wrong, where, and what to do."""
        place = problem["loc"]
        section, *keys = place
        if problem["type"] == "extra_forbidden":
            return self._unknown(place)
        if not keys:
            return UserError(f"{self.named(place)} must be a section: write [{section}] on a line of its own")
        if problem["type"] == "missing":
            return UserError(
                f"{self.named(place)} is missing: write the date from which on the block holds, "
                'such as from = "2025-03-01"'
            )
        return UserError(f"{self.named(place)} must be {problem['msg']}: correct it")

    def _unknown(self, place: Place) -> UserError:
        section, *keys = place
        if not keys:
            return UserError(
                f"unknown key {section!r} in {self._where(place)}: delete it; sections are {', '.join(SECTIONS)}"
            )
        model = Block if len(keys) > 1 else SECTIONS[str(section)]
        if model is Block and keys[-1] in Athlete.model_fields:
            return UserError(
                f"{self.named(place)} cannot change on a day: move it to [athlete], where it holds throughout"
            )
        known = ", ".join(key.alias or name for name, key in model.model_fields.items())
        return UserError(f"unknown key {self.named(place)}: delete it or correct it; known are {known}")

    def named(self, place: Place) -> str:
        """Return the key at a place with where it is said: `athlete.ftp_w in Playground/config.toml (line 7)`."""
        # A key in quotes may hold anything, a line break too.
        names = [part if part.isprintable() else repr(part) for part in place if isinstance(part, str)]
        return f"{'.'.join(names)} in {self._where(place)}"

    def _where(self, place: Place) -> str:
        variable = self.variables.get(place[:2])
        if variable:
            return f"the environment ({variable})"
        line = line_of(self.text, place)
        return f"{self.path} (line {line})" if line else str(self.path)


def is_placeholder(value: str | None) -> bool:
    """Tell whether the template left this value open."""
    return value is not None and (PLACEHOLDER in value or value.strip(".") == "")


def has_credentials(settings: Settings) -> bool:
    """Tell whether client_id and client_secret are there."""
    pair = (settings.strava.client_id, settings.strava.client_secret)
    return all(value is not None and not is_placeholder(value) for value in pair)


def _require_credentials(settings: Settings, playground: Playground) -> None:
    credentials = {"client_id": settings.strava.client_id, "client_secret": settings.strava.client_secret}
    missing_file = not playground.config.exists()
    for key, value in credentials.items():
        if value is None and missing_file:
            raise UserError(
                f"{playground.config} is missing: type `{playground.begin()}` "
                "and fill in client_id and client_secret from strava.com/settings/api; of the archive that Strava sends "
                "you `make import ARCHIVE=…` needs none of that"
            )
        if value is None:
            raise UserError(
                f"strava.{key} is missing in {playground.config}: copy it from strava.com/settings/api into [strava]"
            )
        if is_placeholder(value):
            raise UserError(
                f"strava.{key} in {playground.config} is still the placeholder {PLACEHOLDER}: "
                "copy the value from strava.com/settings/api"
            )
