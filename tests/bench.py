"""`make bench`: speed and memory as ratios within one run, each figure beside its target.

Extraction is measured against its floor, the same requests with `requests` and `.json()` alone, both above a
run with nothing new; transform against `dbt build` of an empty project. ACTIVITIES=n sets the size. Fails when
a figure is above its target.
"""

import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench_import import import_archive
from tests.harness import ROOT, make_playground

ACTIVITIES = int(os.environ.get("ACTIVITIES") or 300)
SAMPLES = 3600
ROUNDS = int(os.environ.get("ROUNDS") or 3)
# One activity every 20 hours, the newest in the last days of April 2026.
BEGIN = (dt.datetime(2026, 5, 1, tzinfo=dt.UTC) - dt.timedelta(hours=20 * (ACTIVITIES + 2))).date()

MISSED: list[str] = []


def beside(what: str, figure: float, target: float, unit: str = "", form: str = ".2f") -> str:
    """The figure with its target; noted in MISSED when it is above."""
    if figure > target:
        MISSED.append(f"{what} is {figure:{form}}{unit}, its target {target:g}")
    return f"{figure:{form}}{unit} (target {target:g})"


@dataclass
class Measured:
    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command: list[str], **environment: str) -> Measured:
    """One process to its end: wall and CPU seconds, peak resident memory."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    if status:
        assert process.stderr
        raise SystemExit(process.stderr.read().decode())
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def pipelines(command: str, playground: Path) -> Measured:
    return measure([sys.executable, "-m", "pipelines", command], PLAYGROUND=str(playground))


FLOOR = """
import sys, requests
url, token, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
session = requests.Session()
session.headers["Authorization"] = "Bearer " + token
for page in range(1, count // 200 + 2):
    rows = session.get(url + f"/athlete/activities?per_page=200&page={page}").json()
    for row in rows:
        session.get(url + f"/activities/{row['id']}/streams?keys=time,distance,latlng,altitude,velocity_smooth,"
                    "heartrate,cadence,watts,temp,moving,grade_smooth&key_by_type=true").json()
"""


def serve(count: int) -> "subprocess.Popen[str]":
    """The simulated Strava in a process of its own, as the real one is."""
    command = [sys.executable, "-m", "tests.simulated_strava", "--uniform", str(count)]
    return subprocess.Popen(
        [*command, "--samples", str(SAMPLES), "--begin", str(BEGIN)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@dataclass
class Remote:
    """What make_playground needs to know of the server in the other process."""

    api_url: str
    oauth_url: str
    client_id: str
    client_secret: str
    code: str
    token: str

    def issue_code(self) -> str:
        return self.code


def connect(server: "subprocess.Popen[str]") -> Remote:
    assert server.stdout
    return Remote(*server.stdout.readline().split())


def extraction(folder: Path, count: int) -> Path:
    """Print the extraction's figures, the medians of its rounds; returns the last round's Playground."""
    server = serve(count)
    floors: list[float] = []
    extracts: list[float] = []
    peaks: list[float] = []
    print(f"extraction of {count} activities x {SAMPLES} samples x 11 types")
    try:
        remote = connect(server)
        floor_nothing = measure([sys.executable, "-c", "import requests"])
        tokens = ""
        for round_ in range(ROUNDS):
            floor = measure([sys.executable, "-c", FLOOR, remote.api_url, remote.token, str(count)])
            playground = make_playground(folder / f"p{round_}", remote)
            if tokens:  # the code works once
                (playground / "tokens.json").write_text(tokens)
            whole = pipelines("extract", playground)
            nothing = pipelines("extract", playground)
            tokens = (playground / "tokens.json").read_text()
            floor_s, ours_s = floor.wall_s - floor_nothing.wall_s, whole.wall_s - nothing.wall_s
            print(f"  floor {floor_s:.2f} s, extract {ours_s:.2f} s above a run with nothing new")
            floors.append(floor_s)
            extracts.append(ours_s)
            peaks.append(whole.peak_mb)
    finally:
        server.terminate()
    print(f"  medians: floor {statistics.median(floors):.2f} s, extract {statistics.median(extracts):.2f} s")
    ratio = statistics.median(ours_s / floor_s for ours_s, floor_s in zip(extracts, floors, strict=True))
    print(f"  ratio {beside('extraction: ratio to its floor', ratio, 1.5)}")
    print(f"  peak memory {beside('extraction: peak memory', max(peaks), 400, ' MB', '.0f')}")
    cpu = beside("extraction: a run with nothing new", nothing.cpu_s, 2.5, " s of CPU")
    print(f"  a run with nothing new: {cpu}, {nothing.wall_s:.2f} s")
    return playground


def empty_build(folder: Path) -> Measured:
    """`dbt build` of a project with nothing in it, the second time (parsed already)."""
    project = folder / "empty"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(
        "name: empty\nprofile: empty\nflags: {send_anonymous_usage_stats: false}\n"
    )
    (project / "profiles.yml").write_text(
        "empty:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: empty.duckdb}\n"
    )
    dbt = str(Path(sys.executable).with_name("dbt"))
    command = [dbt, "build", "--project-dir", str(project), "--profiles-dir", str(project)]
    measure(command)
    return measure(command)


def transformation(folder: Path, playground: Path, count: int) -> None:
    """Print the figures of the first build, of one with nothing new and of one with one new activity."""
    first = pipelines("transform", playground)
    again = min((pipelines("transform", playground) for _ in range(3)), key=lambda m: m.wall_s)
    empty = empty_build(folder)
    ones = []
    for more in (1, 2):
        server = serve(count + more)
        try:
            remote = connect(server)
            (playground / "tokens.json").unlink()  # of the other server
            make_playground(playground, remote)
            pipelines("extract", playground)
        finally:
            server.terminate()
        loaded = json.loads((playground / "runs.jsonl").read_text().splitlines()[-1])
        counts = {name: loaded[name] for name in ("new", "changed", "deleted", "streams_loaded")}
        assert counts == {"new": 1, "changed": 0, "deleted": 0, "streams_loaded": 1}, counts
        ones.append(pipelines("transform", playground))
    one = min(ones, key=lambda m: m.wall_s)
    print(f"transform of {count * SAMPLES / 1e6:.1f} million samples, with all tests of data")
    print(f"  the first time {first.wall_s:.1f} s, peak memory {first.peak_mb:.0f} MB")
    print(f"  nothing new {again.wall_s:.1f} s, empty project {empty.wall_s:.1f} s")
    ratio = again.wall_s / empty.wall_s
    print(f"  ratio {beside('transform: ratio of nothing new to an empty project', ratio, 0.3)}")
    ratio = one.wall_s / empty.wall_s
    judged = beside("transform: ratio of one new activity to an empty project", ratio, 1.5)
    print(f"  one new activity {one.wall_s:.1f} s, ratio to an empty project {judged}")


# The models that came with places and efforts.
PLACES_AND_EFFORTS = (
    *("climbs", "intervals", "durability", "monthly_volume"),
    *("int_route_cells", "int_visited_tiles", "tracks", "int_routes", "routes", "tiles", "explorer"),
)
# What was computed by activity before them; the smoothed altitude was a part of int_stream_aggregates.
BEFORE = (
    *(
        "int_smoothed_altitude",
        "int_clean_samples",
        "int_foot_samples",
        "int_best_efforts",
        "int_effort_heartrates",
    ),
    *("int_seconds_by_value", "splits", "power_curve", "int_stream_aggregates"),
)


def places_and_efforts(playground: Path) -> None:
    """Print what the models of places and efforts take, beside those by activity that were there before."""
    arguments = f"run --full-refresh --threads 1 --select {' '.join((*BEFORE, *PLACES_AND_EFFORTS))}"
    measure([sys.executable, "-m", "pipelines", "dbt"], PLAYGROUND=str(playground), ARGS=arguments)
    results = json.loads((playground / ".dbt" / "target" / "run_results.json").read_text())["results"]
    seconds = {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}
    new, before = (sum(seconds[model] for model in models) for models in (PLACES_AND_EFFORTS, BEFORE))
    print(f"models of places and efforts {new:.1f} s, those by activity before them {before:.1f} s")
    print(
        "  "
        + ", ".join(f"{model} {s:.1f}" for model, s in sorted(seconds.items(), key=lambda pair: -pair[1]))
    )
    print(f"  ratio {beside('places and efforts: ratio to the models before', new / before, 0.5)}")


def published_samples(playground: Path, count: int) -> None:
    """Print what writing the samples anew adds to a transform that publishes the marts, for 100 activities."""
    without, anew = [], []
    for _ in range(3):
        (playground / ".dbt" / "built.json").unlink()
        without.append(pipelines("transform", playground).wall_s)
    for _ in range(3):
        shutil.rmtree(playground / "marts" / "samples")
        anew.append(pipelines("transform", playground).wall_s)
    added = (min(anew) - min(without)) / count * 100
    print(f"published samples of 100 activities: {beside('published samples', added, 1, ' s')}")


def importing(folder: Path, count: int) -> None:
    """Print the figures of an import: against a bare parse, the second time, and memory of a small and a large one."""
    small, large = import_archive(folder, 200, SAMPLES), import_archive(folder, count, SAMPLES)
    print(f"import of {count} FIT activities x {SAMPLES} samples, loads included")
    print(f"  {large.first.wall_s:.1f} s; a bare parse by pyfitparsernative {large.parse_s:.1f} s")
    ratio = large.first.wall_s / large.parse_s
    print(f"  ratio {beside('import: ratio to a bare parse', ratio, 1.5)}")
    ratio = large.again.wall_s / large.first.wall_s
    print(
        f"  the same archive again {large.again.wall_s:.1f} s, ratio {beside('import: ratio of the second', ratio, 0.1)}"
    )
    judged = beside("import: peak memory", large.first.peak_mb, 400, " MB", ".0f")
    print(f"  peak memory, all processes {judged}, of 200 activities {small.first.peak_mb:.0f} MB")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        importing(Path(folder), max(ACTIVITIES, 1000))
    with tempfile.TemporaryDirectory() as folder:
        playground = extraction(Path(folder), ACTIVITIES)
        transformation(Path(folder), playground, ACTIVITIES)
        places_and_efforts(playground)
        published_samples(playground, ACTIVITIES)
    sys.stdout.flush()
    for missed in MISSED:
        print(f"above its target: {missed}", file=sys.stderr)
    return 1 if MISSED else 0


if __name__ == "__main__":
    sys.exit(main())
