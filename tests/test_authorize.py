"""`make authorize` as a real process, by a real browser and by the terminal, against the simulated consent page."""

import contextlib
import json
import os
import pty
import queue
import re
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests.harness import ROOT, last_line, make_playground, run, secrets_of
from tests.simulated_strava import SimulatedStrava, uniform_history
from tests.simulated_strava.http import Fault

WANTED = "read,activity:read_all,profile:read_all"


@pytest.fixture
def strava() -> Iterator[SimulatedStrava]:
    with SimulatedStrava(uniform_history(3)) as simulated:
        yield simulated


@pytest.fixture
def playground(tmp_path: Path, strava: SimulatedStrava) -> Path:
    folder = make_playground(tmp_path / "playground", strava)
    config = folder / "config.toml"
    config.write_text(re.sub(r"(?m)^code = .*\n", "", config.read_text()))
    return folder


class Authorize:
    """The running command: its lines as they come, its stdin to paste into."""

    def __init__(self, playground: Path, stdin: int | IO[Any] = subprocess.PIPE, **environment: str) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "authorize"],
            cwd=ROOT,
            env={**clean, "PLAYGROUND": str(playground), "AUTHORIZE_TIMEOUT_S": "60", **environment},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(line.rstrip("\n"))

    def line(self, pattern: str) -> str:
        """The next line that has the pattern."""
        while True:
            try:
                line = self.lines.get(timeout=30)
            except queue.Empty:
                raise AssertionError(f"no line with {pattern!r} in {self.seen}") from None
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def url(self) -> str:
        return self.line(r"^http")

    def paste(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self, status: int) -> str:
        """Everything that was printed; the exit status must be `status`."""
        found = self.process.wait(timeout=30)
        time.sleep(0.1)
        with contextlib.suppress(queue.Empty):
            while True:
                self.seen.append(self.lines.get(timeout=0.2))
        text = "\n".join(self.seen)
        assert found == status, text
        assert "Traceback" not in text
        return text


@pytest.fixture
def start(playground: Path) -> Iterator[Any]:
    started: list[Authorize] = []

    def begin(**arguments: Any) -> Authorize:
        started.append(Authorize(playground, **arguments))
        return started[-1]

    yield begin
    for command in started:
        command.process.kill()
        with contextlib.suppress(BrokenPipeError):
            command.process.communicate(timeout=30)


def redirect_of(url: str, **query: str) -> str:
    """The address to which Strava would send the browser."""
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    query = {"state": asked["state"][0], **query}
    return f"{asked['redirect_uri'][0]}?{urllib.parse.urlencode(query)}"


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def stored(playground: Path) -> dict[str, Any]:
    tokens: dict[str, Any] = json.loads((playground / "tokens.json").read_text())
    return tokens


# ---- in a real browser


def test_browser_authorizes(chromium: Any, start: Any, playground: Path, strava: SimulatedStrava) -> None:
    command = start()
    url = command.url()
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    assert asked["scope"] == [WANTED]
    assert asked["approval_prompt"] == ["force"]
    assert asked["redirect_uri"][0].startswith("http://127.0.0.1:")
    page = chromium.new_page()
    console: list[str] = []
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(url)
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('It worked')")
    text = page.inner_text("main")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)["code"][0]
    page.close()
    printed = command.end(0)
    assert console == []
    assert "make extract" in text
    assert "next: type `make extract PLAYGROUND=" in printed
    assert f"granted: {WANTED.replace(',', ', ')}" in printed
    assert stored(playground)["scope"] == WANTED
    assert stat.S_IMODE((playground / "tokens.json").stat().st_mode) == 0o600
    for secret in [*secrets_of(playground, strava), code]:
        assert secret not in printed
        assert secret not in text
    done = run("extract", playground, WAIT="no")
    assert done.returncode == 0


