"""Every text from outside is data: hostile words in each column, and every output opened.

Strava, a watch or another user of the machine may have written them: they end scripts, tables and lines, are obeyed
by terminals and spreadsheets, or turn the direction of writing.
"""

import csv
import datetime as dt
import html
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from markupsafe import escape

from pipelines.commands.sql import render
from pipelines.errors import escape_json, visible
from pipelines.tables import TABLES
from tests.harness import PLENTY, ROOT, make_playground, rows, run
from tests.report_in_browser import marks, opened
from tests.simulated_strava import Fault, SimulatedStrava, history

# Alone harmless, each: all run `hacked` if they are code, or leave a byte that a terminal obeys.
WORDS = (
    "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">",
    "<!--<script>",
    "a\x1b]0;hacked\x07\x1b[2J\x9b31m\x7f\r\b",
    "line\nfeed\u2028and\u2029separators\u0085",
    "\u202egnitirw fo noitcerid\u202c\u2066\u200f",
    "|pipe\\|`code`[link](javascript:document.title='hacked')*_~",
    '=HYPERLINK("http://example.org";"hacked")',
    "'; drop table activities; -- {{ env_var('HOME') }} {% raw %} $(touch hacked) `touch hacked` [bold]",
    "@SUM(1)\t+1-1\"'&amp;\\u003c\\",
)
# What no terminal is to get; a line feed ends our own lines.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
WORD = " ".join(WORDS)
FEW = list(history(seed=8, years=1, end=dt.date(2026, 5, 1)))[-20:]
# Texts that Strava's own values decide; another one would be no activity, or no day.
PLAIN = {
    "start_date",
    "start_date_local",
    "created_at",
    "updated_at",
    "id",
    "gear_id",
    "upload_id_str",
    "visibility",
}


def hostile(answer: Any, key: str = "") -> Any:
    """The answer with hostile words in every text, and in the name of a field that nobody knows."""
    if isinstance(answer, dict):
        changed = {name: hostile(value, name) for name, value in answer.items()}
        return {**changed, WORD: WORD} if "sport_type" in answer or "firstname" in answer else changed
    if isinstance(answer, list):
        return [hostile(item, key) for item in answer]
    if not isinstance(answer, str) or key in PLAIN:
        return answer
    return WORD + answer if key in ("sport_type", "type") else WORD  # several sports


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Playground in which every text is hostile, transformed, and one whose server refuses with such words."""
    folder = tmp_path_factory.mktemp("hostile")
    broken = next(a.id for a in reversed(FEW) if a.summary["start_latlng"])
    with SimulatedStrava(FEW, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.mutate_answer = lambda path, body: body if "streams" in path else hostile(body)
        refusal = Fault(status=400, body=json.dumps({"message": WORD}).encode())
        strava.fault = lambda method, path, n: refusal if f"/{broken}/" in path else None
        make_playground(folder / "p", strava)
        yield_of = [run(command, folder / "p") for command in ("extract", "transform")]
        for done in yield_of:
            assert_harmless(done.stdout + done.stderr)
        yield folder / "p"


def assert_harmless(text: str) -> None:
    assert not OBEYED.search(text), ascii(text)[:2000]


def on_a_terminal(command: str, playground: Path, **environment: str) -> str:
    """What a person's terminal gets from it."""
    mine, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", command],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), **environment},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    try:
        while data := os.read(mine, 65536):
            seen += data
    except OSError:
        pass  # all have closed it
    os.close(mine)
    assert process.wait(timeout=60) == 0, seen
    return seen.decode().replace("\r\n", "\n")


def test_every_text_column_holds_the_words(playground: Path) -> None:
    """The test would show nothing of a column that it does not reach."""
    filled = set()
    for table in TABLES.values():
        for column, kind in table.columns.items():
            if kind == "text" and column not in PLAIN and table.name in ("activities", "athlete", "gear"):
                [(count,)] = rows(
                    playground,
                    f"select count(*) from strava_raw.{table.name} where contains(\"{column}\", 'hacked')",
                )
                if count:
                    filled.add(f"{table.name}.{column}")
    assert {
        "activities.name", "activities.sport_type", "activities.device_name", "activities.timezone",
        "activities.external_id", "activities.map__summary_polyline",
        "athlete.firstname", "athlete.city", "gear.name",
    } <= filled  # fmt: skip


def test_the_report_draws_and_runs_no_word(chromium: Any, playground: Path) -> None:
    run("report", playground)
    with opened(chromium, playground / "report.html") as page:
        assert all(marks(page).values())
        assert page.title() == "Training report"
        assert page.locator("img").count() == 0
        # Nothing but the page's own four scripts would run, had a word become one.
        policy = page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert "'unsafe-eval'" not in policy
    assert re.search(r"script-src( 'sha256-\S+'){4}$", policy)
    assert "base-uri 'none'; form-action 'none'" in policy
    text = (playground / "report.html").read_text()
    assert visible(WORDS[4]) in html.unescape(text) or str(escape(visible(WORDS[4]))) in text
    assert not OBEYED.search(re.sub(r"(?s)<script>.*?</script>", "", text))


