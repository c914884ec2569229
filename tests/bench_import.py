"""The part of `make bench` about `make import`: against a bare parse of the same files by the fastest public package."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.harness import ROOT

# Parses what the zip holds and does nothing with it.
PARSE = """
import gzip, sys, zipfile
import pyfitparsernative
archive = zipfile.ZipFile(sys.argv[1])
for name in archive.namelist():
    if name.endswith(".fit.gz"):
        pyfitparsernative.parse_fit_bytes(gzip.decompress(archive.read(name)))
"""


@dataclass
class OfTree:
    """A command and its children: seconds, and the most memory that they had together (shared pages once)."""

    wall_s: float
    peak_mb: float


def measure_tree(command: list[str], **environment: str) -> OfTree:
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0
    is_over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(0.05):
            peak = max(peak, sum(map(_share_kb, _tree(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, err = process.communicate()
    is_over.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(err)
    return OfTree(time.monotonic() - begun, peak / 1024)


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        # Those that a thread has started are the thread's.
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += (task / "children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(other for child in {*map(int, children)} for other in _tree(child))]


def _share_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def export(path: Path, count: int, samples: int) -> Path:
    """Write an archive of so many equal rides, all FIT."""
    command = [sys.executable, "-m", "tests.simulated_strava.export", str(path)]
    subprocess.run([*command, "--uniform", str(count), "--samples", str(samples)], cwd=ROOT, check=True)
    return path


@dataclass
class Imported:
    """What the bench compares."""

    parse_s: float
    first: OfTree
    again: OfTree


def import_archive(folder: Path, count: int, samples: int) -> Imported:
    archive = export(folder / f"export-{count}.zip", count, samples)
    playground = folder / f"imported-{count}"
    playground.mkdir(mode=0o700)
    parse = measure_tree([sys.executable, "-c", PARSE, str(archive)])
    command = [sys.executable, "-m", "pipelines", "import"]
    first, again = (measure_tree(command, PLAYGROUND=str(playground), ARCHIVE=str(archive)) for _ in range(2))
    return Imported(parse.wall_s, first, again)
