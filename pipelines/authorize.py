"""`make authorize`: the consent page, the redirect back to this machine, the tokens.

The answer comes from the browser (a request to a port of this machine) or from the terminal (the address bar's
URL or the bare code, pasted), whichever is first. A wrong one gets a line and another chance.
"""

import hmac
import os
import queue
import re
import secrets
import select
import sys
import threading
import time
import urllib.parse
import webbrowser
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipelines.authorize_page import Page, render
from pipelines.errors import RunError, UserError, one_line
from pipelines.oauth import SCOPES_WANTED, CodeRefused, exchange_code, token_lock
from pipelines.plan import scopes as scopes_in
from pipelines.settings import Playground, Settings, load_settings

CHANCES = 3
DEFAULT_TIMEOUT_S = 300.0
CALLBACK_PATH = "/authorized"
# Strava's codes are 40 hexadecimal digits; it promises no form.
CODE = re.compile(r"[0-9A-Za-z_-]{16,128}")
# What is lost without a scope that the person may untick on Strava's page.
LOST_WITHOUT = {
    "activity:read_all": "private activities (Only You) and the parts within privacy zones will be missing",
    "profile:read_all": "heart rate and power zones, weight and gear will be missing",
}


class Rejected(Exception):
    """An answer that is not the authorisation; str(error) is one line for the person, with no secret in it."""


@dataclass(frozen=True)
class Answer:
    """What came back from Strava, by the browser or by a paste; null is what was not in it."""

    code: str | None
    scope: str | None
    state: str | None
    error: str | None
    # The page for the browser that waits (HTTP status, title, paragraphs, link); null for a paste.
    page: "Future[Page] | None" = field(default=None, repr=False)
    sent: threading.Event = field(default_factory=threading.Event, repr=False)


@dataclass(frozen=True)
class Paste:
    text: str


# Null says that stdin is at its end: nothing more can be pasted.
Events = queue.Queue[Answer | Paste | None]


def main(playground: Playground) -> None:
    settings = load_settings(playground, credentials=True)
    playground.prepare()
    timeout_s = _seconds("AUTHORIZE_TIMEOUT_S", DEFAULT_TIMEOUT_S)
    state = secrets.token_urlsafe(24)
    events: Events = queue.Queue()
    with _listen(events) as port, _read_pastes(events):
        url = authorize_url(settings, port, state)
        _say("Open this address, log in to Strava, leave all boxes ticked and click Authorize:", "", url, "")
        if _open_browser(url):
            _say("(Your browser should show it now.)")
        _say(
            "The browser then comes back to this machine by itself. If it cannot (it runs on another machine, or shows "
            "an error),",
            "paste the address that it ends on, or the code= in it, here and press Enter:",
        )
        _wait(settings, playground, events, url, state, timeout_s)


def authorize_url(settings: Settings, port: int, state: str) -> str:
    """Strava's consent page. `localhost` is allowed whatever the app's callback domain is."""
    query = {
        "client_id": settings.strava.client_id or "",
        "redirect_uri": f"http://localhost:{port}{CALLBACK_PATH}",
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
        except Rejected as error:
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
            _say(f"{rejected[-1]}: try again, by the same address or a new paste")
        except (UserError, RunError) as error:
            _show(answer, Page(502, "Not authorised", [one_line(error)]))
            raise
        else:
            paragraphs = [
                *granted,
                "You can close this page. In the terminal, type make extract to download.",
            ]
            _show(answer, Page(200, "It worked", paragraphs))
            _say(*granted, "next: type `make extract`")
            return


def _gave_up(cause: str, rejected: list[str]) -> str:
    last = f" (last: {rejected[-1]})" if rejected else ""
    return f"{cause}{last}; what was stored before is untouched: type `make authorize` to start anew"


def read_paste(text: str) -> Answer:
    """The answer in a pasted address or bare code. Raises Rejected when it is neither."""
    text = text.strip().strip("\"'<>")
    if CODE.fullmatch(text):
        return Answer(text, None, None, None)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query or text.lstrip("?"))
    first = {name: values[0] for name, values in query.items()}
    if "code" not in first and "error" not in first:
        if "redirect_uri" in first:
            raise Rejected(
                "that is the address to open; what is wanted is the one that the browser ends on after Authorize"
            )
        raise Rejected("that is neither an address with code= in it nor a code of Strava's")
    # An address of the manual way has no state: it counts as much as a bare code.
    return Answer(first.get("code"), first.get("scope"), first.get("state"), first.get("error"))


