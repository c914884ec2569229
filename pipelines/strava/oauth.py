"""Strava's OAuth tokens: exchanged, stored, refreshed. Nothing here prints a secret.

`tokens.json` is written whole and before a new token is used: Strava may rotate the refresh token and kills
the old one at once.
"""

import contextlib
import hashlib
import json
import os
import re
import time
import urllib.parse
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines import locks
from pipelines.errors import CodeRefusedError, RunError, TransientError, UserError, one_line
from pipelines.settings import Playground, Settings, is_placeholder

SCOPES_WANTED = ("read", "activity:read_all", "profile:read_all")
# Strava hands out a new access token only in the last hour of the old one; the rest of a run fits in between.
REFRESH_BEFORE_S = 300
TIMEOUT_S = (10, 30)
REFRESH_WAIT_S = 5


@dataclass(frozen=True)
class Tokens:
    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    # What the user ticked; Strava names it in the redirect only, so a code pasted alone leaves it unknown.
    scope: str | None = None
    # Of config.toml's code at that time, which these tokens made useless; of the exchanged one if there was none.
    code_sha256: str | None = field(default=None, repr=False)


def redact(text: str, playground: Playground) -> str:
    """The text without any secret of this Playground and without anything that looks like a token."""
    secrets = [os.environ.get("SOURCES__STRAVA__CLIENT_SECRET"), os.environ.get("SOURCES__STRAVA__CODE")]
    with contextlib.suppress(Exception):
        import tomllib

        strava = tomllib.loads(playground.config.read_text(encoding="utf-8"))["strava"]
        secrets += [strava.get("client_secret"), strava.get("code")]
    with contextlib.suppress(Exception):
        stored = json.loads(playground.tokens.read_text())
        secrets += [stored.get("access_token"), stored.get("refresh_token")]
    for secret in secrets:
        if isinstance(secret, str) and len(secret) > 3:
            text = text.replace(secret, "***")
    return re.sub(r"\b[0-9a-fA-F]{32,}\b", "***", text)


def read_tokens(playground: Playground) -> Tokens | None:
    """The stored tokens, or null. Raises UserError when the file is damaged."""
    try:
        stored = json.loads(playground.tokens.read_text(encoding="utf-8"))
        names = Tokens.__dataclass_fields__
        tokens = Tokens(**{name: value for name, value in stored.items() if name in names})
        texts = (tokens.client_id, tokens.access_token, tokens.refresh_token)
        are_texts = all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts)
        is_scope = tokens.scope is None or isinstance(tokens.scope, str)
        if not (are_texts and is_scope and isinstance(tokens.expires_at, int | float)):
            raise TypeError
        return tokens
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(
            f"{playground.tokens} cannot be read ({error.strerror}): mend its permissions"
        ) from None
    except (ValueError, TypeError, AttributeError):
        raise UserError(f"{playground.tokens} is damaged: delete it and type `make authorize`") from None


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically and durably, readable by the user alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def write_tokens(playground: Playground, tokens: Tokens) -> None:
    write_private(playground.tokens, json.dumps(asdict(tokens), indent=1) + "\n")


def token_lock(
    playground: Playground, goes_on: Callable[[], None] = lambda: None
) -> AbstractContextManager[int]:
    """Held around read-refresh-write, so that two processes never use one refresh token twice."""
    return locks.turn(playground.root / ".tokens.lock", goes_on)


def let_refresh_end(playground: Playground) -> None:
    """Wait for a refresh that another thread has begun: ended in its midst, Strava's new tokens would be lost."""
    until = time.monotonic() + REFRESH_WAIT_S

    def goes_on() -> None:
        if time.monotonic() > until:
            raise TimeoutError

    with contextlib.suppress(TimeoutError), token_lock(playground, goes_on):
        pass


def split_code(pasted: str) -> tuple[str, str | None]:
    """`(code, scope)` out of a bare code or the whole address that the browser shows after authorising."""
    pasted = pasted.strip()
    if "code=" not in pasted:
        return pasted, None
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(pasted).query or pasted.lstrip("?"))
    return query.get("code", [""])[0], query.get("scope", [None])[0]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def exchange_code(settings: Settings, playground: Playground, code: str, scope: str | None) -> Tokens:
    """Turn an authorisation code into stored tokens; a code works once."""
    answer = _token_request(settings, playground, {"grant_type": "authorization_code", "code": code})
    configured, _ = split_code(settings.strava.code or "")
    superseded = code if not configured or is_placeholder(configured) else configured
    tokens = _tokens(settings, answer, scope, sha256(superseded))
    write_tokens(playground, tokens)
    return tokens


