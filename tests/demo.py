"""`make demo`: the main job with no Strava account, against the simulated Strava, in Playground/demo."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from tests.harness import make_playground
from tests.simulated_strava import SimulatedStrava, demo_history

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
        strftime(to_timestamp(pace_s_per_km), '%-M:%S') as pace_per_km,
        strftime(to_timestamp(pace_s_per_km_4w), '%-M:%S') as pace_per_km_4w,
        strftime(to_timestamp(gap_pace_s_per_km), '%-M:%S') as gap_per_km,
        round(average_heartrate_bpm) as heartrate_bpm
    from marts.weekly_pace
    where sport_type = 'Run'
    order by week_start_date desc limit 6
"""


def main() -> int:
    interrupted: list[int] = []
    # Ctrl-C reaches the command that is at work, too: it ends by itself, and loses nothing.
    signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    playground = Path(os.environ.get("PLAYGROUND") or "Playground") / "demo"
    begun = time.monotonic()
    goes_on = (playground / "strava.duckdb").exists()
    print(f"A simulated Strava starts on this machine; everything goes to {playground}", end="")
    print(" (going on from the last demo)" if goes_on else " (a fresh start)")
    with SimulatedStrava(demo_history(), read_limit=(2000, 20000), overall_limit=(4000, 40000)) as strava:
        make_playground(playground, strava, "[athlete]\nftp_w = 240\nthreshold_pace_s_per_km = 265")
        # Each demo is a new simulated Strava, which knows no token of the last one.
        (playground / "tokens.json").unlink(missing_ok=True)
        environment = {**os.environ, "PLAYGROUND": str(playground)}
        for command in ("extract", "transform"):
            print(f"\n$ make {command}", flush=True)
            done = subprocess.run([sys.executable, "-m", "pipelines", command], env=environment, check=False)
            if interrupted:
                print("The demo was interrupted; nothing is lost: type `make demo` to go on.")
                return 1
            if done.returncode:
                return done.returncode
    with duckdb.connect(str(playground / "marts.duckdb"), read_only=True) as marts:
        for title, query in (("marts.weekly_volume", WEEKLY_VOLUME), ("marts.weekly_pace", WEEKLY_PACE)):
            print(f"\n{title}, the newest rows:")
            marts.sql(query).show(max_width=120)
    print(f"\nDone in {time.monotonic() - begun:.0f} s. Type next:")
    print(f'  make sql PLAYGROUND={playground} Q="select * from weekly_volume limit 5"')
    print(f"  make report PLAYGROUND={playground}")
    print('and for your own Strava account: the README\'s section "Your own Strava account"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
