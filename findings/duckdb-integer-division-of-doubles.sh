#!/usr/bin/env bash
# DuckDB 1.5.6: `//` between doubles does not round down: it is the plain division.
#
# Its manual calls `//` the integer division, and of whole numbers it is one. Of a distance in metres one would guess that
# `distance // 1000` tells the kilometre, as in Python. Seen: the quotient with its fraction, and no error: a column that
# changes from BIGINT to DOUBLE turns every `//` behind it into another operation. `floor(a / b)` says what is meant.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'duckdb==1.5.6'
cat >look.py <<'PYTHON'
import sys

import duckdb

[seen] = duckdb.sql(
    """
    select
        5045 // 1000 as whole_numbers,
        5045::double // 1000 as doubles,
        typeof(5045::double // 1000) as type_of_it,
        floor(5045::double / 1000) as floor_of_it,
        (select count(distinct metres // 1000) from (select unnest(range(3000))::double as metres)) as kilometres
    """
).fetchall()
print("5045 // 1000 of whole numbers, of doubles, its type, by floor; kilometres in 3000 m:", seen)
sys.exit(seen != (5, 5.045, "DOUBLE", 5.0, 3000))
PYTHON
venv/bin/python look.py
