"""What the papers say is true: their queries, programs, messages and names are looked up and run."""

import ast
import datetime as dt
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from pipelines.playground import Playground
from pipelines.strava.oauth import App, Authorisation
from pipelines.strava.tokens import TokenFile
from pipelines.tables import DATASET, TABLES
from pipelines.warehouse.samples import samples_view
from tests.demo import WEEKLY_PACE, WEEKLY_VOLUME
from tests.forks import ColdProcess
from tests.harness import PLENTY, ROOT, expected_samples, run
from tests.simulated_strava import SimulatedStrava, history

README = (ROOT / "README.md").read_text()
MARTS_PAGE = (ROOT / "MARTS.md").read_text()
TOOLS = (ROOT / "TOOLS.md").read_text()
TOOLS_QUERIES = re.findall(r"```sql\n(.*?)```", TOOLS, re.S)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
MARTS = sorted(path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))
# A section of the page of marts: the mart, its questions, a query and the query's output.
SECTION = re.compile(
    r"^## `(\w+)`\n\n([^\n]+(?:\n[^\n]+)*)\n\n```sql\n(.*?)```\n\n```text\n(.*?)```", re.M | re.S
)
SECTIONS = {mart: rest for mart, *rest in SECTION.findall(MARTS_PAGE)}
# A question of the section "Fifteen questions", its query and the query's output.
QUESTION = re.compile(r"^### ([^\n]+\?)\n\n```sql\n(.*?)```\n\n```text\n(.*?)```", re.M | re.S)
QUESTIONS = {question: rest for question, *rest in QUESTION.findall(MARTS_PAGE)}


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 300


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("*.md")))
def test_links_and_paths_in_the_papers_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    paths = re.findall(r"`((?:pipelines|tests|findings|dbt_project)/[^`]*)`", text)
    for target in [*re.findall(r"\]\(([^)]+)\)", text), *paths]:
        if target.startswith("https://"):
            continue
        name, _, title = target.partition("#")
        assert (ROOT / (name or page)).exists(), target
        if title:
            titles = re.findall(r"^#+ (.*)$", (ROOT / (name or page)).read_text(), re.M)
            assert title in [re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in titles], (
                target
            )


# ---- the page of marts


def test_the_page_of_marts_has_a_section_for_each() -> None:
    assert sorted(SECTIONS) == sorted([*MARTS, "samples"])
    assert MARTS_PAGE.count("```sql") == len(SECTIONS) + len(QUESTIONS)
    for mart, (questions, query, _) in SECTIONS.items():
        assert questions.endswith("?"), mart
        assert re.search(rf"\bfrom {mart}\b", query), mart


@pytest.mark.parametrize("mart", SECTIONS)
def test_the_query_of_a_mart_runs_and_has_the_columns_of_its_output(refreshed: Path, mart: str) -> None:
    _, query, output = SECTIONS[mart]
    printed = run("sql", refreshed, Q=query).stdout.splitlines()
    assert re.fullmatch(r"\(\d+ rows?\)", printed[-1])
    assert printed[0].split() == output.splitlines()[0].split()


def test_the_page_of_marts_answers_fifteen_questions() -> None:
    assert len(QUESTIONS) == 15
    assert MARTS_PAGE.count("\n### ") == 15


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_by_its_query_in_the_columns_of_its_output(
    refreshed: Path, question: str
) -> None:
    query, output = QUESTIONS[question]
    printed = run("sql", refreshed, Q=query).stdout.splitlines()
    assert re.fullmatch(r"\([1-9]\d* rows?\)", printed[-1]), "no answer"
    assert printed[0].split() == output.splitlines()[0].split()


# Half an hour off the full hours of UTC, and on either side of it.
ZONES = ["Asia/Kolkata", "America/St_Johns"]


