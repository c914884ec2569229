"""`make authorize`: the consent page, the redirect back to this machine, the tokens.

The answer comes from the browser (a request to a port of this machine) or from the terminal (the address bar's
URL or the bare code, pasted), whichever is first. A wrong one gets a line and another chance.
"""

import os
import queue
import re
import secrets
import sys
import threading
import time
import urllib.parse
import webbrowser

from pipelines.commands._authorize_page import Page
from pipelines.commands._redirect import (
    CALLBACK_PATH,
    CODE,
    LOOPBACK,
    OTHER_STATE,
    Answer,
    Events,
    Paste,
    is_same,
    listen,
    read_paste,
    read_pastes,
    say,
)
from pipelines.commands._values import authorisation_of
from pipelines.errors import AnswerRejectedError, CodeRefusedError, RunError, UserError, one_line
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.strava.oauth import SCOPES_WANTED
from pipelines.strava.plan import scopes as scopes_in
from pipelines.strava.tokens import TokenFile

CHANCES = 3
# What is lost without a scope that the person may untick on Strava's page.
LOST_WITHOUT = {
    "activity:read_all": "private activities (Only You) and the parts within privacy zones will be missing",
    "profile:read_all": "heart rate and power zones, weight and gear will be missing",
}


def main(playground: Playground, *, port: int | None, timeout_s: float) -> None:
    """Ask for the authorisation and store its tokens.

    Args:
        playground: Where the tokens go.
        port: Of this machine, for the way back; `None` for any free one.
        timeout_s: How long to wait for an answer.

    Raises:
        UserError: No valid answer came.
    """
    settings = load_settings(playground, credentials=True)
    playground.prepare()
    state = secrets.token_urlsafe(24)
    events: Events = queue.Queue()
    with listen(events, port, state) as bound, read_pastes(events):
        url = authorize_url(settings, bound, state)
        say("Open this address, log in to Strava, leave all boxes ticked and click Authorize:", "", url, "")
        if _open_browser(url):
            say("(Your browser should show it now.)")
        say(
            "The browser then comes back to this machine by itself. If it cannot (it runs on another machine, or shows "
            "an error),",
            "paste the address that it ends on, or the code= in it, here and press Enter:",
        )
        _wait(settings, playground, events, url, state, timeout_s)


def authorize_url(settings: Settings, port: int, state: str) -> str:
    """Strava's consent page. `127.0.0.1` is allowed whatever the app's callback domain is."""
    query = {
        "client_id": settings.strava.client_id or "",
        "redirect_uri": f"http://{LOOPBACK}:{port}{CALLBACK_PATH}",
        "response_type": "code",
        # Otherwise Strava shows no boxes to a person who has agreed before, whatever was unticked then.
        "approval_prompt": "force",
        "scope": ",".join(SCOPES_WANTED),
        "state": state,
    }
    return f"{settings.strava.oauth_url}/authorize?{urllib.parse.urlencode(query, safe=',:/')}"


def _wait(
    settings: Settings, playground: Playground, events: Events, url: str, state: str, timeout_s: float
) -> None:
    """Judge what comes until one answer is good, the chances are used up or the time is over."""
    deadline = time.monotonic() + timeout_s
    rejected: list[str] = []
    pasted = False
    while True:
        try:
            event = events.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise UserError(_gave_up(f"no authorisation came within {timeout_s:g} s", rejected)) from None
        if event is None:
            if pasted:  # what was piped in was wrong, and nobody is there to paste again
                raise UserError(_gave_up("no valid address or code was pasted", rejected))
            continue
        answer: Answer | None = None
        try:
            if isinstance(event, Paste):
                pasted = True
                answer = read_paste(event.text)
            else:
                answer = event
            granted = _accept(settings, playground, answer, state)
        except AnswerRejectedError as error:
            rejected.append(one_line(error))
            left = CHANCES - len(rejected)
            paragraphs = [one_line(error)[:1].upper() + one_line(error)[1:] + "."]
            _show(
                answer,
                Page(400, "Not authorised yet", paragraphs, url)
                if left
                else Page(
                    400, "Not authorised", [*paragraphs, "Type make authorize in the terminal to start anew."]
                ),
            )
            if not left:
                raise UserError(_gave_up(f"{CHANCES} answers were not valid", rejected)) from None
            say(f"{rejected[-1]}: try again, by the same address or a new paste")
        except (UserError, RunError) as error:
            _show(answer, Page(502, "Not authorised", [one_line(error)]))
            raise
        else:
            paragraphs = [
                *granted,
                "You can close this page. In the terminal, type make extract to download.",
            ]
            _show(answer, Page(200, "It worked", paragraphs))
            say(*map(playground.hinted, [*granted, "next: type `make extract`"]))
            return


