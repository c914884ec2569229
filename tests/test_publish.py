"""The published marts: replaced as a whole, never blocking and never blocked, asked by `make sql`."""

import csv
import io
import json
import os
import pty
import random
import select
import signal
import stat
import subprocess
import sys
import termios
import time
from pathlib import Path

import duckdb
import pytest

from tests.harness import ROOT, assert_same_rows, last_line, rows, run

TABLES = sorted(path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))


def published(playground: Path) -> dict[str, int]:
    return {name: rows(playground, f"select count(*) from {name}", "marts.duckdb")[0][0] for name in TABLES}


def test_both_copies_hold_the_marts_of_the_warehouse(refreshed: Path) -> None:
    assert [t for (t,) in rows(refreshed, "show tables", "marts.duckdb")] == TABLES
    assert sorted(path.stem for path in (refreshed / "marts").glob("*.parquet")) == TABLES
    for name in TABLES:
        truth = rows(refreshed, f"from marts.{name} order by all")
        assert rows(refreshed, f"from {name} order by all", "marts.duckdb") == truth, name
        assert rows(refreshed, f"from marts.{name} order by all", "marts.duckdb") == truth, name
        assert duckdb.sql(f"from '{refreshed}/marts/{name}.parquet' order by all").fetchall() == truth, name
    assert published(refreshed)["weekly_pace"] > 50


def test_the_copy_is_described_private_and_in_the_oldest_format(refreshed: Path) -> None:
    undescribed = rows(
        refreshed,
        "select table_name, column_name from duckdb_columns() where comment is null and not internal "
        "union all select table_name, '' from duckdb_tables() where comment is null",
        "marts.duckdb",
    )
    assert undescribed == []
    header = (refreshed / "marts.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    # 64 is what 0.9.2 to 1.1 write; newer formats begin with 65.
    assert int.from_bytes(header[12:20], "little") == 64
    for path in [refreshed / "marts.duckdb", *(refreshed / "marts").glob("*.parquet")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_tool_that_writes_in_the_copy_blocks_nothing_and_sees_the_new_one_on_reconnect(
    copied: Path,
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys\n"
            f"c = duckdb.connect({str(copied / 'marts.duckdb')!r})\n"
            "c.execute('create table mine as select 42 as answer'); print('open', flush=True)\n"
            "sys.stdin.readline(); print(c.sql('select answer from mine').fetchone()[0], flush=True)",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline() == "open\n"
    # `make sql` answers while another program has the file for itself.
    assert "Run" in run("sql", copied, Q="select distinct sport_type from weekly_pace").stdout
    config = copied / "config.toml"
    config.write_text(config.read_text() + '\n[marts]\nweek_start = "sunday"\n')
    run("transform", copied)
    weekdays = rows(copied, "select distinct isodow(week_start_date) from weekly_volume", "marts.duckdb")
    assert weekdays == [(7,)], "a new connection sees the new marts"
    assert holder.communicate("\n", timeout=30)[0] == "42\n", "the tool still has its own"
    assert holder.returncode == 0
    assert published(copied)["activities"] > 100


def test_one_program_sees_the_new_copy_when_all_its_connections_are_closed(copied: Path) -> None:
    """What TOOLS.md says of tools that pool connections."""
    marts = copied / "marts.duckdb"

    def connect() -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(marts), read_only=True)

    def weeks_begin(connection: duckdb.DuckDBPyConnection) -> list[tuple[int]]:
        return connection.execute("select distinct isodow(week_start_date) from weekly_volume").fetchall()

    with connect() as first:
        assert weeks_begin(first) == [(1,)]
        config = copied / "config.toml"
        config.write_text(config.read_text() + '\n[marts]\nweek_start = "sunday"\n')
        run("transform", copied)
        second = connect()
        assert weeks_begin(second) == [(1,)], "the first one lives"
    with connect() as third:
        assert weeks_begin(third) == [(1,)], "the second one lives"
    second.close()
    with connect() as last:
        assert weeks_begin(last) == [(7,)]


def test_the_marts_are_compressed_as_javascript_reads_and_the_samples_small(refreshed: Path) -> None:
    for files, codec in (("*.parquet", "SNAPPY"), ("samples/*/*.parquet", "ZSTD")):
        found = duckdb.sql(f"select distinct compression from parquet_metadata('{refreshed}/marts/{files}')")
        assert found.fetchall() == [(codec,)]
    types = duckdb.sql(
        f"select distinct type, converted_type from parquet_schema('{refreshed}/marts/*.parquet')"
    )
    assert not {"FIXED_LEN_BYTE_ARRAY", "INT96", "DECIMAL", "LIST", "MAP"} & {
        name for row in types.fetchall() for name in row
    }


def test_a_kill_while_publishing_leaves_a_whole_copy(copied: Path) -> None:
    program = (
        "from pathlib import Path; from pipelines.playground import Playground; "
        f"from pipelines.warehouse.publish import publish; print('go', flush=True); publish(Playground(Path({str(copied)!r})))"
    )
    expected, ended_early = published(copied), 0
    for round_ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.04 * round_)
        process.send_signal(signal.SIGKILL)
        ended_early += process.wait() == -signal.SIGKILL
        process.stdout.close()
        assert published(copied) == expected
        for name in TABLES:
            assert duckdb.sql(f"select count(*) from '{copied}/marts/{name}.parquet'").fetchall() == [
                (expected[name],)
            ]
    assert ended_early > 3
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    left = {path.name for path in copied.iterdir()}
    assert not {name for name in left if name.endswith(".new") or name.endswith(".new.wal")}


def test_a_failed_transform_leaves_the_old_copy(copied: Path) -> None:
    before = (copied / "marts.duckdb").read_bytes()
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        warehouse.execute("insert into strava_raw.activities select * from strava_raw.activities limit 1")
    done = run("transform", copied, expect=1)
    assert "the published marts are as before" in last_line(done)
    assert "make transform" in last_line(done)
    assert (copied / "marts.duckdb").read_bytes() == before


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.timeout(300 + 60 * int(os.environ.get("ROUNDS") or 1))
def test_killed_while_dbt_builds_the_next_run_needs_no_manual_step(refreshed: Path, copied: Path) -> None:
    rng = random.Random(3)
    kills = 0
    for _ in range(3 * int(os.environ.get("ROUNDS") or 1)):
        with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
            # As if all streams had been fetched again: every model by activity has work to do.
            warehouse.execute(
                "update strava_raw.stream_fetches set fetched_at = fetched_at + interval 1 second"
            )
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "transform"],
            cwd=ROOT,
            env={**os.environ, "PLAYGROUND": str(copied)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(1.5, 9))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        assert published(copied) == published(refreshed), "the published copy is whole all the time"
    assert kills > 0
    run("transform", copied)
    for name in TABLES:
        assert_same_rows(
            rows(copied, f"from {name} order by all", "marts.duckdb"),
            rows(refreshed, f"from {name} order by all", "marts.duckdb"),
            name,
        )


