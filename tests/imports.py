"""What the tests of a hurt import share: a small archive, what it becomes, and an import that is slow enough to be hit."""

import csv
import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.harness import ROOT, rows
from tests.simulated_strava import Activity, every_kind, uniform_history

Members = dict[str, bytes]
# Everything that an import leaves behind, but for when.
STATE = (
    "select * from strava_raw.activities order by id",
    "select * from strava_raw.streams order by activity_id, sample_index",
    "select * exclude (fetched_at) from strava_raw.stream_fetches order by activity_id",
    "select * from strava_raw.gear order by id",
    "select * exclude (refreshed_at) from strava_raw.athlete order by id",
)
LEDGER = "select activity_id, status, sample_count, error from strava_raw.stream_fetches"
# The real command, whose recordings are written down as they come in, and come in slowly.
SLOWLY = """
import sys, time
from pipelines.__main__ import main
from pipelines.archive import loose, named

log, pause_s = open(sys.argv[1], "a", buffering=1), float(sys.argv[2])
read_all = named.read_all

def slowly(*arguments):
    for read in read_all(*arguments):
        time.sleep(pause_s)
        print(time.time(), read.task.member, file=log)
        yield read

named.read_all = loose.read_all = slowly
sys.argv[1:] = ["import"]
sys.exit(main())
"""


def short_history(count: int) -> list[Activity]:
    """So many short rides; and of every kind what is short or has no recording, with a local time that others tell."""
    kinds = [a for a in every_kind() if a.streams_seed is None or a.summary["elapsed_time"] < 400]
    assert any(a.streams_seed is None for a in kinds)
    return [*uniform_history(count, samples=40), *kinds]


def state(playground: Path) -> list[list[tuple[Any, ...]]]:
    return [rows(playground, query) for query in STATE]


def assert_state(playground: Path, expected: list[list[tuple[Any, ...]]]) -> None:
    """Each row as expected, and none twice."""
    for query, found, should in zip(STATE, state(playground), expected, strict=True):
        wrong = [pair for pair in zip(found, should, strict=False) if pair[0] != pair[1]]
        assert (len(found), wrong) == (len(should), []), f"{query}: {len(found)} rows, {wrong[:2]}"


def start_program(
    program: str, playground: Path, archive: Path, *arguments: str, **environment: str
) -> "subprocess.Popen[str]":
    """A process of `make import` that a program has changed."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), "ARCHIVE": str(archive), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ledger(playground: Path) -> dict[int, tuple[str, int, str | None]]:
    return {row[0]: row[1:] for row in rows(playground, LEDGER)}


def members_of(archive: Path) -> Members:
    with zipfile.ZipFile(archive) as members:
        return {name: members.read(name) for name in members.namelist()}


def write_zip(path: Path, members: Mapping[str, bytes], packed: Mapping[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2026, 5, 1, 0, 0, 0))
            entry.compress_type = (packed or {}).get(name, zipfile.ZIP_STORED)
            out.writestr(entry, content)
    return path


def names_in(members: Members) -> dict[int, str]:
    """The recordings by the ids of their activities, as activities.csv names them."""
    table = list(csv.reader(io.StringIO(members["activities.csv"].decode(), newline="")))
    place = table[0].index("Filename")
    return {int(cells[0]): cells[place] for cells in table[1:]}


def with_cells(members: Members, column: str, texts: Mapping[int, str]) -> Members:
    """Write something else into a column of activities.csv, by the activities' ids."""
    table = list(csv.reader(io.StringIO(members["activities.csv"].decode(), newline="")))
    place = table[0].index(column)
    for cells in table[1:]:
        cells[place] = texts.get(int(cells[0]), cells[place])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return {**members, "activities.csv": out.getvalue().encode()}


class Slow:
    """An import under way."""

    def __init__(self, playground: Path, archive: Path, pause_s: float, **environment: str) -> None:
        self.log = playground.with_name(f"{playground.name}-{time.monotonic_ns()}.log")
        self.process = start_program(SLOWLY, playground, archive, str(self.log), str(pause_s), **environment)

    def read(self) -> dict[str, float]:
        """When each recording came in, by its name."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return {line.partition(" ")[2]: float(line.partition(" ")[0]) for line in lines if " " in line}

    def wait_for(self, count: int) -> None:
        while len(self.read()) < count and self.process.poll() is None:
            time.sleep(0.05)

    def end(self, expect: int = 0) -> tuple[str, str]:
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == expect, out + err
        return out, err


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and those that they have."""
    parents = {
        int(path.name): parent
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and (parent := _parent(int(path.name))) is not None
    }
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def left_after(pids: set[int], seconds: float) -> set[int]:
    """Those that are still at work when so many seconds are over."""
    deadline = time.monotonic() + seconds
    while (left := {pid for pid in pids if _parent(pid) is not None}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _parent(pid: int) -> int | None:
    """`None` of a process that has ended."""
    try:
        state, parent = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else int(parent)