def test_browser_unticks_private_activities(
    chromium: Any, start: Any, playground: Path, strava: SimulatedStrava
) -> None:
    """Strava's own page has two boxes for activities; the simulated one has one per scope asked for."""
    command = start()
    page = chromium.new_page()
    page.goto(command.url())
    page.uncheck("#tick-activity\\:read_all")
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('Not authorised yet')")
    assert "activities were unticked" in page.inner_text("main")
    assert not (playground / "tokens.json").exists()
    # The second chance, from the page itself.
    page.click("text=Try again")
    page.uncheck("#tick-profile\\:read_all")
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('It worked')")
    assert "zones, weight and gear will be missing" in page.inner_text("main")
    page.close()
    assert "not granted: profile:read_all" in command.end(0)
    assert stored(playground)["scope"] == "read,activity:read_all"


def test_browser_cancels_then_agrees(chromium: Any, start: Any, playground: Path) -> None:
    command = start()
    page = chromium.new_page()
    page.goto(command.url())
    page.click("#cancel")
    page.wait_for_selector("h1:has-text('Not authorised yet')")
    assert "refused" in page.inner_text("main")
    command.line("refused on Strava's page.*try again")
    page.click("text=Try again")
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('It worked')")
    page.close()
    command.end(0)


def test_browser_with_another_state(
    chromium: Any, start: Any, playground: Path, strava: SimulatedStrava
) -> None:
    command = start()
    url = command.url()
    page = chromium.new_page()
    page.goto(re.sub(r"state=[^&]+", "state=of-an-older-tab", url))
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('Not authorised yet')")
    assert "state differs" in page.inner_text("main")
    assert page.query_selector_all("a") == []
    assert not (playground / "tokens.json").exists()
    page.goto(url)
    page.click("#authorize")
    page.wait_for_selector("h1:has-text('It worked')")
    page.close()
    command.end(0)


# ---- requests that are not the answer


def test_other_requests_do_not_end_the_wait(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    command = start()
    url = command.url()
    good = redirect_of(url, code=strava.issue_code(), scope=WANTED)
    origin = "http://" + urllib.parse.urlsplit(good).netloc
    for path in ("/", "/favicon.ico", "/authorized", "/elsewhere?code=1&state=2"):
        assert get(origin + path)[0] == 404
    status, page = get(redirect_of(url, error="<script>alert(1)</script>"))
    assert status == 400
    assert "<script" not in page
    status, page = get(good)
    assert (status, "It worked" in page) == (200, True)
    assert "another, free one" not in command.end(0)


def test_only_this_machine_is_served(start: Any) -> None:
    command = start()
    port = urllib.parse.urlsplit(redirect_of(command.url())).port
    assert port
    other = socket.gethostbyname(socket.gethostname())
    if other.startswith("127."):
        other = "127.0.0.2"  # all interfaces would include it
    with pytest.raises(OSError, match="refused"), socket.create_connection((other, port), timeout=5):
        pass


def test_state_is_required_from_the_browser(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    """Whoever asks without it learns nothing, and costs the person no chance."""
    command = start()
    good = redirect_of(command.url(), code=strava.issue_code(), scope=WANTED)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(good).query)["state"][0]
    without = re.sub(r"state=[^&]*&", "", good)
    for bad in (without, *(re.sub(r"state=[^&]*", f"state={other}", good) for other in ("", "%C3%A4", "x"))):
        status, page = get(bad)
        assert (status, "state differs" in page) == (400, True)
        assert state not in page
        assert "<a" not in page
    assert get(without.replace("code=", "error="))[0] == 400
    assert not (playground / "tokens.json").exists()
    status, page = get(good)
    assert (status, "It worked" in page) == (200, True)
    assert "try again" not in command.end(0)


def test_three_wrong_answers_end_it(start: Any, playground: Path) -> None:
    command = start()
    url = command.url()
    for chance in range(3):
        status, page = get(redirect_of(url, error="access_denied"))
        assert (status, "Try again" in page) == (400, chance < 2)
    text = command.end(2)
    assert "3 answers were not valid" in text
    assert "make authorize" in text.splitlines()[-1]
    assert not (playground / "tokens.json").exists()


def test_only_the_host_of_the_redirect_is_served(
    start: Any, playground: Path, strava: SimulatedStrava
) -> None:
    """A foreign name can be made to lead to this machine: the browser then holds its pages for the same site's."""
    command = start()
    good = redirect_of(command.url(), code=strava.issue_code(), scope=WANTED)
    address = urllib.parse.urlsplit(good)
    for host in (f"localhost:{address.port}", f"evil.example:{address.port}", "127.0.0.1", "127.0.0.1:1", ""):
        request = urllib.request.Request(good, headers={"Host": host})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == 404, host
        refused.value.close()
    assert not (playground / "tokens.json").exists()
    assert get(good)[0] == 200
    command.end(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("access_token", value)
            for value in ("two words", "a\nX-Other: 1", "ä" * 40, "a" * 5000, "", None)
        ),
        ("refresh_token", "b\n"),
        ("refresh_token", ["b"]),
        ("expires_at", "nan"),
        ("expires_at", None),
    ],
)
def test_token_that_is_none_is_not_stored(
    start: Any, playground: Path, strava: SimulatedStrava, name: str, value: Any
) -> None:
    command = start()
    url = command.url()
    before = '{"client_id": "12345", "access_token": "a", "refresh_token": "b", "expires_at": 1}'
    (playground / "tokens.json").write_text(before)
    good = {"access_token": "a" * 40, "refresh_token": "b" * 40, "expires_at": 4e9}
    body = json.dumps({**good, name: value}).encode()
    strava.fault = lambda _, path, __: Fault(body=body) if path == "/oauth/token" else None
    status, page = get(redirect_of(url, code=strava.issue_code(), scope=WANTED))
    assert (status, "without tokens" in page) == (502, True)
    assert "nothing was stored" in command.end(1)
    assert (playground / "tokens.json").read_text() == before


