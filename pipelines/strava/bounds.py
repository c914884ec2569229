"""Bounds of one answer: how many bytes it may be, decompressed, and how long it may take as a whole."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from pipelines.errors import RefusedError

ANSWER_BYTES = 64 * 2**20
ANSWER_S = 120.0
# As much as is decompressed at once.
CHUNK_BYTES = 2**18

# The deadline of the request that this thread is waiting for.
_waiting = threading.local()


class BoundedAdapter(HTTPAdapter):
    """Reads an answer to its end, within the bounds. Raises RefusedError where it keeps to none."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Let the connections tell their sockets."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> urllib3.ProxyManager:
        """Likewise by way of a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Send the request; the answer's content is there when it returns."""
        with _deadline() as deadline:
            try:
                answer = super().send(request, **{**options, "stream": True})
                answer._content = _read(answer)
            except requests.RequestException:
                if deadline.is_over:
                    raise RefusedError(f"an answer that took longer than {ANSWER_S:g} s") from None
                raise
        answer._content_consumed = True  # type: ignore[attr-defined]
        return answer


def _read(answer: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_content(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_BYTES:
            answer.close()
            raise RefusedError(f"an answer of more than {ANSWER_BYTES // 2**20} MB")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class _Deadline:
    """Ends a connection when the time is over: a server that sends a byte now and then meets every other time-out."""

    def __init__(self) -> None:
        self.is_over = False
        self.socket: socket.socket | None = None
        self._timer = threading.Timer(ANSWER_S, self._end)
        self._timer.daemon = True

    def begin(self) -> None:
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                # Of the socket below TLS: the thread that reads is in the midst of it.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


@contextlib.contextmanager
def _deadline() -> Iterator[_Deadline]:
    deadline = _waiting.deadline = _Deadline()
    deadline.begin()
    try:
        yield deadline
    finally:
        deadline.cancel()
        _waiting.deadline = None


class _Told:
    """A connection that tells the deadline which socket it waits on."""

    sock: Any

    def getresponse(self) -> Any:
        deadline = getattr(_waiting, "deadline", None)
        if deadline is not None:
            deadline.socket = self.sock
        return super().getresponse()  # type: ignore[misc]


class _Connection(_Told, HTTPConnection):
    pass


class _TlsConnection(_Told, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}