def _accept(settings: Settings, playground: Playground, answer: Answer, state: str) -> list[str]:
    """Check the answer, exchange its code and store the tokens; returns lines that say what was granted.

    Raises Rejected when the person can do better with another answer.
    """
    is_paste = answer.page is None
    same_state = hmac.compare_digest((answer.state or "").encode(), state.encode())
    if not same_state and not (is_paste and not answer.state):
        raise Rejected(
            "this answer belongs to another authorisation (its state differs), maybe of an older browser tab"
        )
    if answer.error is not None:
        if answer.error == "access_denied":
            raise Rejected("the access was refused on Strava's page (Cancel)")
        raise Rejected(f"Strava answered {re.sub(r'[^a-z_]', '', answer.error.lower())[:40] or 'an error'}")
    if not answer.code or not CODE.fullmatch(answer.code):
        raise Rejected("the code in this answer is not one of Strava's: copy the address as a whole")
    scopes = None if answer.scope is None else scopes_in(answer.scope)
    if scopes is not None and not scopes & {"activity:read", "activity:read_all"}:
        # Useless tokens must not replace good ones: the code is left to expire.
        raise Rejected(
            "the boxes for activities were unticked, so nothing could be downloaded, and nothing was stored: "
            "leave them ticked"
        )
    try:
        with token_lock(playground):
            exchange_code(settings, playground, answer.code, answer.scope)
    except CodeRefused:
        raise Rejected(
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


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable)
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 86400:
        raise UserError(f"{variable} must be a number of seconds: correct it, then type `make authorize`")
    return value


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


# ---- the terminal


@contextmanager
def _read_pastes(events: Events) -> Iterator[None]:
    """Each line of stdin becomes an event.

    Read by select and os.read: a thread that hangs in sys.stdin.readline breaks the interpreter's end.
    """
    stop = threading.Event()

    def lines() -> None:
        rest = b""
        try:
            while not stop.is_set():
                if not select.select([0], [], [], 0.2)[0]:
                    continue
                chunk = os.read(0, 65536)
                *whole, rest = (rest + chunk).split(b"\n") if chunk else (rest, b"")
                for line in whole:
                    if line.strip():
                        events.put(Paste(line.decode(errors="replace")))
                rest = rest[-65536:]
                if not chunk:
                    break
        except (OSError, ValueError):
            pass  # no stdin: the browser remains
        events.put(None)

    thread = threading.Thread(target=lines, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


# ---- the browser


@contextmanager
def _listen(events: Events) -> Iterator[int]:
    """Serve the redirect on this machine only; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # browsers open spare connections

        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            query = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
            if parts.path != CALLBACK_PATH or not query.keys() & {"code", "error"}:
                return self.answer(
                    Page(404, "Nothing here", ["This address is only for the way back from Strava."])
                )
            page: Future[Page] = Future()
            answer = Answer(
                query.get("code"), query.get("scope"), query.get("state", ""), query.get("error"), page
            )
            events.put(answer)
            try:
                self.answer(page.result(timeout=120))
            except TimeoutError:
                self.answer(Page(504, "No answer", ["Look at the terminal."]))
            finally:
                answer.sent.set()

        def answer(self, page: Page) -> None:
            body = render(page).encode()
            self.send_response(page.status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Silent: the request line holds the code."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: object) -> None:
            """Silent: a browser that closes early is no news, and a traceback could hold the code."""

    server = _bind(Server, Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _bind(server: type[ThreadingHTTPServer], handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    text = os.environ.get("AUTHORIZE_PORT")
    if text:
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise UserError("AUTHORIZE_PORT must be a port number: correct it, then type `make authorize`")
        try:
            return server(("127.0.0.1", int(text)), handler)
        except OSError as error:
            _say(f"port {text} cannot be used ({error.strerror}): another, free one is taken")
    try:
        return server(("127.0.0.1", 0), handler)
    except OSError as error:
        raise RunError(
            f"no port of this machine can be opened ({error.strerror}): put the code into config.toml instead"
        ) from None


def _show(answer: Answer | None, page: Page) -> None:
    """Give the waiting browser its page, and let it arrive before the process may end."""
    if answer is not None and answer.page is not None:
        answer.page.set_result(page)
        answer.sent.wait(5)
