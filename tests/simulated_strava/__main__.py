"""`python -m tests.simulated_strava`: serves in a process of its own until stdin closes or it is terminated.

Prints one line: api_url oauth_url client_id client_secret code access_token.
"""

import argparse
import datetime as dt
import sys

from tests.simulated_strava import SimulatedStrava, demo_history, faster, uniform_history
from tests.simulated_strava.training import UNIFORM_BEGINS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--uniform", type=int, default=0, help="so many equal activities instead of the demo's"
    )
    parser.add_argument("--samples", type=int, default=3600)
    parser.add_argument("--begin", type=dt.date.fromisoformat, default=UNIFORM_BEGINS)
    arguments = parser.parse_args()
    activities = (
        uniform_history(arguments.uniform, arguments.samples, begin=arguments.begin)
        if arguments.uniform
        else demo_history()
    )
    strava = SimulatedStrava(activities, read_limit=(10**6, 10**6), overall_limit=(10**6, 10**6))
    if arguments.uniform:
        faster(strava)  # 3,000 activities of 3,600 samples are 750 MB of answers in a process of 0.8 GB
    strava.start(arguments.port)
    token = strava.issue_access_token()
    print(
        strava.api_url,
        strava.oauth_url,
        strava.client_id,
        strava.client_secret,
        strava.issue_code(),
        token,
        flush=True,
    )
    sys.stdin.read()


if __name__ == "__main__":
    main()
