"""OAuth tokens and where they are kept."""

import contextlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipelines import locks
from pipelines.errors import UserError
from pipelines.files import read_private, write_private


@dataclass(frozen=True)
class Tokens:
    """What Strava's token endpoint hands out, and for whom."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float = 0.0  # epoch seconds; 0 for unknown
    # Of what they were issued for, which they are not to be sent anywhere else than.
    client_id: str | None = None
    api_url: str | None = None
    oauth_url: str | None = None
    # What the user ticked; Strava names it in the redirect only, so a code pasted alone leaves it unknown.
    scope: str | None = None
    # Of config.toml's code at that time, which these tokens made useless; of the exchanged one if there was none.
    code_sha256: str | None = field(default=None, repr=False)

    @property
    def issued_for(self) -> tuple[str | None, str | None, str | None]:
        """The app and the two addresses; `None` is what was not noted."""
        return self.client_id, self.api_url, self.oauth_url

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Tokens":
        """Take tokens out of what a store holds; names that are not known here are left out.

        Raises:
            TypeError: a value is missing or of another type.
        """
        tokens = cls(**{name: value for name, value in stored.items() if name in cls.__dataclass_fields__})
        texts = [tokens.access_token]
        texts += [text for text in (tokens.refresh_token, *tokens.issued_for) if text is not None]
        are_texts = all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts)
        is_scope = tokens.scope is None or isinstance(tokens.scope, str)
        if not (are_texts and is_scope and isinstance(tokens.expires_at, int | float)):
            raise TypeError("no valid tokens")
        return tokens


class TokenStore(Protocol):
    """Keeps tokens from one run to the next: Strava replaces them, and kills the old ones at once."""

    def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last; `None` when there is nothing."""

    def save(self, tokens: Mapping[str, Any]) -> None:
        """Keep tokens durably (access_token, refresh_token, expires_at, ...), before they are used."""


class MemoryTokens:
    """A store for one process: what Strava hands out anew is gone with it."""

    def __init__(self, tokens: Mapping[str, Any] | None = None) -> None:
        self._tokens = tokens

    def load(self) -> Mapping[str, Any] | None:
        """Return the tokens of this process."""
        return self._tokens

    def save(self, tokens: Mapping[str, Any]) -> None:
        """Keep them until the process ends."""
        self._tokens = tokens


class TokenFile:
    """A store in a file, replaced whole and readable by the user alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Mapping[str, Any] | None:
        """Return the file's content.

        Raises:
            UserError: the file is damaged or cannot be read.
        """
        try:
            stored: dict[str, Any] = json.loads(read_private(self.path))
            # Stores of other kinds may know less; this one has always kept these.
            if not {"client_id", "refresh_token", "expires_at"} <= stored.keys():
                raise TypeError
            Tokens.read(stored)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"{self.path} cannot be read ({error.strerror}): mend its permissions") from None
        except (ValueError, TypeError, AttributeError):
            raise UserError(f"{self.path} is damaged: delete it and type `make authorize`") from None
        return stored

    def save(self, tokens: Mapping[str, Any]) -> None:
        """Replace the file."""
        write_private(self.path, json.dumps(dict(tokens), indent=1) + "\n")

    def lock(self, check_stop: locks.CheckStop = locks.never_stop) -> AbstractContextManager[int]:
        """Held around load, refresh and save, so that two processes never use one refresh token twice."""
        return locks.file_turn(self.path.with_name(".tokens.lock"), check_stop)


def lock_of(store: TokenStore) -> AbstractContextManager[Any]:
    """Return the lock of a store that has one."""
    lock = getattr(store, "lock", None)
    return lock() if lock else contextlib.nullcontext()


def as_stored(tokens: Tokens) -> dict[str, Any]:
    """Return the tokens as a store keeps them."""
    return asdict(tokens)
