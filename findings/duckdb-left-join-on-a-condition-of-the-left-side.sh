#!/usr/bin/env bash
# DuckDB 1.5.6: one condition on the left side alone turns a left join into a comparison of every pair of rows.
#
# `a left join b on a.k = b.k and a.flag` has an equality, so one would guess a hash join that looks at `flag` on the
# way, as the inner join and a condition on the right side get. Seen: BLOCKWISE_NL_JOIN, whose time grows with the
# product of both sides: a model over the samples of 20 activities took 10 s instead of 0.6, and its
# results are right, so that only a large history shows it. The same condition inside the key
# (`case when a.flag then a.k end = b.k`) says the same and gets the hash join.
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
connection.execute("create table a as select i as k, i % 2 = 0 as flag from range(4000) as t (i)")
connection.execute("create table b as select i as k, 2 * i as v from range(4000) as t (i)")
JOINS = {
    "left, condition on the left side": "a left join b on a.k = b.k and a.flag",
    "left, condition inside the key": "a left join b on case when a.flag then a.k end = b.k",
    "left, condition on the right side": "a left join b on a.k = b.k and b.v > 5",
    "inner, condition on the left side": "a inner join b on a.k = b.k and a.flag",
}
seen = {}
for what, join in JOINS.items():
    plan = connection.execute(f"explain select count(v) from {join}").fetchall()[0][1]
    seen[what] = next(word for word in plan.split() if word.endswith("_JOIN"))
    rows = connection.execute(f"select count(*), count(v) from {join}").fetchall()[0]
    print(f"{what}: {seen[what]}, rows and matches {rows}")
sys.exit(list(seen.values()) != ["BLOCKWISE_NL_JOIN", "HASH_JOIN", "HASH_JOIN", "HASH_JOIN"])
PYTHON
venv/bin/python look.py
