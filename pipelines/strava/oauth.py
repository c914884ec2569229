"""Strava's OAuth tokens: exchanged, kept, refreshed. Nothing here prints a secret.

https://developers.strava.com/docs/authentication/ : tokens are stored whole and before a new one is used, for
Strava may rotate the refresh token and kills the old one at once.
"""

import hashlib
import math
import re
import time
import urllib.parse
from dataclasses import dataclass, field, replace
from typing import Any

import requests
import tenacity

from pipelines import addresses
from pipelines.errors import CodeRefusedError, RefusedError, RunError, TransientError, UserError, one_line
from pipelines.strava.bounds import BoundedAdapter
from pipelines.strava.tokens import Tokens, TokenStore, as_stored, lock_of

SCOPES_WANTED = ("read", "activity:read_all", "profile:read_all")
API_URL = "https://www.strava.com/api/v3"
OAUTH_URL = "https://www.strava.com/oauth"
# Strava hands out a new access token only in the last hour of the old one; the rest of a run fits in between.
REFRESH_BEFORE_S = 300
TIMEOUT_S = (10, 30)
ATTEMPTS = 5
# What can stand in a header; Strava's tokens are 40 characters, and it promises no form.
PLAIN_TOKEN = re.compile(r"[!-~]{1,1024}")


@dataclass(frozen=True)
class App:
    """The user's API app, and what its settings are called in messages to him."""

    client_id: str
    client_secret: str = field(repr=False)
    oauth_url: str = OAUTH_URL
    api_url: str = API_URL
    # An authorisation code, which can be exchanged once, or the address that holds it.
    code: str | None = field(default=None, repr=False)
    configured_in: str = "dlt's configuration (sources.strava)"

    def __post_init__(self) -> None:
        """Refuse addresses at which others could read the secrets. Raises UserError."""
        for key, address in (("oauth_url", self.oauth_url), ("api_url", self.api_url)):
            if not addresses.is_safe(address):
                raise UserError(
                    f"strava.{key} in {self.configured_in} must be {addresses.REQUIRED}: correct it"
                )

    @property
    def issued_for(self) -> tuple[str, str, str]:
        """What its tokens are good for: the app and the two addresses."""
        return self.client_id, self.api_url, self.oauth_url


