"""Strava's consent page and its tokens."""

import html
import secrets
import urllib.parse
from typing import TYPE_CHECKING, Any

from tests.simulated_strava.answers import Answer, fault_body
from tests.simulated_strava.routes import athlete

if TYPE_CHECKING:
    from tests.simulated_strava.server import SimulatedStrava


def answer(strava: "SimulatedStrava", method: str, path: str, params: dict[str, str]) -> Answer:
    """Of `/oauth/…`."""
    if path == "authorize":
        return _consent(strava, params)
    if path == "token" and method == "POST":
        return (*_token(strava, params), {})
    return 404, fault_body("Resource Not Found"), {}


def _consent(strava: "SimulatedStrava", params: dict[str, str]) -> Answer:
    if params.get("client_id") != strava.client_id:
        return 400, fault_body("Bad Request", ("Application", "client_id", "invalid")), {}
    target = params.get("redirect_uri", "")
    if urllib.parse.urlsplit(target).hostname not in ("localhost", "127.0.0.1"):
        return 400, fault_body("Bad Request", ("Application", "redirect_uri", "invalid")), {}
    decided = params.get("decision")
    if decided:
        query = {"state": params.get("state", "")}
        if decided == "cancel":
            query["error"] = "access_denied"
        else:
            ticked = [s for s in params.get("scope", "").split(",") if params.get(f"tick-{s}") == "on"]
            query |= {"code": strava.issue_code(",".join(ticked)), "scope": ",".join(ticked)}
        return 302, b"", {"Location": f"{target}?{urllib.parse.urlencode(query)}"}
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">' for k, v in params.items()
    )
    boxes = "".join(
        f'<p><label><input type="checkbox" id="tick-{s}" name="tick-{s}" checked> {s}</label></p>'
        for s in params.get("scope", "").split(",")
    )
    page = (
        "<!DOCTYPE html><html lang=en><title>Authorize</title><h1>Authorize the app</h1>"
        f'<form action="/oauth/authorize" method="get">{hidden}{boxes}'
        '<button id="authorize" name="decision" value="authorize">Authorize</button> '
        '<button id="cancel" name="decision" value="cancel">Cancel</button></form></html>'
    )
    return 200, page.encode(), {"Content-Type": "text/html; charset=utf-8"}


def _token(strava: "SimulatedStrava", params: dict[str, str]) -> tuple[int, Any]:
    if "client_id" not in params or params["client_id"] != strava.client_id:
        code = "missing" if "client_id" not in params else "invalid"
        return 400, fault_body("Bad Request", ("Application", "client_id", code))
    if params.get("client_secret") != strava.client_secret:
        return 401, fault_body("Authorization Error", ("Application", "", "invalid"))
    with strava.lock:
        if params.get("grant_type") == "authorization_code":
            scopes = strava.codes.pop(params.get("code", ""), None)
            if scopes is None:
                return 400, fault_body("Bad Request", ("AuthorizationCode", "code", "invalid"))
            return 200, {**_issue(strava, scopes, None), "athlete": athlete(False)}
        old = params.get("refresh_token", "")
        scopes = strava.refresh_tokens.get(old)
        if scopes is None:
            return 400, fault_body("Bad Request", ("RefreshToken", "refresh_token", "invalid"))
        return 200, _issue(strava, scopes, old)


def _issue(strava: "SimulatedStrava", scopes: str, old: str | None) -> dict[str, Any]:
    """New tokens; in its first hours the old access token comes back instead."""
    now = strava.now()
    refresh = old
    if old is None or strava.rotation != "same":
        refresh = secrets.token_hex(20)
        strava.refresh_tokens[refresh] = scopes
        if old and strava.rotation == "rotate_and_kill":
            del strava.refresh_tokens[old]
    valid = [t for t, (until, s) in strava.access_tokens.items() if until - now > 3600 and s == scopes]
    if old and valid:
        token, expires_at = valid[-1], strava.access_tokens[valid[-1]][0]
    else:
        token, expires_at = secrets.token_hex(20), now + strava.token_lifetime_s
        strava.access_tokens[token] = (expires_at, scopes)
    return {
        "token_type": "Bearer",
        "access_token": token,
        "expires_at": int(expires_at),
        "expires_in": int(expires_at - now),
        "refresh_token": refresh,
    }
