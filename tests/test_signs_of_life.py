"""What a command says while it works and while it waits: one moving line on a terminal, a few lines in a pipe."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pipelines import locks
from pipelines.errors import UserError
from pipelines.locks import one_at_a_time
from pipelines.playground import Playground
from pipelines.strava.api import StravaSession
from pipelines.strava.oauth import App, Authorisation
from pipelines.strava.quota import Quota
from pipelines.strava.tokens import MemoryTokens
from tests.harness import away_from_window_end, last_line, make_playground, run, start
from tests.simulated_strava import Fault, SimulatedStrava, uniform_history
from tests.terminal import on_terminal

OBEYED = re.compile(r"[\x1b\r]")


def steps(text: str) -> list[str]:
    """The words of each drawing, without clock and bar, once each."""
    drawn = re.findall(r"(?m)^\S? ?\d:\d\d:\d\d (.*?) *[━╸╺-]{3,}", text)
    return list(dict.fromkeys(drawn))


def test_a_transform_on_a_terminal_names_each_step_and_counts(playground: Path) -> None:
    run("extract", playground)
    with on_terminal("transform", playground) as terminal:
        text = terminal.rest()
    names = steps(text)
    assert "reading the models" in names
    assert "publishing the marts" in names
    assert any(re.fullmatch("building \\w+", name) for name in names), names
    counts = [tuple(map(int, found)) for found in re.findall(r"(\d+)/(\d+)", text)]
    totals = {total for _, total in counts}
    assert len(totals) == 1
    done = [count for count, _ in counts]
    assert done == sorted(done)
    assert len(set(done)) > 3, done
    assert "The marts are in" in text


def test_the_line_moves_whatever_the_command_does() -> None:
    """The command is stuck in one step: it is drawn again and again all the same."""
    program = (
        "import sys\nfrom pipelines.commands._display import Steps\n"
        "with Steps() as steps:\n    steps.begin('one step')\n    sys.stdin.readline()\nprint('over')"
    )
    with on_terminal([sys.executable, "-c", program]) as terminal:
        terminal.until(lambda text: len(set(re.findall(r"([-\\|/]) 0:\d\d:\d\d one step", text))) > 2)
        terminal.type("\n")
        assert "over" in terminal.rest()


@pytest.mark.parametrize("command", ["transform", "docs", "purge", "report"])
def test_a_pipe_gets_a_few_plain_lines(copied: Path, command: str) -> None:
    Playground(copied).built.unlink()  # a transform with nothing new would be over at once
    done = run(command, copied)
    assert not OBEYED.search(done.stdout + done.stderr)
    lines = [line for line in done.stderr.splitlines() if not re.search(r"\d+/\d+$", line)]
    number = r"\d+ models and tests"
    building = ["reading the models", f"building {number}", "publishing the marts"]
    expected = {
        "transform": building,
        "docs": [
            "reading the models",
            f"compiling {number}",
            "reading what the tables hold",
            "writing the page",
        ],
        "purge": [
            "looking for what is not loaded yet",
            "removing what is deleted",
            *building,
            "writing the warehouse anew",
        ],
        "report": ["drawing the page"],
    }[command]
    assert len(lines) == len(expected), done.stderr
    assert all(re.fullmatch(form, line) for form, line in zip(expected, lines, strict=True)), lines


def test_a_terminal_that_obeys_nothing_gets_lines(copied: Path) -> None:
    with on_terminal("report", copied, TERM="dumb") as terminal:
        terminal.rest()
    assert "\x1b" not in terminal.seen
    assert "drawing the page\r\n" in terminal.seen


def test_what_fails_in_dbt_is_named_in_the_last_line_and_shown_above(playground: Path) -> None:
    run("extract", playground)
    with duckdb.connect(str(playground / "strava.duckdb")) as connection:
        connection.execute("alter table strava_raw.activities alter moving_time type varchar using 'x'")
    done = run("transform", playground, expect=1)
    failed = r"Failure in model stg_strava__activities \(models/staging/stg_strava__activities.sql\)"
    assert re.search(rf"dbt build failed \({failed}\); the published marts", last_line(done))
    assert f"then type `make transform PLAYGROUND={playground}`" in last_line(done)
    assert "Binder Error: Cannot mix values of type VARCHAR and INTEGER_LITERAL" in done.stderr
    assert not OBEYED.search(done.stderr)
    shown = run("transform", playground, expect=1, DEBUG="1")
    assert "START sql view model staging.stg_strava__activities" in shown.stdout


# --- waiting ---------------------------------------------------------------------------------------------


@contextmanager
def turn_held(playground: Path) -> Iterator[None]:
    with locks.file_turn(playground / ".warehouse.lock"):
        yield


@pytest.mark.parametrize("command", ["transform", "docs", "dbt", "extract"])
def test_whose_turn_is_waited_for_is_told(copied: Path, strava: SimulatedStrava, command: str) -> None:
    make_playground(copied, strava)
    (copied / "tokens.json").unlink(missing_ok=True)
    other = "transform" if command == "extract" else "extract"
    with turn_held(copied), one_at_a_time(copied, other):
        # This process is another one than the command's.
        process = start(command, copied, ARGS="--version")
        assert process.stderr
        said = ""
        while "waiting" not in said:
            said = process.stderr.readline()
            assert said, process.communicate()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (
        f"waiting for make {other} (process {os.getpid()}) to be done with {copied}/strava.duckdb: " in said
    )
    assert f"Ctrl-C is safe; `make status PLAYGROUND={copied}` tells how far it is" in said
    assert "Traceback" not in out + err


def test_a_wait_for_a_command_without_a_lock_of_its_own_ends_when_that_is_done(copied: Path) -> None:
    with turn_held(copied):
        process = start("docs", copied)
        assert process.stderr
        assert "waiting for make docs or make dbt to be done" in process.stderr.readline()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def test_a_wait_for_the_quota_says_until_when_and_what_can_be_done(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(uniform_history(8), read_limit=(4, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        with on_terminal("extract", playground, TZ="Asia/Kolkata") as terminal:
            terminal.until(lambda text: "Ctrl-C is safe" in text)
            terminal.type("\x03")
            terminal.process.send_signal(signal.SIGINT)
            text = terminal.rest()
    assert re.search(r"waiting for the quota until \d\d:\d\d:\d\d IST: Ctrl-C is safe; `make transform", text)
    assert "Nothing is lost: type `make extract" in text


def test_a_request_that_is_tried_again_is_told() -> None:
    told: list[str | None] = []
    with SimulatedStrava(uniform_history(1)) as strava:

        def fault(method: str, path: str, number: int) -> Fault | None:
            told.append(session.trouble)
            return Fault(status=503) if len(told) < 3 else None

        app = App("1", "secret", strava.oauth_url, strava.api_url)
        store = MemoryTokens({"access_token": "of another Strava", "client_id": "1"})
        session = StravaSession(Authorisation(app, store), Quota(), lambda _: None)
        strava.fault = fault
        with pytest.raises(UserError):
            session.get(f"{strava.api_url}/athlete")
    assert told[:3] == [None, "trying again after HTTP 503 (2 of 4)", "trying again after HTTP 503 (3 of 4)"]
    assert session.trouble is None
