"""`make demo`: the main job with no Strava account, in Playground/demo.

SOURCE=api (the default) downloads from a simulated Strava; SOURCE=archive imports the bulk export that the same
Strava would send the same athlete.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.commands._display import Steps
from pipelines.playground import Playground
from tests.harness import make_playground
from tests.simulated_strava import Activity, SimulatedStrava, demo_history
from tests.simulated_strava.export import write_export

ATHLETE = "[athlete]\nftp_w = 240\nthreshold_pace_s_per_km = 265"

WEEKLY_VOLUME = """
    select week_start_date, sport_type, activity_count,
        round(distance_m / 1000, 1) as distance_km, round(moving_time_s / 3600, 1) as moving_h,
        round(distance_m_4w_avg / 1000, 1) as distance_km_4w_avg
    from marts.weekly_volume
    where activity_count > 0
    order by week_start_date desc, distance_m desc limit 8
"""
WEEKLY_PACE = """
    select week_start_date, sport_type, activity_count,
        clock(pace_s_per_km) as pace_per_km,
        clock(pace_s_per_km_4w) as pace_per_km_4w,
        clock(gap_pace_s_per_km) as gap_per_km,
        round(average_heartrate_bpm) as heartrate_bpm
    from marts.weekly_pace
    where sport_type = 'Run'
    order by week_start_date desc limit 6
"""


# Runs `make COMMAND` with variables of make; returns its exit status.
Make = Callable[..., int]


def main() -> int:
    source = os.environ.get("SOURCE") or "api"
    if source not in SOURCES:
        print(f"SOURCE is {source!r}, must be one of {', '.join(SOURCES)}", file=sys.stderr)
        return 2
    playground = Path(os.environ.get("PLAYGROUND") or "Playground") / "demo"
    begun = time.monotonic()
    status = SOURCES[source](playground, _maker(playground, source))
    if status:
        return status
    with duckdb.connect(str(playground / "marts.duckdb"), read_only=True) as marts:
        for title, query in (("marts.weekly_volume", WEEKLY_VOLUME), ("marts.weekly_pace", WEEKLY_PACE)):
            print(f"\n{title}, the newest rows:")
            marts.sql(query).show(max_width=120)
    print(f"\nDone in {time.monotonic() - begun:.0f} s. Type next:")
    to_type = Playground(playground).to_type
    print(f'  {to_type("make sql")} Q="select * from weekly_volume limit 5"')
    print(f"  {to_type('make report')}")
    print(NEXT[source])
    return 0


def from_api(playground: Path, make: Make) -> int:
    """Download from a simulated Strava."""
    print(f"A simulated Strava starts on this machine; everything goes to {_place(playground)}", flush=True)
    with SimulatedStrava(_history(), read_limit=(2000, 20000), overall_limit=(4000, 40000)) as strava:
        make_playground(playground, strava, ATHLETE)
        # Each demo is a new simulated Strava, which knows no token of the last one.
        (playground / "tokens.json").unlink(missing_ok=True)
        return make("extract") or make("transform")


def from_archive(playground: Path, make: Make) -> int:
    """Import the bulk export, with neither an account nor a server."""
    print(f"A made-up athlete's bulk export of Strava is imported; everything goes to {_place(playground)}")
    playground.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = playground / "config.toml"
    config.touch(mode=0o600)
    config.write_text(ATHLETE + "\n")
    archive = playground / "export.zip"
    print(f"Writing {archive}, as Strava would send it", flush=True)
    archive.touch(mode=0o600)
    training = _history()
    with Steps() as steps:
        steps.begin("writing the archive")
        write_export(archive, training)
    return make("import", ARCHIVE=str(archive)) or make("transform")


def _history() -> list[Activity]:
    with Steps() as steps:
        steps.begin("making up some years of training")
        return demo_history()


SOURCES = {"api": from_api, "archive": from_archive}
NEXT = {
    "api": 'and for your own Strava account: the README\'s section "Your own Strava account"',
    "archive": "and for your own: ask Strava for your archive (Settings, My Account, Download or Delete Your "
    "Account,\nRequest Your Archive), then `make import ARCHIVE=path/to/export.zip` and `make transform`",
}


def _place(playground: Path) -> str:
    goes_on = (playground / "strava.duckdb").exists()
    return f"{playground} ({'going on from the last demo' if goes_on else 'a fresh start'})"


def _maker(playground: Path, source: str) -> Make:
    interrupted: list[int] = []
    # Ctrl-C reaches the command that is at work, too: it ends by itself, and loses nothing.
    signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))

    def make(command: str, **variables: str) -> int:
        status = 0
        if not interrupted:
            told = "".join(f" {name}={value}" for name, value in variables.items())
            print(f"\n$ make {command}{told}", flush=True)
            environment = {**os.environ, "PLAYGROUND": str(playground), **variables}
            command_line = [sys.executable, "-m", "pipelines", command]
            status = subprocess.run(command_line, env=environment, check=False).returncode
        if interrupted:
            print(f"The demo was interrupted; nothing is lost: type `make demo SOURCE={source}` to go on.")
        return 1 if interrupted else status

    return make


if __name__ == "__main__":
    sys.exit(main())