# ---- by the terminal


def test_paste_of_the_address(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    command = start()
    command.paste("")
    command.paste("hello")
    command.line("neither an address.*try again")
    url = command.url() if not command.seen else next(s for s in command.seen if s.startswith("http"))
    command.paste(url)
    command.line("that is the address to open")
    command.paste(redirect_of(url, code=strava.issue_code(), scope="read,activity:read"))
    text = command.end(0)
    assert "not granted: activity:read_all" in text
    assert "private activities" in text
    assert stored(playground)["scope"] == "read,activity:read"


@pytest.mark.parametrize(
    "form", ["{}", "  {}  ", "http://localhost/exchange_token?state=&code={}&scope=" + WANTED]
)
def test_piped_code_needs_no_browser(playground: Path, strava: SimulatedStrava, form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "authorize"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground)},
        input=form.format(strava.issue_code()),  # without a line end
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert stored(playground)["scope"] == (WANTED if "scope" in form else None)
    assert ("bare code" in done.stdout) == ("scope" not in form)


def test_piped_nonsense_ends_at_once(playground: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "authorize"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground)},
        input="nonsense\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "make authorize" in last_line(done)
    assert time.monotonic() - began < 30


def test_paste_on_a_terminal(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    keyboard, terminal = pty.openpty()
    command = start(stdin=terminal)
    url = command.url()
    os.write(keyboard, f"{strava.issue_code('read')}-of-another-day\n".encode())
    command.line("Strava refuses this code.*try again")
    os.write(keyboard, (redirect_of(url, code=strava.issue_code(), scope=WANTED) + "\n").encode())
    command.end(0)
    os.close(keyboard)
    os.close(terminal)


def test_used_code_keeps_the_stored_tokens(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    first = start()
    code = strava.issue_code()
    get(redirect_of(first.url(), code=code, scope=WANTED))
    first.end(0)
    before = stored(playground)
    second = start()
    url = second.url()
    for address in (
        redirect_of(url, code=code, scope=WANTED),
        redirect_of(url, code=strava.issue_code("read"), scope="read"),
        redirect_of(url, error="access_denied"),
    ):
        assert get(address)[0] == 400
    assert "untouched" in second.end(2)
    assert stored(playground) == before


# ---- what can be in the way


def test_time_out(playground: Path) -> None:
    done = run("authorize", playground, expect=2, AUTHORIZE_TIMEOUT_S="1")
    assert "no authorisation came within 1 s" in last_line(done)
    assert "make authorize" in last_line(done)
    assert len(done.stderr.strip().splitlines()) == 1


def test_port_in_use(start: Any, strava: SimulatedStrava) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = start(AUTHORIZE_PORT=str(port))
        url = command.url()
        assert any(f"port {port} cannot be used" in line for line in command.seen)
        assert f"127.0.0.1:{port}/" not in url
        assert get(redirect_of(url, code=strava.issue_code(), scope=WANTED))[0] == 200
        command.end(0)


def test_fixed_port(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert f"redirect_uri=http://127.0.0.1:{port}/" in start(AUTHORIZE_PORT=str(port)).url()


@pytest.mark.parametrize("variable", ["AUTHORIZE_PORT", "AUTHORIZE_TIMEOUT_S"])
@pytest.mark.parametrize("value", ["many", "-1", "0", "nan", "99999"])
def test_bad_variable_is_named(playground: Path, variable: str, value: str) -> None:
    if (variable, value) == ("AUTHORIZE_TIMEOUT_S", "nan"):
        value = "NaN"
    done = run("authorize", playground, expect=2, **{variable: value})
    assert variable in last_line(done)
    assert "make authorize" in last_line(done)


def test_wrong_secret_is_told_in_both_places(start: Any, playground: Path, strava: SimulatedStrava) -> None:
    command = start(SOURCES__STRAVA__CLIENT_SECRET="f" * 40)
    status, page = get(redirect_of(command.url(), code=strava.issue_code(), scope=WANTED))
    assert (status, "strava.client_secret" in page) == (502, True)
    text = command.end(2)
    assert "Strava refuses the client secret" in text
    assert "f" * 40 not in text + page


def test_missing_credentials(tmp_path: Path) -> None:
    done = run("authorize", tmp_path / "none", expect=2)
    assert "config.toml is missing" in last_line(done)


@pytest.mark.parametrize(
    ("session", "opened"),
    [
        ({}, False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, False),
        ({"BROWSER": "here"}, True),
        ({"BROWSER": "here", "SSH_CONNECTION": "1 2 3 4"}, True),
    ],
)
def test_browser_is_opened_where_there_is_one(
    start: Any, tmp_path: Path, strava: SimulatedStrava, session: dict[str, str], opened: bool
) -> None:
    script, note = tmp_path / "browser", tmp_path / "opened"
    script.write_text(f'#!/bin/sh\necho "$1" >{note}.part && mv {note}.part {note}\n')
    script.chmod(0o755)
    command = start(**{k: str(script) if v == "here" else v for k, v in session.items()})
    url = command.url()
    command.line("paste the address")
    deadline = time.monotonic() + 10
    while opened and not note.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert note.exists() == opened
    if opened:
        assert note.read_text().strip() == url
    get(redirect_of(url, code=strava.issue_code(), scope=WANTED))
    command.end(0)


def test_code_of_config_toml_does_not_interfere(
    start: Any, playground: Path, strava: SimulatedStrava
) -> None:
    """After `make authorize` a refused refresh is told as that, not as a fault of the old code."""
    config = playground / "config.toml"
    config.write_text(config.read_text().replace("[strava]\n", f'[strava]\ncode = "{"ab" * 20}"\n'))
    command = start()
    get(redirect_of(command.url(), code=strava.issue_code(), scope=WANTED))
    command.end(0)
    run("extract", playground, WAIT="no")
    strava.revoke()
    done = run("extract", playground, expect=2, WAIT="no")
    assert "no longer valid" in last_line(done)
    assert "make authorize" in last_line(done)