def _gave_up(cause: str, rejected: list[str]) -> str:
    last = f" (last: {rejected[-1]})" if rejected else ""
    return f"{cause}{last}; what was stored before is untouched: type `make authorize` to start anew"


def _accept(settings: Settings, playground: Playground, answer: Answer, state: str) -> list[str]:
    """Check the answer, exchange its code and store the tokens; returns lines that say what was granted.

    Raises AnswerRejectedError when the person can do better with another answer.
    """
    is_paste = answer.page is None
    if not is_same(answer.state, state) and not (is_paste and not answer.state):
        raise AnswerRejectedError(OTHER_STATE)
    if answer.error is not None:
        if answer.error == "access_denied":
            raise AnswerRejectedError("the access was refused on Strava's page (Cancel)")
        raise AnswerRejectedError(
            f"Strava answered {re.sub(r'[^a-z_]', '', answer.error.lower())[:40] or 'an error'}"
        )
    if not answer.code or not CODE.fullmatch(answer.code):
        raise AnswerRejectedError(
            "the code in this answer is not one of Strava's: copy the address as a whole"
        )
    scopes = None if answer.scope is None else scopes_in(answer.scope)
    if scopes is not None and not scopes & {"activity:read", "activity:read_all"}:
        # Useless tokens must not replace good ones: the code is left to expire.
        raise AnswerRejectedError(
            "the boxes for activities were unticked, so nothing could be downloaded, and nothing was stored: "
            "leave them ticked"
        )
    try:
        with TokenFile(playground.tokens).lock():
            authorisation_of(settings, playground).exchange_code(answer.code, answer.scope)
    except CodeRefusedError:
        raise AnswerRejectedError(
            "Strava refuses this code: it works once and only for some minutes, and no value of the settings page "
            "is a code"
        ) from None
    return _granted(scopes)


def _granted(scopes: set[str] | None) -> list[str]:
    if scopes is None:
        return [
            "authorised; a bare code does not tell which boxes were ticked: `make extract` says so if activities "
            "may not be read, and the whole address would tell the rest"
        ]
    known = [scope for scope in SCOPES_WANTED if scope in scopes]
    known += [scope for scope in ("activity:read",) if scope in scopes and scope not in known]
    lines = [f"authorised; granted: {', '.join(known)}"]
    lines += [
        f"not granted: {scope}, so {lost}; to change it, type `make authorize` again and leave its box ticked"
        for scope, lost in LOST_WITHOUT.items()
        if scope not in scopes
    ]
    return lines


def _open_browser(url: str) -> bool:
    """Open the URL where a person would see it; in a remote or text session it is only printed."""
    chosen = bool(os.environ.get("BROWSER"))
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    remote = os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY")
    if not chosen and (remote or not screen):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if not chosen and type(browser) is webbrowser.GenericBrowser:
        return False  # a text browser: it would take the terminal that the person pastes into
    # Some browsers are waited for until they are closed.
    threading.Thread(target=browser.open, args=(url,), daemon=True).start()
    return True


def _show(answer: Answer | None, page: Page) -> None:
    """Give the waiting browser its page, and let it arrive before the process may end."""
    if answer is not None and answer.page is not None:
        answer.page.set_result(page)
        answer.sent.wait(5)
