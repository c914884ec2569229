"""Reads a request, lets it go wrong where a test wants that, notes it, writes the answer."""

import socket
import time
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import orjson

from tests.simulated_strava import oauth, routes
from tests.simulated_strava.answers import Answer, fault_body

if TYPE_CHECKING:
    from tests.simulated_strava.server import SimulatedStrava


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer."""

    status: int | None = None
    reset: bool = False
    truncate: bool = False
    empty: bool = False
    stall_s: float = 0
    body: bytes | None = None
    encoding: str | None = None  # of that body


class Handler(BaseHTTPRequestHandler):
    """One connection; `strava` is set by the server."""

    strava: "SimulatedStrava"
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def _handle(self, method: str) -> None:
        strava = self.strava
        url = urllib.parse.urlsplit(self.path)
        params = {key: values[-1] for key, values in urllib.parse.parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            form = urllib.parse.parse_qs(self.rfile.read(length).decode())
            params |= {key: values[-1] for key, values in form.items()}
        try:
            if strava.before_answer:
                strava.before_answer(url.path, params)
            fault = strava.fault(method, url.path, len(strava.requests)) if strava.fault else None
            if fault and self._fail(method, url.path, params, fault):
                return
            status, body, headers = self._route(method, url.path, params)
            self._answer(
                method, url.path, params, status, body, headers, truncate=bool(fault and fault.truncate)
            )
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed
        except Exception as error:
            strava.errors.append(f"{method} {self.path}: {error!r}")
            raise

    def _fail(self, method: str, path: str, params: dict[str, str], fault: Fault) -> bool:
        """Whether the fault took the place of the answer."""
        if fault.stall_s:
            self._record(method, path, params, 0)
            time.sleep(fault.stall_s)
            return False
        if fault.reset:
            self._record(method, path, params, 0)
            self.strava.use_quota()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()
            return True
        if fault.status or fault.empty or fault.body is not None:
            self.strava.use_quota()
            status = fault.status or 200
            body: Any = fault.body or b""
            if fault.body is None and fault.status:
                body = {
                    404: fault_body("Resource Not Found"),
                    429: fault_body("Rate Limit Exceeded", ("Application", "overall rate limit", "exceeded")),
                    **dict.fromkeys((502, 503, 504), b"<!DOCTYPE html><html><title>gateway</title></html>"),
                }.get(fault.status, {"message": "error"})
            headers = {"Content-Encoding": fault.encoding} if fault.encoding else {}
            self._answer(method, path, params, status, body, headers)
            return True
        return False

    def _record(self, method: str, path: str, params: dict[str, str], status: int) -> None:
        with self.strava.lock:
            self.strava.requests.append((method, path, params, status))

    def _answer(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        status: int,
        body: Any,
        headers: dict[str, str],
        truncate: bool = False,
    ) -> None:
        self._record(method, path, params, status)
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        self.send_response_only(status)
        self.send_header("Content-Type", headers.pop("Content-Type", "application/json; charset=utf-8"))
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if truncate:
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)
        self.wfile.flush()

    def _route(self, method: str, path: str, params: dict[str, str]) -> Answer:
        if path.startswith("/oauth/"):
            return oauth.answer(self.strava, method, path.removeprefix("/oauth/"), params)
        if path.startswith("/api/v3/") and method == "GET":
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            return routes.answer(self.strava, path.removeprefix("/api/v3"), params, token)
        return 404, fault_body("Resource Not Found"), {}
