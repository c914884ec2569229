"""What is said: hints that can be typed as they stand, numbers with their nouns, one clock, any encoding."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import UserError, counted
from pipelines.playground import Playground
from pipelines.settings import load_settings
from tests.forks import ColdProcess
from tests.harness import PLENTY, ROOT, away_from_window_end, last_line, make_playground, rows, run
from tests.simulated_strava import SimulatedStrava, uniform_history
from tests.simulated_strava.export import write_export
from tests.terminal import on_terminal


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("type `make extract` later", "type `make extract PLAYGROUND=my/place` later"),
        ("type make authorize anew", "type make authorize PLAYGROUND=my/place anew"),
        ('`make sql Q="show tables"` lists', '`make sql Q="show tables" PLAYGROUND=my/place` lists'),
        ("type make import ARCHIVE= and the", "type make import PLAYGROUND=my/place ARCHIVE= and the"),
        ("type make import ARCHIVE='a b.zip'", "type make import ARCHIVE='a b.zip' PLAYGROUND=my/place"),
        ("`make extract ALLOW_DELETES=1`.", "`make extract ALLOW_DELETES=1 PLAYGROUND=my/place`."),
        ("`DEBUG=1 make docs` for", "`DEBUG=1 make docs PLAYGROUND=my/place` for"),
        ("`make authorize PLAYGROUND=another/folder`", None),
        ("type make import ARCHIVE=x PLAYGROUND=another/folder", None),
        ("another `make extract` (process 7) is at work", None),
        ("type `make demo` again", None),
        ("move it away and make it again", None),
        ("type `make` for the list", None),
    ],
)
def test_a_hint_names_the_playground_that_was_given(text: str, typed: str | None) -> None:
    assert Playground(Path("my/place")).hinted(text) == (typed or text)
    assert Playground(Path("Playground")).hinted(text) == text
    assert Playground(Path("it's")).hinted("`make docs`") == """`make docs PLAYGROUND='it'"'"'s'`"""


def test_no_message_of_a_command_forgets_it(tmp_path: Path) -> None:
    for command in ("transform", "sql", "report", "docs", "purge", "import"):
        said = last_line(run(command, tmp_path, expect=2))
        hints = re.findall(r"make (?:import|transform|extract|refresh)[^`,]*", said)
        assert hints, said
        assert all(f"PLAYGROUND={tmp_path}" in hint for hint in hints), said


@pytest.mark.parametrize(("number", "said"), [(0, "0 activities"), (1, "1 activity"), (2, "2 activities")])
def test_numbers_have_their_nouns(number: int, said: str) -> None:
    assert counted(number, "activity", "activities") == said
    assert counted(1, "day") == "1 day"
    assert counted(2, "day") == "2 days"


def test_what_is_said_of_one_activity(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    write_export(archive, uniform_history(1))
    done = run("import", tmp_path / "p", ARCHIVE=str(archive))
    assert "1 new activity, 0 changed; 1 recording loaded" in done.stdout
    assert "Archive      1 activity as export.zip" in run("status", tmp_path / "p").stdout


def test_people_are_told_times_in_their_own_clock_and_programs_in_utc(
    playground: Path, strava: SimulatedStrava
) -> None:
    run("extract", playground)
    text = run("status", playground, TZ="Asia/Kolkata").stdout
    times = re.findall(r"\d\d:\d\d(?::\d\d)?(?:\+\d\d:\d\d)?(?: \w+)?", text)
    assert len(re.findall(r"\d\d:\d\d IST", text)) >= 2, times
    assert "+00:00" not in text
    assert "UTC" not in text
    for one in json.loads(run("status", playground, JSON="1", TZ="Asia/Kolkata").stdout)["runs"]:
        assert one["finished_at"].endswith("+00:00")


def test_an_extract_with_nothing_new_asks_for_no_transform(playground: Path, strava: SimulatedStrava) -> None:
    told = f"Type `make transform PLAYGROUND={playground}` to build the marts."
    assert told in run("extract", playground).stdout
    assert told in run("extract", playground).stdout, "the marts still lack what the first one brought"
    run("transform", playground)
    done = run("extract", playground)
    assert "make transform" not in done.stdout
    assert f"type `make sql PLAYGROUND={playground}` to query them" in done.stdout


def test_a_listing_that_never_was_is_not_claimed(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(uniform_history(5), read_limit=(3, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        done = run("extract", playground, WAIT="no")
        assert done.stdout.startswith("nothing was listed: 0 new, 0 changed")
        assert "; 0 requests" in done.stdout
        assert "no listing: 0 new" in run("status", playground).stdout


def test_a_demo_whose_strava_is_gone_says_what_to_type(tmp_path: Path) -> None:
    with SimulatedStrava(uniform_history(1), read_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "demo", strava)
        run("extract", playground)
    done = run("refresh", playground, expect=2)
    assert f"nothing answers at {strava.api_url}" in last_line(done)
    assert f"type `make demo PLAYGROUND={tmp_path}` for another one" in last_line(done)


def test_another_account_is_refused_and_nothing_of_it_loaded(
    playground: Path, strava: SimulatedStrava
) -> None:
    run("extract", playground)
    before = rows(playground, "select id, name from strava_raw.activities order by id")
    own = rows(playground, "select id from strava_raw.athlete")[0][0]

    def of_another(path: str, answer: object) -> object:
        return json.loads(json.dumps(answer).replace(str(own), "4711").replace('"name": "', '"name": "not '))

    strava.mutate_answer = of_another
    done = run("extract", playground, expect=2, FULL="1")
    assert f"history of athlete 4711, and what is loaded is of athlete {own}" in last_line(done)
    assert "type `make authorize PLAYGROUND=another/folder` for the other athlete" in last_line(done)
    assert rows(playground, "select id, name from strava_raw.activities order by id") == before


# --- folders and variables -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["it's", "a=b [x]*", "{{ x }} $HOME"])
def test_a_folder_may_be_called_as_people_call_folders(tmp_path: Path, name: str) -> None:
    playground, archive = tmp_path / name, tmp_path / "export.zip"
    write_export(archive, uniform_history(1))
    run("import", playground, ARCHIVE=str(archive))
    run("transform", playground)
    assert run("sql", playground, Q="select count(*) as n from samples", FORMAT="csv").stdout == "n\n3600\n"
    for command in ("status", "report", "docs", "purge"):
        run(command, playground)


@pytest.mark.parametrize(
    "command",
    ["extract", "import", "transform", "sql", "report", "docs", "purge", "status", "refresh", "dbt"],
)
def test_a_folder_that_cannot_be_had_is_refused_before_anything_is_written(
    tmp_path: Path, command: str
) -> None:
    done = run(command, tmp_path / "50% b", expect=2, ARCHIVE=str(tmp_path))
    assert "50% b has a # or ? or % in its name" in last_line(done)
    assert "type PLAYGROUND=another/folder" in last_line(done)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("ATHLETE__FTP", "ATHLETE__FTP_W"),
        ("SOURCES__STRAVA__CLIENT_IDENT", "SOURCES__STRAVA__CLIENT_ID"),
        ("MARTS__WEEKSTART", "MARTS__WEEK_START"),
        ("REPORT__UNIT", "REPORT__UNITS"),
        ("IMPORT__TIME_ZONE", "IMPORT__TIMEZONE"),
    ],
)
def test_an_unknown_variable_of_ours_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "240")
    with pytest.raises(
        UserError, match=f"^unknown variable {variable} in the environment: you may mean {meant};"
    ):
        load_settings(Playground(tmp_path))


@pytest.mark.parametrize(
    "variable",
    ["SOURCES__OTHER__FTP", "SOURCES__STRAVA__ACCESS_TOKEN", "SOURCES__STRAVA__STREAMS__X", "ATHLETE"],
)
def test_a_variable_of_another_program_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "240")
    load_settings(Playground(tmp_path))


# --- queries, pipes, encodings ---------------------------------------------------------------------------


def test_an_error_of_a_query_has_no_mark_under_nothing(refreshed: Path) -> None:
    said = last_line(run("sql", refreshed, expect=1, Q="select 1;\nselec 2"))
    assert 'syntax error at or near "selec" (line 2 of the query) -- correct the query' in said
    assert "^" not in said
    assert "LINE" not in said
    assert "Candidate bindings" in last_line(
        run("sql", refreshed, expect=1, Q="select distance from activities")
    )


def test_whoever_leaves_the_prompt_after_a_mistyped_query_is_not_told_of_a_failure(copied: Path) -> None:
    with on_terminal("sql", copied, Q="") as terminal:
        terminal.answers = {
            b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
            b"\x1b[c": b"\x1b[?62;c",
            b"\x1b[6n": b"\x1b[1;1R",
        }
        terminal.until(lambda text: " D " in text)
        terminal.type("selec 2;\r")
        terminal.until(lambda text: "syntax error" in text)
        terminal.type(".quit\r")
        terminal.rest(status=0)


@pytest.mark.parametrize("command", ["status", "sql"])
def test_a_reader_that_has_enough_ends_it_quietly(refreshed: Path, command: str) -> None:
    query = "select * from range(100000)"
    line = f"'{sys.executable}' -m pipelines {command} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(refreshed), "Q": query, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_the_output_has_not_are_spelled_out(tmp_path: Path, copied: Path, encoding: str) -> None:
    named = Path(tmp_path / "Läufe ✓")
    copied.rename(named)

    def said(command: str, status: int = 0, **variables: str) -> str:
        # A fork would have this process's encoding.
        with ColdProcess(
            [sys.executable, "-m", "pipelines", command],
            cwd=ROOT,
            env={**os.environ, "PLAYGROUND": str(named), "PYTHONIOENCODING": encoding, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            out, _ = process.communicate()
        assert process.returncode == status, out
        assert b"Traceback" not in out
        return str(out.decode(encoding))

    shown = "✓" if encoding == "utf-8" else "\\u2713"
    assert shown in said("status")
    assert shown in said("sql", Q="select 'ü ✓' as name")
    assert shown in said("sql", 1, Q="select '✓' from nothing_here ✓")
    assert json.loads(said("sql", Q="select 'ü ✓' as name", FORMAT="json")) == [{"name": "ü ✓"}]