# ---- make sql

QUERY = "select 1 as n, 'a|b' as text, null as nothing, date '2026-05-04' as day, 2.5 as x union all select 22, 'ü, \"q\"', 'x', null, 1e9 order by n"


def test_a_query_prints_an_aligned_table(refreshed: Path) -> None:
    out = run("sql", refreshed, Q=QUERY).stdout
    assert out.splitlines()[0].split() == ["n", "text", "nothing", "day", "x"]
    assert out.splitlines()[-1] == "(2 rows)"
    assert (
        len({line.index("a|b") if "a|b" in line else line.index("ü") for line in out.splitlines()[2:4]}) == 1
    )


def test_formats_are_read_by_other_programs(refreshed: Path) -> None:
    as_json = json.loads(run("sql", refreshed, Q=QUERY, FORMAT="json").stdout)
    assert as_json[0] == {"n": 1, "text": "a|b", "nothing": None, "day": "2026-05-04", "x": 2.5}
    as_csv = list(csv.reader(io.StringIO(run("sql", refreshed, Q=QUERY, FORMAT="csv").stdout)))
    assert as_csv == [
        ["n", "text", "nothing", "day", "x"],
        ["1", "a|b", "", "2026-05-04", "2.5"],
        ["22", 'ü, "q"', "x", "", "1000000000.0"],
    ]
    markdown = run("sql", refreshed, Q=QUERY, FORMAT="md").stdout.splitlines()
    assert len(markdown) == 4
    assert "a\\|b" in markdown[2]


@pytest.mark.parametrize(
    ("environment", "status", "said"),
    [
        ({"Q": "select nothing from weekly_pace"}, 1, "nothing"),
        ({"Q": "selekt 1"}, 1, "selekt"),
        ({"Q": "delete from weekly_pace"}, 1, "read-only"),
        ({"Q": "select 1", "FORMAT": "xml"}, 2, "FORMAT=xml"),
        ({"Q": ";"}, 1, "no query in Q"),
    ],
)
def test_what_cannot_be_asked_is_said(
    refreshed: Path, environment: dict[str, str], status: int, said: str
) -> None:
    done = run("sql", refreshed, expect=status, **environment)
    assert said in last_line(done)
    assert done.stdout == ""


def test_without_marts_or_with_a_damaged_file_it_says_what_to_type(tmp_path: Path) -> None:
    place = f"PLAYGROUND={tmp_path}"
    assert (
        f"type `make import ARCHIVE=… {place}` and `make transform {place}`, or `make refresh {place}`, first"
        in last_line(run("sql", tmp_path, expect=2, Q="select 1"))
    )
    (tmp_path / "marts.duckdb").write_text("no database, but long enough to be looked at" * 200)
    assert f"type `make transform {place}`" in last_line(run("sql", tmp_path, expect=2, Q="select 1"))


def test_the_prompt_answers_and_remembers(copied: Path) -> None:
    """On a terminal that answers what terminals are asked: its colour, its kind, where its cursor stands."""
    answers = {
        b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1b[c": b"\x1b[?62;c",
        b"\x1b[6n": b"\x1b[1;1R",
    }
    mine, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 120))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "sql"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(copied), "TERM": "xterm", "Q": ""},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        deadline = time.monotonic() + 20
        while text not in seen:
            assert time.monotonic() < deadline, seen[-2000:].decode(errors="replace")
            if select.select([mine], [], [], 0.1)[0]:
                data = os.read(mine, 65536)
                seen += data
                for asked, answer in answers.items():
                    os.write(mine, answer * data.count(asked))

    until(b"for usage hints")
    until(b" D ")
    os.write(mine, b"select 40 + 2 as answer;\r")
    until(b"42\x1b")  # in colours
    os.write(mine, b".quit\r")
    assert process.wait(timeout=20) == 0
    os.close(mine)
    history = copied / ".sql-history"
    assert "select 40 + 2 as answer;" in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
