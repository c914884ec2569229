"""A server that answers without end costs one item its answer, and nothing else."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import RefusedError, RunError
from pipelines.strava import bounds, endpoints
from pipelines.strava.api import StravaSession
from pipelines.strava.oauth import App, Authorisation
from pipelines.strava.quota import Quota
from pipelines.strava.tokens import MemoryTokens
from tests.harness import last_line, rows, run
from tests.simulated_strava import SimulatedStrava
from tests.simulated_strava.http import Fault

BOMB = gzip.compress(b" " * (80 * 2**20), 9)


def deleted(playground: Path) -> int:
    found: int = rows(playground, "select count(*) from strava_raw.activities where deleted_at is not null")[
        0
    ][0]
    return found


# ---- in real processes


def test_bomb_in_place_of_streams_costs_that_activity_only(playground: Path, strava: SimulatedStrava) -> None:
    victim = sorted(strava.activities)[1]
    strava.fault = lambda _, path, __: (
        Fault(body=BOMB, encoding="gzip") if path.endswith(f"/{victim}/streams") else None
    )
    done = run("extract", playground)
    assert "1 failed" in done.stdout
    ledger = rows(
        playground,
        "select activity_id, status, error from strava_raw.stream_fetches where status <> 'loaded'",
    )
    assert ledger == [(victim, "failed", "an answer of more than 64 MB")]
    asked = [path for _, path, *_ in strava.requests if path.endswith(f"/{victim}/streams")]
    assert len(asked) == 1
    strava.fault = None
    run("extract", playground)
    assert rows(playground, "select count(*) from strava_raw.stream_fetches where status = 'loaded'") == [
        (3,)
    ]


def test_bomb_in_place_of_the_list_deletes_nothing(playground: Path, strava: SimulatedStrava) -> None:
    run("extract", playground)
    strava.fault = lambda _, path, __: (
        Fault(body=BOMB, encoding="gzip") if path.endswith("/athlete/activities") else None
    )
    done = run("extract", playground, expect=1, FULL="1")
    assert "an answer of more than 64 MB" in last_line(done)
    assert "make extract" in last_line(done)
    assert deleted(playground) == 0


def test_bomb_in_place_of_tokens_is_told(playground: Path, strava: SimulatedStrava) -> None:
    strava.fault = lambda _, path, __: Fault(body=BOMB, encoding="gzip") if path == "/oauth/token" else None
    done = run("extract", playground, expect=1)
    assert "an answer of more than 64 MB" in last_line(done)
    assert not (playground / "tokens.json").exists()


def test_answers_of_the_profile_are_bounded(playground: Path, strava: SimulatedStrava) -> None:
    strava.fault = lambda _, path, __: (
        Fault(body=BOMB, encoding="gzip") if path.endswith("/athlete") else None
    )
    done = run("extract", playground)
    assert "zones and gear were not read" in done.stdout + done.stderr
    assert rows(playground, "select count(*) from strava_raw.activities") == [(3,)]


def test_new_fields_have_a_ceiling(playground: Path, strava: SimulatedStrava) -> None:
    run("extract", playground)

    def many(path: str, body: Any) -> Any:
        if path.endswith("/athlete/activities"):
            return [{**row, **{f"field_{index}": index for index in range(600)}} for row in body]
        return body

    strava.mutate_answer = many
    done = run("extract", playground, expect=1, FULL="1")
    assert "more than 500 fields" in last_line(done)
    columns = rows(playground, "select count(*) from duckdb_columns() where column_name like 'field_%'")
    assert columns == [(0,)]
    assert deleted(playground) == 0
    strava.mutate_answer = None
    run("extract", playground, FULL="1")


# ---- in this process


def session_to(url: str) -> StravaSession:
    app = App("1", "secret", url, url)
    store = MemoryTokens({"access_token": "a", "client_id": "1"})
    return StravaSession(Authorisation(app, store), Quota(), lambda _: None)


@pytest.fixture
def serve() -> Iterator[Callable[[bytes, bytes], str]]:
    """Starts a server that sends the first bytes at once and then the others, one after the other, without end."""
    stop = threading.Event()
    listeners: list[socket.socket] = []

    def start(first: bytes, drops: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(first)
                try:
                    while not stop.wait(0.05):
                        connection.sendall(drops)
                except OSError:
                    pass

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stop.set()
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("first", "drops"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    ],
)
def test_answer_as_a_whole_has_a_deadline(
    serve: Callable[[bytes, bytes], str], monkeypatch: pytest.MonkeyPatch, first: bytes, drops: bytes
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_S", 1.0)
    begun = time.monotonic()
    with session_to(serve(first, drops)) as session, pytest.raises(RefusedError, match="longer than 1 s"):
        session.get(session.api_url + "/x")
    assert 0.9 < time.monotonic() - begun < 3


def test_bound_is_measured_while_decompressing(strava: SimulatedStrava) -> None:
    """Of 20 bombs' worth in one answer only the first 64 MB are ever decompressed."""
    strava.fault = lambda *_: Fault(body=gzip.compress(b" " * 2**20, 9) * 1300, encoding="gzip")
    begun = time.monotonic()
    with session_to(strava.url) as session, pytest.raises(RefusedError, match="more than 64 MB"):
        session.get(session.api_url + "/x")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("size", [0, 1, 2**18, 2**18 + 1, 5 * 2**20])
@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_answer_within_the_bounds_is_whole(strava: SimulatedStrava, size: int, encoding: str | None) -> None:
    body = json.dumps("x" * size).encode()
    sent = gzip.compress(body, 1) if encoding else body
    strava.fault = lambda *_: Fault(body=sent, encoding=encoding)
    with session_to(strava.url) as session:
        for _ in range(3):
            answer = session.get(session.api_url + "/x")
            assert answer.content == body
            assert answer.json() == "x" * size


def test_listing_has_a_ceiling_of_pages(strava: SimulatedStrava, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlt.sources.helpers.rest_client.client import RESTClient

    monkeypatch.setattr(endpoints, "PAGES_AT_MOST", 7)
    asked: list[str] = []

    def endless(path: str, _: Any) -> Any:
        asked.append(path)
        # A server that makes another activity, a second older, of each request.
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1.6e9 - len(asked)))
        return [{"id": len(asked), "start_date": start}]

    strava.mutate_answer = endless
    app = App(strava.client_id, strava.client_secret, strava.oauth_url, strava.api_url)
    store = MemoryTokens({"access_token": strava.issue_access_token(), "client_id": strava.client_id})
    with StravaSession(Authorisation(app, store), Quota(), lambda _: None) as session:
        client = RESTClient(base_url=strava.api_url, session=session)
        pages = []
        with pytest.raises(RunError, match="has no end"):
            pages += list(endpoints.list_activities(client, None))
    assert len(asked) == 8
