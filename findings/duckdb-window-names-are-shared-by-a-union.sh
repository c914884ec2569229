#!/usr/bin/env bash
# DuckDB 1.5.6: the name of a window (`window w as …`) is known in the other parts of a union, and in a subquery, too.
#
# A WINDOW clause belongs to its own SELECT: one would guess that each part of a union may name its window alike, as in
# SQLite (here beside it) and PostgreSQL. Seen: "window "w" is already defined", by a parser error, for a union, in brackets
# as without them, and for a subquery in the list of columns. In a CTE of its own the same name is fine, so that a macro which
# writes such a SELECT works alone and fails where a template puts two of them together.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'duckdb==1.5.6'
cat >look.py <<'PYTHON'
import sqlite3
import sys

import duckdb

ranked = "select sum(load) over w as total from rides window w as (order by ride_id)"
queries = {
    "union": f"{ranked} union all {ranked}",
    "subquery": f"select load, ({ranked} limit 1) from rides window w as (order by load)",
    "with": f"with one as ({ranked}), two as ({ranked}) select * from one union all select * from two",
}
seen = {}
for name, database in {"sqlite": sqlite3.connect(":memory:"), "duckdb": duckdb.connect()}.items():
    database.execute("create table rides as select 1 as ride_id, 10 as load union all select 2, 20")
    for what, query in queries.items():
        try:
            seen[name, what] = f"{len(database.execute(query).fetchall())} rows"
        except duckdb.ParserException as error:
            seen[name, what] = str(error)
        print(f"{name}, {what}: {seen[name, what]}")
wrong = 'Parser Error: window "w" is already defined'
sys.exit(list(seen.values()) != ["4 rows", "2 rows", "4 rows", wrong, wrong, "4 rows"])
PYTHON
venv/bin/python look.py