def access_token(settings: Settings, playground: Playground, rejected: str | None = None) -> Tokens:
    """Tokens that are good now, refreshed or exchanged where that is needed.

    `rejected` is an access token that Strava just refused with 401: it is refreshed whatever its expiry says,
    unless another process has done so already. Raises UserError when the user has to authorise.
    """
    stored = read_tokens(playground)
    if stored and rejected is None and _is_current(stored, settings):
        return stored
    with token_lock(playground):
        stored = read_tokens(playground)
        code, scope = split_code(settings.strava.code or "")
        usable = None if not code or is_placeholder(code) else code
        fresh_code = usable is not None and (stored is None or stored.code_sha256 != sha256(usable))
        if stored is None or stored.client_id != settings.strava.client_id:
            if usable is None:
                raise UserError(_no_code(settings, playground))
            return exchange_code(settings, playground, usable, scope)
        if stored.access_token != rejected and _is_current(stored, settings):
            return stored
        try:
            answer = _token_request(
                settings, playground, {"grant_type": "refresh_token", "refresh_token": stored.refresh_token}
            )
        except UserError:
            # The stored authorisation is dead; a code that was never used is the user's answer to that.
            if usable is None or not fresh_code:
                raise
            return exchange_code(settings, playground, usable, scope)
        tokens = _tokens(settings, answer, stored.scope, stored.code_sha256)
        write_tokens(playground, tokens)
        return tokens


def _is_current(tokens: Tokens, settings: Settings) -> bool:
    return (
        tokens.client_id == settings.strava.client_id and tokens.expires_at - time.time() > REFRESH_BEFORE_S
    )


def _no_code(settings: Settings, playground: Playground) -> str:
    state = "still the placeholder …" if is_placeholder(settings.strava.code) else "missing"
    return (
        f"strava.code in {playground.config} is {state} and no authorisation is stored: type `make authorize` "
        "(or paste the code from the browser's address bar into config.toml)"
    )


def _tokens(settings: Settings, answer: dict[str, Any], scope: str | None, code_sha256: str | None) -> Tokens:
    try:
        return Tokens(
            client_id=str(settings.strava.client_id),
            access_token=str(answer["access_token"]),
            refresh_token=str(answer["refresh_token"]),
            expires_at=float(answer["expires_at"]),
            scope=scope,
            code_sha256=code_sha256,
        )
    except (KeyError, TypeError, ValueError):
        raise RunError(
            f"{settings.strava.oauth_url}/token gave an answer without tokens: try again in a few minutes"
        ) from None


def _token_request(settings: Settings, playground: Playground, form: dict[str, str]) -> dict[str, Any]:
    import requests
    import tenacity

    url = f"{settings.strava.oauth_url}/token"
    form = {
        "client_id": settings.strava.client_id or "",
        "client_secret": settings.strava.client_secret or "",
        **form,
    }

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type((requests.RequestException, TransientError)),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=8),
        stop=tenacity.stop_after_attempt(5),
        reraise=True,
    )
    def post() -> dict[str, Any]:
        answer = requests.post(url, data=form, timeout=TIMEOUT_S, allow_redirects=False)
        if answer.status_code == 429:  # asked again it would stay so
            raise RunError(
                "Strava's token service takes no more requests for now (HTTP 429): try again in an hour"
            )
        if answer.status_code >= 500:
            raise TransientError(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise _refusal(answer.status_code, _json(answer), settings, playground)
        return _json(answer)

    try:
        return post()
    except (requests.RequestException, TransientError) as error:
        # The text of a requests error may hold the whole request: only its kind is told.
        cause = one_line(error) if isinstance(error, TransientError) else type(error).__name__
        raise RunError(
            f"Strava's token service at {settings.strava.oauth_url} did not answer ({cause}): "
            "check the connection and try again"
        ) from None


def _json(answer: Any) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        if answer.status_code == 200:
            raise TransientError("an answer that is no JSON")
        return {}
    return body


def _refusal(status: int, body: dict[str, Any], settings: Settings, playground: Playground) -> UserError:
    config = playground.config
    found = {(e.get("resource"), e.get("field")) for e in body.get("errors") or [] if isinstance(e, dict)}
    if any(name == "code" for _, name in found):
        return CodeRefusedError(
            f"Strava refuses strava.code in {config}: it works once and only for some minutes, and no value of "
            "the settings page is a code; type `make authorize` for a new authorisation"
        )
    if any(name == "refresh_token" for _, name in found):
        return UserError(
            "the stored authorisation is no longer valid (revoked, or its refresh token was replaced): "
            "type `make authorize`"
        )
    if any(name == "client_id" for _, name in found):
        return UserError(
            f"Strava does not know this client_id: compare strava.client_id in {config} with strava.com/settings/api"
        )
    if status == 401:
        return UserError(
            "Strava refuses the client secret: compare strava.client_id and strava.client_secret in "
            f"{config} with strava.com/settings/api"
        )
    if status == 403:
        return UserError(inactive_app())
    return UserError(f"Strava refused the authorisation (HTTP {status}): type `make authorize`")


def inactive_app() -> str:
    return (
        "Strava says that your API app is inactive or full: since June 2026 its owner needs a Strava "
        "subscription; look at strava.com/settings/api, then run the command again"
    )
