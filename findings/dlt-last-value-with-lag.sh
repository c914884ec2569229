#!/usr/bin/env bash
# dlt 1.31.0: with `lag`, an incremental's `last_value` is not the last value but the last value less the lag.
#
# A cursor with a lag re-reads a window before the newest row. One would guess that `start_value` is where that
# window begins and `last_value` the newest row that was loaded, which is what pipeline state holds under that very
# name. Seen: in the second run both properties give the beginning of the window; whoever carries `last_value` on
# (as with `advance`, when an API filters by itself) moves the cursor back by the lag in each run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'dlt[duckdb]==1.31.0' 'duckdb==1.5.6' 'sqlglot<30.22'
cat >look.py <<'PYTHON'
import datetime as dt
import sys

import dlt

NEWEST = dt.datetime(2026, 5, 10, tzinfo=dt.UTC)
DAY_S = 86400
seen = []


@dlt.resource(name="activities", primary_key="id")
def activities(start=dlt.sources.incremental[dt.datetime]("start_date", lag=3 * DAY_S)):
    state = dlt.current.resource_state()["incremental"]["start_date"]["last_value"]
    seen.append([value and f"{value:%Y-%m-%d}" for value in (start.start_value, start.last_value, state)])
    yield {"id": 1, "start_date": NEWEST}


pipeline = dlt.pipeline("lag", pipelines_dir="pipelines", destination=dlt.destinations.duckdb("lag.duckdb"))
for _ in range(2):
    pipeline.run(activities())
    print("start_value, last_value, last_value in state:", *seen[-1])
sys.exit(seen != [[None, None, None], ["2026-05-07", "2026-05-07", "2026-05-10"]])
PYTHON
RUNTIME__DLTHUB_TELEMETRY=false RUNTIME__LOG_LEVEL=CRITICAL venv/bin/python look.py
