"""One HTTP session to Strava: token, quota and retries at the moment of sending."""

import json
import time
from collections.abc import Callable
from typing import Any

import orjson
import requests
import tenacity

from pipelines.errors import MissingScopeError, RefusedError, RunError, TransientError, UserError
from pipelines.strava.oauth import Authorisation, go_straight, inactive_app
from pipelines.strava.quota import Full, Quota

TIMEOUT_S = (10, 20)
ATTEMPTS = 4


class StravaSession(requests.Session):
    """Sends one request: waits for quota, puts the token in, retries what passes.

    Every answer that comes back is 200 with JSON, or 404. `wait(full)` is called while the quota is used up
    and returns when the next request may go out (or raises, to stop). dlt's own retrying session is not used:
    it backs off on 429, and each 429 costs Strava's daily quota. `trouble` says in words what is being tried again.
    """

    def __init__(self, authorisation: Authorisation, quota: Quota, wait: Callable[[Full], None]) -> None:
        super().__init__()
        self.authorisation, self.quota, self.wait = authorisation, quota, wait
        self.api_url = authorisation.app.api_url
        go_straight(self, self.api_url)
        self.request_count = 0
        self.trouble: str | None = None
        self.headers["Accept-Encoding"] = "gzip, deflate"

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", TIMEOUT_S)
        # The token goes to the configured host only.
        kwargs["allow_redirects"] = False
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=tenacity.wait_random_exponential(multiplier=0.3, max=5),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            before_sleep=self._again,
            reraise=True,
        )
        try:
            answer: requests.Response = retrying(self._send_once, request, **kwargs)
        finally:
            self.trouble = None
        return answer

    def _again(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        self.trouble = f"trying again after {error} ({state.attempt_number + 1} of {ATTEMPTS})"

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        rejected: str | None = None  # the access token that Strava has just refused
        while True:
            while full := self.quota.full():
                self.wait(full)
            # Put in here and not by dlt's auth hook: a request may have waited for hours since it was prepared.
            token = self.authorisation.tokens(rejected).access_token
            request.headers["Authorization"] = f"Bearer {token}"
            self.quota.sending()
            self.request_count += 1
            try:
                answer = super().send(request, **kwargs)
            except requests.RequestException as error:
                raise TransientError(f"no answer ({type(error).__name__})") from None
            self.quota.answered(answer.status_code, answer.headers)
            if answer.status_code == 429:
                continue  # the quota is blocked now: wait for the next window
            if answer.status_code == 401:
                self._unauthorised(answer, rejected)
                rejected = token
                continue
            return self._checked(answer)

    def _unauthorised(self, answer: requests.Response, rejected: str | None) -> None:
        """Return when a refreshed token may help; raise otherwise."""
        errors = _errors(answer)
        if any(error.get("code") == "missing" or "permission" in str(error.get("field")) for error in errors):
            raise MissingScopeError(", ".join(str(error.get("field")) for error in errors))
        if rejected is not None:
            raise UserError("Strava refuses the authorisation (HTTP 401): type `make authorize`")

    def _checked(self, answer: requests.Response) -> requests.Response:
        status = answer.status_code
        if status == 200:
            parsed = _parse(answer.content)
            # Parsed once: dlt's REST client asks for it again.
            answer.json = lambda **_: parsed  # type: ignore[method-assign]
            return answer
        if status == 404:
            return answer
        if status == 403:
            if any(error.get("code") == "Inactive" for error in _errors(answer)):
                raise UserError(inactive_app())
            raise RefusedError("HTTP 403 forbidden")
        if status >= 500 or status == 408:
            raise TransientError(f"HTTP {status}")
        if 300 <= status < 400:
            raise RunError(
                f"Strava's API has moved away from {self.api_url} (HTTP {status}): "
                f"put its new address into strava.api_url in {self.authorisation.app.configured_in}"
            )
        raise RefusedError(f"HTTP {status}")


def is_activity_missing(answer: requests.Response) -> bool:
    """Of a 404 on streams: the activity itself is not visible (else it just has no streams)."""
    return any(error.get("resource") == "Activity" for error in _errors(answer))


def _errors(answer: requests.Response) -> list[dict[str, Any]]:
    try:
        body = json.loads(answer.content)
    except ValueError:
        return []
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors or [] if isinstance(error, dict)]


def _parse(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        # Slower, but takes what orjson does not: NaN and lone surrogates.
        return json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise TransientError("an answer that is no JSON") from None


def sleep_until(until: float, stopped: Callable[[], bool]) -> None:
    """Sleep in small steps by the wall clock: a laptop that slept through the window goes on at once."""
    while time.time() < until and not stopped():
        time.sleep(min(0.5, max(until - time.time(), 0.01)))