def test_a_script_that_became_one_would_not_run(chromium: Any, playground: Path, tmp_path: Path) -> None:
    """The policy itself: had an escape failed, neither script nor handler nor form would do anything."""
    run("report", playground)
    page_text = (playground / "report.html").read_text()
    evil = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"><base href=https://example.org>"
    (tmp_path / "evil.html").write_text(page_text.replace("<header>", f"<header>{evil}"))
    page = chromium.new_page()
    page.goto((tmp_path / "evil.html").as_uri())
    page.wait_for_selector("body[data-drawn]", timeout=20_000)
    assert page.title() == "Training report"
    assert page.evaluate("document.baseURI").startswith("file:")
    page.close()


def test_status_is_lines_and_json(playground: Path) -> None:
    said = run("status", playground).stdout
    assert_harmless(said)
    assert "hacked" in said
    assert_harmless(on_a_terminal("status", playground))
    found = json.loads(run("status", playground, JSON="1").stdout)
    [failure] = found["warehouse"]["failures"]
    assert failure["name"] == WORD


QUERY = "select activity_name, sport_type, activity_id::varchar as id from activities order by activity_id"


def test_every_format_of_sql_is_valid_and_data_is_data(playground: Path) -> None:
    truth = [list(row) for row in rows(playground, QUERY, "marts.duckdb")]
    columns = ["activity_name", "sport_type", "id"]
    table = run("sql", playground, Q=QUERY).stdout
    assert_harmless(table)
    assert len(table.splitlines()) == len(truth) + 3
    as_json = run("sql", playground, Q=QUERY, FORMAT="json").stdout
    assert_harmless(as_json)
    assert [list(row.values()) for row in json.loads(as_json)] == truth
    # CSV is exact, formulas included; only on a terminal is it made visible.
    as_csv = subprocess.run(
        [sys.executable, "-m", "pipelines", "sql"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), "Q": QUERY, "FORMAT": "csv"},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()  # as text it would come with other line ends
    assert list(csv.reader(io.StringIO(as_csv, newline=""))) == [
        columns,
        *[[c or "" for c in r] for r in truth],
    ]
    formula = run("sql", playground, Q="select '=1+1' as f, '-1' as g", FORMAT="csv").stdout
    assert formula == "f,g\n=1+1,-1\n"
    for kind in ("table", "csv", "json", "md"):
        assert_harmless(on_a_terminal("sql", playground, Q=QUERY, FORMAT=kind))


def test_markdown_is_a_table_for_every_value(playground: Path) -> None:
    text = run("sql", playground, Q=QUERY, FORMAT="md").stdout
    assert_harmless(text)
    lines = text.splitlines()
    assert len(lines) == 2 + rows(playground, "select count(*) from activities", "marts.duckdb")[0][0]
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4, line
        assert "<" not in line
        assert not re.search(r"(?<!\\)(?:\\\\)*[`\[*_~]", line)


@pytest.mark.parametrize("word", [*WORDS, "\\", "a\\|b", "\\\\|", "|", "", "\ud800"])
def test_each_word_alone(word: str) -> None:
    md = render([word or "n"], [(word,), (None,)], "md").splitlines()
    assert len(md) == 4
    for line in md:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 2, line
    table = render(["n"], [(word,)], "table")
    assert_harmless(table)
    table.encode()
    assert json.loads(escape_json(json.dumps([word], ensure_ascii=False))) == [word]


def test_errors_name_words_harmlessly(playground: Path) -> None:
    done = run("sql", playground, expect=1, Q="select error('a\x1b[2J\x9b' || chr(8238) || 'b')", DEBUG="1")
    assert_harmless(done.stderr)
    assert "\\x1b[2J" in done.stderr
    done = run("sql", playground, expect=2, Q="select 1", FORMAT="x\x1b[2J")
    assert_harmless(done.stderr)


def test_the_documentation_opens(chromium: Any, playground: Path) -> None:
    """A hostile field's name is a column's name there."""
    run("docs", playground)
    page = chromium.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(
        (playground / "docs" / "index.html").as_uri() + "#!/source/source.strava_marts.strava_raw.activities"
    )
    page.wait_for_selector("text=sport_type", timeout=20_000)
    assert page.locator("img[src=x]").count() == 0
    assert "hacked" not in page.title()
    assert said == []
    page.close()


def test_parquet_and_duckdb_hold_the_words_as_they_are(playground: Path) -> None:
    [(name,)] = duckdb.sql(
        f"select distinct activity_name from '{playground}/marts/activities.parquet'"
    ).fetchall()
    assert name == WORD
    assert not list(ROOT.glob("hacked"))
    assert not list(playground.rglob("hacked"))
