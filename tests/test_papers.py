"""What the papers say is true: their queries, programs, messages and names are looked up and run."""

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.strava.oauth import App, Authorisation
from pipelines.strava.tokens import TokenFile
from tests.demo import WEEKLY_PACE, WEEKLY_VOLUME
from tests.harness import PLENTY, ROOT, expected_samples, run
from tests.simulated_strava import SimulatedStrava, history

README = (ROOT / "README.md").read_text()
MARTS_PAGE = (ROOT / "MARTS.md").read_text()
MARTS = sorted(path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))
# A section of the page of marts: the mart, its questions, a query and the query's output.
SECTION = re.compile(
    r"^## `(\w+)`\n\n([^\n]+(?:\n[^\n]+)*)\n\n```sql\n(.*?)```\n\n```text\n(.*?)```", re.M | re.S
)
SECTIONS = {mart: rest for mart, *rest in SECTION.findall(MARTS_PAGE)}


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 300


# ---- the page of marts


def test_the_page_of_marts_has_a_section_for_each() -> None:
    assert sorted(SECTIONS) == MARTS
    assert MARTS_PAGE.count("```sql") == len(MARTS)
    for mart, (questions, query, _) in SECTIONS.items():
        assert questions.endswith("?"), mart
        assert re.search(rf"\bfrom {mart}\b", query), mart


@pytest.mark.parametrize("mart", SECTIONS)
def test_the_query_of_a_mart_runs_and_has_the_columns_of_its_output(refreshed: Path, mart: str) -> None:
    _, query, output = SECTIONS[mart]
    printed = run("sql", refreshed, Q=query).stdout.splitlines()
    assert re.fullmatch(r"\(\d+ rows?\)", printed[-1])
    assert printed[0].split() == output.splitlines()[0].split()


# ---- the README


def test_the_demo_s_output_has_the_columns_of_its_queries(refreshed: Path) -> None:
    with duckdb.connect(str(refreshed / "marts.duckdb"), read_only=True) as marts:
        for query in (WEEKLY_VOLUME, WEEKLY_PACE):
            header = r"\s*│\s*".join(marts.sql(query).columns)
            assert re.search(rf"│ {header}\s*│", README), header


def test_the_messages_under_troubleshooting_are_those_of_the_code() -> None:
    table = README.split("| it says |")[1].split("\n\n")[0]
    said = [span for row in table.splitlines()[2:] for span in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(said) > 10
    texts = " ".join(path.read_text() for path in (ROOT / "pipelines").rglob("*.py"))
    # A text may go on in the next line.
    texts = re.sub(r'"\s+f?"', "", texts)
    assert [message for message in said if message not in texts] == []


def test_the_readme_s_lines_load_a_history_with_dlt_alone_and_twice_without_duplicates(
    tmp_path: Path,
) -> None:
    [lines] = re.findall(r"```python\n(.*?)```", README, re.S)
    program = tmp_path / "stranger.py"
    program.write_text(lines)
    (tmp_path / "Playground").mkdir()
    recent = list(history(seed=7, years=1, end=dt.date(2026, 5, 1)))[-30:]
    with SimulatedStrava(recent, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        app = App(strava.client_id, strava.client_secret, strava.oauth_url)
        store = TokenFile(tmp_path / "Playground" / "tokens.json")
        Authorisation(app, store).exchange_code(strava.issue_code(), None)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "SOURCES__STRAVA__CLIENT_ID": strava.client_id,
            "SOURCES__STRAVA__CLIENT_SECRET": strava.client_secret,
            "SOURCES__STRAVA__API_URL": strava.api_url,
            "SOURCES__STRAVA__OAUTH_URL": strava.oauth_url,
        }
        requested = []
        for _ in range(2):
            before = len(strava.requests)
            done = subprocess.run(
                [sys.executable, str(program)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            requested.append([path for _, path, *_ in strava.requests[before:]])
            _assert_history(tmp_path / "my_strava.duckdb", strava)
    assert sum("streams" in path for path in requested[0]) == len(recent)
    assert {path.rpartition("/")[2] for path in requested[1]} == {"activities"}  # listings only


def _assert_history(database: Path, strava: SimulatedStrava) -> None:
    truth = {row["id"]: row for row in strava.visible_activities()}
    with duckdb.connect(str(database), read_only=True) as connection:
        held = connection.sql("select id, name, distance from raw.activities order by id").fetchall()
        assert held == [(id_, row["name"], row["distance"]) for id_, row in sorted(truth.items())]
        ledger = connection.sql("select activity_id, status from raw.stream_fetches order by all").fetchall()
        assert ledger == [(id_, "loaded") for id_ in sorted(truth)]
        samples = connection.sql(
            "select activity_id, count(*), max(time), sum(distance) from raw.streams group by all order by 1"
        ).fetchall()
        for id_, count, last_time, distance in samples:
            expected = expected_samples(strava.streams_of(id_))
            assert (count, last_time) == (len(expected), expected[-1][0])
            assert distance == pytest.approx(sum(row[1] for row in expected))
        assert [id_ for id_, *_ in samples] == sorted(truth)
        for table in ("athlete", "athlete_zones", "gear"):
            assert connection.sql(f"select count(*) > 0 from raw.{table}").fetchone() == (True,), table