@pytest.mark.parametrize("zone", ZONES)
def test_the_queries_of_the_papers_say_the_same_in_every_time_zone(refreshed: Path, zone: str) -> None:
    queries = [query for _, query, _ in SECTIONS.values()] + [query for query, _ in QUESTIONS.values()]
    queries += [*TOOLS_QUERIES, WEEKLY_VOLUME, WEEKLY_PACE]
    asked = [query.replace("today()", "date '2026-05-01'") for query in queries]
    # As a tool of the user's has it: in its own process, in the zone of its machine.
    program = (
        "import duckdb, json, sys\n"
        f"marts = duckdb.connect({str(refreshed / 'marts.duckdb')!r}, read_only=True)\n"
        f"marts.execute({samples_view(Playground(refreshed))!r})\n"
        "shown = [str(marts.sql(query).fetchall()) for query in json.load(sys.stdin)]\n"
        "print(json.dumps([marts.sql(\"select current_setting('TimeZone')\").fetchone()[0], shown]))"
    )
    answers = {}
    for name in ("UTC", zone):
        # Not a fork: DuckDB looks for its zone once in a process.
        with ColdProcess(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            answer, _ = process.communicate(json.dumps(asked))
        used, answers[name] = json.loads(answer)
        assert used == name
    for query, here, there in zip(asked, answers["UTC"], answers[zone], strict=True):
        assert here == there, query


# ---- the page of tools


def test_the_page_of_tools_is_short() -> None:
    assert len(TOOLS.splitlines()) < 200


@pytest.mark.parametrize("query", TOOLS_QUERIES)
def test_the_queries_of_the_page_of_tools_write_paces(refreshed: Path, query: str) -> None:
    [first, *_] = json.loads(run("sql", refreshed, Q=query, FORMAT="json").stdout)
    assert re.fullmatch(r"\d:\d\d", first["pace"])


def test_the_cell_of_the_notebook_runs(refreshed: Path, tmp_path: Path) -> None:
    [cell] = re.findall(r"```python\n(.*?)```", TOOLS, re.S)
    (tmp_path / "Playground").symlink_to(refreshed)
    done = subprocess.run(
        [sys.executable, "-c", cell + "\nprint(len(weeks))"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 50


def test_a_playground_may_be_copied_to_another_place(refreshed: Path, tmp_path: Path) -> None:
    [command] = re.findall(r"^(cp -a .*)$", TOOLS, re.M)
    *copy, source, target = shlex.split(command)
    moved = tmp_path / Path(target).name
    subprocess.run([*copy, str(refreshed), str(moved)], check=True)
    before = (moved / "marts.duckdb").stat().st_mtime_ns
    assert f"{moved}/marts.duckdb" in run("transform", moved).stdout
    assert (moved / "marts.duckdb").stat().st_mtime_ns == before, "nothing is built anew"
    assert source == "Playground"


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
        app = App(strava.client_id, strava.client_secret, strava.oauth_url, strava.api_url)
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


# ---- ARCHITECTURE.md

# What is named there and is not ours.
FOREIGN = {"pyproject.toml"}


class Tree:
    """Every name that the tree has."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.functions: set[str] = set()
        self.members: set[str] = set()  # of modules and classes: `plan.change_of`, `Loader.keep`
        self.names: set[str] = {DATASET, *TABLES}
        for path in (root / "pipelines").rglob("*.py"):
            self._read(path)
        for table in TABLES.values():
            self.names.update(table.columns)
        dbt = root / "dbt_project"
        self.names.update(path.stem for path in (dbt / "models").rglob("*.sql"))
        for path in (dbt / "macros").rglob("*.sql"):
            self.names.update(re.findall(r"{%-? *(?:macro|materialization) (\w+)", path.read_text()))
        self.targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.M))

    def _read(self, path: Path) -> None:
        tree = ast.parse(path.read_text())
        self._hold(path.stem, tree.body)
        self.names |= {path.stem, path.parent.name}
        self.functions.update(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._hold(node.name, node.body)
                self.names.add(node.name)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.names.add(node.value)  # files of the Playground, a ledger's status

    def _hold(self, holder: str, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.members.add(f"{holder}.{node.name}")
            elif isinstance(node, ast.Assign):
                constants = [target.id for target in node.targets if isinstance(target, ast.Name)]
                self.names.update(name for name in constants if name.isupper())

    def has(self, span: str) -> bool:
        """Whether something has the name that is written in a code span."""
        if span.startswith("make "):
            return span.removeprefix("make ") in self.targets
        if span.endswith("()"):
            return span.removesuffix("()") in self.functions
        if "/" in span:
            return (self.root / span).exists()
        holder, _, table = span.rpartition(".")
        return span in self.members or span in self.names or (holder == DATASET and table in TABLES)


def test_no_name_in_the_architecture_is_dead() -> None:
    tree = Tree(ROOT)
    prose = re.sub(r"```.*?```", "", ARCHITECTURE, flags=re.S)
    spans = set(re.findall(r"`([^`]+)`", prose))
    assert len(spans) > 80
    assert sorted(span for span in spans - FOREIGN if not tree.has(span)) == []


@pytest.mark.parametrize(
    ("path", "name", "span"),
    [
        ("pipelines/strava/plan.py", "change_of", "plan.change_of"),
        ("pipelines/strava/history.py", "_page", "History._page"),
        ("pipelines/warehouse/publish.py", "publish", "publish()"),
        ("pipelines/events.py", "SamplesGone", "SamplesGone"),
        ("pipelines/commands/_drive.py", "COMMIT_S", "COMMIT_S"),
        ("dbt_project/macros/by_activity.sql", "by_activity", "by_activity"),
    ],
)
def test_a_renamed_thing_is_a_dead_name(tmp_path: Path, path: str, name: str, span: str) -> None:
    for folder in ("pipelines", "dbt_project"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "target")
        )
    shutil.copy(ROOT / "Makefile", tmp_path)
    assert span in ARCHITECTURE
    assert Tree(tmp_path).has(span)
    file = tmp_path / path
    file.write_text(re.sub(rf"\b{name}\b", "renamed", file.read_text()))
    assert not Tree(tmp_path).has(span)


def test_the_layers_of_the_architecture_are_those_that_the_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    table = ARCHITECTURE.split("| layer of `pipelines/` |")[1].split("\n\n")[0]
    named = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
    assert named == [re.findall(r"pipelines\.(\w+)", layer) for layer in layers]
