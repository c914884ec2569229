"""How the answer to `make authorize` arrives: as a request to a port of this machine, or pasted in the terminal."""

import hmac
import os
import queue
import re
import select
import threading
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipelines.commands._authorize_page import Page, render
from pipelines.errors import AnswerRejectedError, RunError

CALLBACK_PATH = "/authorized"
# What is bound, and so what the redirect names: `localhost` may lead to another program's port on ::1.
LOOPBACK = "127.0.0.1"
OTHER_STATE = (
    "this answer belongs to another authorisation (its state differs), maybe of an older browser tab"
)
# Strava's codes are 40 hexadecimal digits; it promises no form.
CODE = re.compile(r"[0-9A-Za-z_-]{16,128}")


@dataclass(frozen=True)
class Answer:
    """What came back from Strava, by the browser or by a paste; `None` is what was not in it."""

    code: str | None
    scope: str | None
    state: str | None
    error: str | None
    # The page for the browser that waits (HTTP status, title, paragraphs, link); `None` for a paste.
    page: "Future[Page] | None" = field(default=None, repr=False)
    sent: threading.Event = field(default_factory=threading.Event, repr=False)


@dataclass(frozen=True)
class Paste:
    """A line that was typed or pasted into the terminal."""

    text: str


# `None` says that stdin is at its end: nothing more can be pasted.
Events = queue.Queue[Answer | Paste | None]


def say(*lines: str) -> None:
    """Print lines that a person waits for."""
    for line in lines:
        print(line, flush=True)


def read_paste(text: str) -> Answer:
    """The answer in a pasted address or bare code. Raises AnswerRejectedError when it is neither."""
    text = text.strip().strip("\"'<>")
    if CODE.fullmatch(text):
        return Answer(text, None, None, None)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(text).query or text.lstrip("?"))
    first = {name: values[0] for name, values in query.items()}
    if "code" not in first and "error" not in first:
        if "redirect_uri" in first:
            raise AnswerRejectedError(
                "that is the address to open; what is wanted is the one that the browser ends on after Authorize"
            )
        raise AnswerRejectedError("that is neither an address with code= in it nor a code of Strava's")
    # An address of the manual way has no state: it counts as much as a bare code.
    return Answer(first.get("code"), first.get("scope"), first.get("state"), first.get("error"))


# ---- the terminal


@contextmanager
def read_pastes(events: Events) -> Iterator[None]:
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
def listen(events: Events, port: int | None, state: str) -> Iterator[int]:
    """Serve the redirect on this machine only; yields the port.

    Whoever asks without the state is a stranger (a web page, another user of the machine): he is told nothing,
    and cannot use up the chances of the person who is waited for.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # browsers open spare connections

        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            query = {name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()}
            if not self.is_addressed() or parts.path != CALLBACK_PATH or not query.keys() & {"code", "error"}:
                return self.answer(
                    Page(404, "Nothing here", ["This address is only for the way back from Strava."])
                )
            if not is_same(query.get("state"), state):
                return self.answer(
                    Page(400, "Not authorised yet", [f"{OTHER_STATE[:1].upper()}{OTHER_STATE[1:]}."])
                )
            page: Future[Page] = Future()
            answer = Answer(
                query.get("code"), query.get("scope"), query.get("state"), query.get("error"), page
            )
            events.put(answer)
            try:
                self.answer(page.result(timeout=120))
            except TimeoutError:
                self.answer(Page(504, "No answer", ["Look at the terminal."]))
            finally:
                answer.sent.set()

        def is_addressed(self) -> bool:
            """Tell whether the browser means this machine: a foreign name may have been made to lead here."""
            return self.headers.get_all("Host") == [f"{LOOPBACK}:{bound_port(server)}"]

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

    server = _bind(Server, Handler, port)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield bound_port(server)
    finally:
        server.shutdown()
        server.server_close()


def bound_port(server: ThreadingHTTPServer) -> int:
    """Return the port that a server listens on."""
    return int(server.socket.getsockname()[1])


def is_same(given: str | None, state: str) -> bool:
    """Tell whether an answer has the state, in a time that does not tell how much of it."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), state.encode())


def _bind(
    server: type[ThreadingHTTPServer], handler: type[BaseHTTPRequestHandler], port: int | None
) -> ThreadingHTTPServer:
    if port is not None:
        try:
            return server((LOOPBACK, port), handler)
        except OSError as error:
            say(f"port {port} cannot be used ({error.strerror}): another, free one is taken")
    try:
        return server((LOOPBACK, 0), handler)
    except OSError as error:
        raise RunError(
            f"no port of this machine can be opened ({error.strerror}): put the code into config.toml instead"
        ) from None
