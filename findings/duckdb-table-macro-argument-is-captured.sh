#!/usr/bin/env bash
# DuckDB 1.5.6: the argument of a table macro is put in as text, and a column of the macro's own tables may catch it.
#
# `explain(activity_id)` called beside a table (`from rides, explain(rides.ride_id)`) is a lateral join, and one would guess that
# the argument keeps the meaning it has where it is written, as that of a function does. Seen: `from rides as r, explain(ride_id)`
# finds `ride_id` among the macro's own tables first, compares the column with itself, and every ride gets the rows of all
# rides; no error. With another name on the caller's side the same call is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'duckdb==1.5.6'
cat >look.py <<'PYTHON'
import sys

import duckdb

connection = duckdb.connect()
connection.execute("create table rides as select i as ride_id, 10 * i as load from range(1, 4) as t (i)")
connection.execute(
    "create macro explain(wanted) as table select rides.load as explained from rides where rides.ride_id = wanted"
)
seen = {}
for what, call in {
    "a literal": "select explained from explain(2)",
    "another name": "select explained from (select ride_id as mine from rides) as r, explain(mine) order by all",
    "a column named alike": "select explained from rides as r, explain(ride_id) order by all",
}.items():
    seen[what] = [row[0] for row in connection.execute(call).fetchall()]
    print(f"{what}: {seen[what]}")
sys.exit(list(seen.values()) != [[20], [10, 20, 30], [10, 10, 10, 20, 20, 20, 30, 30, 30]])
PYTHON
venv/bin/python look.py