class Authorisation:
    """One athlete's authorisation of an app: hands out an access token that is good now."""

    def __init__(self, app: App, store: TokenStore) -> None:
        self.app, self.store = app, store

    def tokens(self, rejected: str | None = None) -> Tokens:
        """Return tokens that are good now, refreshed or exchanged where that is needed.

        `rejected` is an access token that Strava just refused with 401: it is refreshed whatever its expiry
        says, unless another process has done so already.

        Raises:
            UserError: the user has to authorise.
            RunError: the token service does not answer.
        """
        stored = self._load()
        if stored and rejected is None and self._is_current(stored):
            return stored
        with lock_of(self.store):
            stored = self._load()
            if stored is None:
                return self._first()
            stored = self._bound(stored)
            if stored.access_token != rejected and self._is_current(stored):
                return stored
            return self._refreshed(stored)

    def exchange_code(self, code: str, scope: str | None) -> Tokens:
        """Turn an authorisation code into stored tokens; a code works once. The caller holds the store's lock.

        Raises:
            CodeRefusedError: Strava does not accept the code.
        """
        answer = self._request({"grant_type": "authorization_code", "code": code})
        configured, _ = split_code(self.app.code or "")
        tokens = self._tokens(answer, scope, sha256(configured or code))
        self.store.save(as_stored(tokens))
        return tokens

    def _load(self) -> Tokens | None:
        stored = self.store.load()
        try:
            return Tokens.read(stored) if stored else None
        except TypeError:
            raise UserError("the stored tokens are damaged: authorise again") from None

    def _bound(self, stored: Tokens) -> Tokens:
        """Return the tokens, which belong to this app; those of before that was noted are taken as such.

        Raises:
            UserError: They were issued for another app or address.
        """
        pairs = zip(
            ("client_id", "api_url", "oauth_url"), stored.issued_for, self.app.issued_for, strict=True
        )
        for key, issued, configured in pairs:
            if issued is not None and issued != configured:
                raise UserError(
                    f"the stored authorisation is for another strava.{key} ({issued}) than {self.app.configured_in} "
                    f"names ({configured}), and is not sent there: put that back, or type `make authorize`"
                )
        if stored.issued_for == self.app.issued_for:
            return stored
        client_id, api_url, oauth_url = self.app.issued_for
        bound = replace(stored, client_id=client_id, api_url=api_url, oauth_url=oauth_url)
        self.store.save(as_stored(bound))
        return bound

    def _is_current(self, tokens: Tokens) -> bool:
        if tokens.issued_for != self.app.issued_for or not tokens.access_token:
            return False
        if tokens.refresh_token is None:
            return True  # nothing can be done about its expiry
        return tokens.expires_at - time.time() > REFRESH_BEFORE_S

    def _first(self) -> Tokens:
        code, scope = split_code(self.app.code or "")
        if not code:
            raise UserError(
                f"no authorisation is stored, and strava.code in {self.app.configured_in} is not filled in: type "
                "`make authorize` (or paste the code from the browser's address bar into config.toml)"
            )
        return self.exchange_code(code, scope)

    def _refreshed(self, stored: Tokens) -> Tokens:
        if stored.refresh_token is None:
            raise UserError(
                "Strava refuses the access token (HTTP 401), and there is no refresh token: authorise again"
            )
        try:
            answer = self._request({"grant_type": "refresh_token", "refresh_token": stored.refresh_token})
        except UserError:
            # The stored authorisation is dead; a code that was never used is the user's answer to that.
            code, scope = split_code(self.app.code or "")
            if not code or stored.code_sha256 == sha256(code):
                raise
            return self.exchange_code(code, scope)
        tokens = self._tokens(answer, stored.scope, stored.code_sha256)
        self.store.save(as_stored(tokens))
        return tokens

    def _tokens(self, answer: dict[str, Any], scope: str | None, code_sha256: str | None) -> Tokens:
        """Take the tokens out of an answer: one that could not be sent later must not replace good ones."""
        try:
            expires_at = float(answer["expires_at"])
            if not math.isfinite(expires_at):
                raise ValueError
            return Tokens(
                client_id=self.app.client_id,
                api_url=self.app.api_url,
                oauth_url=self.app.oauth_url,
                access_token=_plain(answer["access_token"]),
                refresh_token=_plain(answer["refresh_token"]),
                expires_at=expires_at,
                scope=scope,
                code_sha256=code_sha256,
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunError(
                f"{self.app.oauth_url}/token gave an answer without tokens that could be used, and nothing was "
                "stored: try again in a few minutes"
            ) from None

    def _request(self, form: dict[str, str]) -> dict[str, Any]:
        credentials = {"client_id": self.app.client_id, "client_secret": self.app.client_secret}
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((requests.RequestException, TransientError)),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=8),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        try:
            return retrying(self._post, {**credentials, **form})
        except (requests.RequestException, TransientError, RefusedError) as error:
            # The text of a requests error may hold the whole request: only its kind is told.
            is_ours = isinstance(error, TransientError | RefusedError)
            cause = one_line(error) if is_ours else type(error).__name__
            raise RunError(
                f"Strava's token service at {self.app.oauth_url} did not answer ({cause}): "
                "check the connection and try again"
            ) from None

    def _post(self, form: dict[str, str]) -> dict[str, Any]:
        with requests.Session() as session:
            go_straight(session, self.app.oauth_url)
            answer = session.post(
                f"{self.app.oauth_url}/token", data=form, timeout=TIMEOUT_S, allow_redirects=False
            )
        if answer.status_code == 429:  # asked again it would stay so
            raise RunError(
                "Strava's token service takes no more requests for now (HTTP 429): try again in an hour"
            )
        if answer.status_code >= 500:
            raise TransientError(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise _refusal(answer.status_code, _json(answer), self.app.configured_in)
        return _json(answer)


def go_straight(session: requests.Session, address: str) -> None:
    """Let a session send nothing of ~/.netrc, nothing for this machine by way of a proxy, and bound its answers.

    HTTPS_PROXY and the certificates that the environment names hold for all other addresses.
    """
    session.trust_env = not address.startswith("http:")
    # Without an `auth` requests looks into ~/.netrc.
    session.auth = lambda request: request
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())


def split_code(pasted: str) -> tuple[str, str | None]:
    """Return `(code, scope)` out of a bare code or the whole address that the browser shows after authorising."""
    pasted = pasted.strip()
    if "code=" not in pasted:
        return pasted, None
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(pasted).query or pasted.lstrip("?"))
    return query.get("code", [""])[0], query.get("scope", [None])[0]


def sha256(text: str) -> str:
    """Return the hexadecimal digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(token: object) -> str:
    if not isinstance(token, str) or not PLAIN_TOKEN.fullmatch(token):
        raise ValueError
    return token


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        if answer.status_code == 200:
            raise TransientError("an answer that is no JSON")
        return {}
    return body


def _refusal(status: int, body: dict[str, Any], config: str) -> UserError:
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
    """Say what is to be done about an API app that Strava no longer serves."""
    return (
        "Strava says that your API app is inactive or full: since June 2026 its owner needs a Strava "
        "subscription; look at strava.com/settings/api, then run the command again"
    )
