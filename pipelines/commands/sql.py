"""`make sql`: a prompt on the published marts, or one result with Q="select …"."""

import csv
import datetime as dt
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.commands._built_with import tell_changed_settings
from pipelines.commands._environment import plain_environment
from pipelines.errors import RunError, UserError, escape_json, has_all_letters, visible
from pipelines.files import make_private
from pipelines.playground import Playground
from pipelines.settings import load_settings
from pipelines.warehouse.built import read_built
from pipelines.warehouse.published import is_held, open_published, parquet_views
from pipelines.warehouse.samples import add_samples, samples_view

Format = Literal["table", "csv", "json", "md"]
FIRST_QUERY = "select * from weekly_volume order by week_start_date desc, distance_m desc limit 10;"


def main(playground: Playground, *, query: str, kind: Format) -> int:
    """Print the rows of a query, or open a prompt when there is none; returns the exit status."""
    try:
        tell_changed_settings(playground, read_built(playground), load_settings(playground))
    except UserError as error:  # the marts can be asked all the same
        print(f"note: {error}", file=sys.stderr)
    query = query.strip()
    if not query:
        return _prompt(playground)
    text = render(*run_query(playground, query), kind)
    # What CSV holds as it is, a terminal would obey.
    sys.stdout.write(visible(text, has_lines=True) if sys.stdout.isatty() else text)
    return 0


def run_query(playground: Playground, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of one query.

    Raises:
        RunError: DuckDB refuses the query, with its message.
        UserError: It asks for samples, and these are gone or cannot be read. Other queries do without.
    """
    with open_published(playground) as connection:
        if (wrong := add_samples(connection, playground)) and re.search(r"\bsamples\b", query, re.IGNORECASE):
            raise UserError(wrong)
        try:
            result = connection.execute(query)
            if result is None:
                raise RunError('there is no query in Q: type make sql Q="show tables"')
            return [column[0] for column in result.description or []], result.fetchall()
        except duckdb.Error as error:
            raise RunError(
                f'{_without_caret(error)} -- correct the query; `make sql Q="show tables"` lists the marts'
            ) from None


def _without_caret(error: duckdb.Error) -> str:
    """Return DuckDB's message without the copy of the query and the mark below it, which mean nothing on one line."""
    return re.sub(r"\n+LINE (\d+): .*\n\s*\^", r" (line \1 of the query)", str(error))


def render(names: list[str], rows: list[tuple[Any, ...]], kind: Format) -> str:
    """The rows as text; null is empty in CSV, null in JSON and NULL elsewhere."""
    match kind:
        case "json":
            objects = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
            return (
                escape_json(
                    json.dumps(objects, indent=1, default=str, ensure_ascii=not has_all_letters(sys.stdout))
                )
                + "\n"
            )
        case "csv":
            return _csv(names, rows)
        case _:
            return _table(names, rows, is_markdown=kind == "md")


def _csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    """CSV is data for programs and holds each value as it is, one that begins with `=`, `+`, `-` or `@`, too.

    A spreadsheet takes such a name for a formula (SECURITY.md). To put a quotation mark before it would change the
    data for all other programs, and negative numbers.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return buffer.getvalue()


def _table(names: list[str], rows: list[tuple[Any, ...]], *, is_markdown: bool) -> str:
    shown = _markdown if is_markdown else visible
    columns = [[shown(text) for text in _texts([row[i] for row in rows])] for i in range(len(names))]
    names = [shown(name) for name in names]
    texts = [list(row) for row in zip(*columns, strict=True)]
    widths = [max([len(name), *(len(row[i]) for row in texts)], default=0) for i, name in enumerate(names)]
    is_number = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(names))]

    def line(cells: list[str]) -> str:
        padded = [
            c.rjust(w) if right else c.ljust(w) for c, w, right in zip(cells, widths, is_number, strict=True)
        ]
        return f"| {' | '.join(padded)} |" if is_markdown else "  ".join(padded).rstrip()

    dashes = [
        ("-" * (w - 1) + ":" if right and is_markdown else "-" * w)
        for w, right in zip(widths, is_number, strict=True)
    ]
    end = [] if is_markdown else [f"({len(rows)} row{'' if len(rows) == 1 else 's'})"]
    return "\n".join([line(names), line(dashes), *(line(row) for row in texts), *end]) + "\n"


def _markdown(text: str) -> str:
    """Return the text so that a Markdown table shows it as it is: no cell ends early, no HTML, no link, no code."""
    escaped = re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;")
    return visible(re.sub(r"\r\n|[\n\r]", " ", escaped))


def _texts(values: list[Any]) -> list[str]:
    """A column for people: its floats with six digits and as many decimals as the longest of them."""
    short = [f"{value:.6g}" for value in values if isinstance(value, float) and abs(value) < 1e6]
    decimals = max((len(text.partition(".")[2]) for text in short if "e" not in text), default=0)

    def text(value: Any) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, float):
            return f"{value:.{decimals}f}" if 1e-4 <= abs(value) < 1e15 or value == 0 else f"{value:g}"
        return str(value)

    return [text(value) for value in values]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _prompt(playground: Playground) -> int:
    """DuckDB's own prompt, with history and completion, read-only; returns its exit status."""
    with open_published(playground) as connection:
        wrong = add_samples(connection, playground)
        tables = connection.execute("show tables").fetchall()
    if wrong:
        print(f"note: {wrong}", file=sys.stderr)
    held = is_held(playground)
    first = [
        "set TimeZone = 'UTC'; set autoinstall_known_extensions = false;",
        *([parquet_views(playground)] if held else []),
        *([] if wrong else [samples_view(playground)]),
        f".print The marts, read-only: {', '.join(name for (name,) in tables)}",
        f".print A first query to try: {FIRST_QUERY}",
        ".print describe weekly_pace; tells its columns, .quit leaves.",
    ]
    shell = Path(sys.executable).with_name("duckdb")
    history = playground.root / ".sql-history"
    make_private(history)
    environment = {**plain_environment(), "DUCKDB_HISTORY": str(history.absolute())}
    database = ":memory:" if held else str(playground.marts.absolute())
    arguments = [str(shell), *([] if held else ["-readonly"])]
    for command in first:
        arguments += ["-cmd", command]
    sys.stdout.flush()
    # Ctrl-C is the prompt's alone: it ends a query there. A child has its own handler back.
    signal.signal(signal.SIGINT, lambda *_: None)
    done = subprocess.run([*arguments, database], env=environment, check=False)
    if sys.stdin.isatty() and done.returncode >= 0:
        return 0  # a person has left; that one of the queries was mistyped was told then
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
