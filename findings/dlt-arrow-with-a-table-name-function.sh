#!/usr/bin/env bash
# dlt 1.31.0: a resource whose table name is a function loads Python dicts, and raises for the same rows in Arrow.
#
# `table_name` may be a function of the item, and dlt demands one as soon as any other hint is a function ("Table
# name must be a function if any other table hint is a function"). One would guess that the function is called for
# an Arrow table as it is for a dict: hints do not say which kind of item they are for. Seen: with an Arrow table the
# function itself is taken for the name, and the extraction ends with "'function' object has no attribute 'split'".
# What works for both kinds: `dlt.mark.with_hints(item, dlt.mark.make_hints(...))` around the item.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'dlt[duckdb]==1.31.0' 'duckdb==1.5.6' 'pyarrow==26.0.1' 'sqlglot<30.22'
cat >look.py <<'PYTHON'
import sys

import dlt
import pyarrow as pa

ITEMS = {"dicts": [{"id": 1}, {"id": 2}], "arrow": pa.table({"id": [1, 2]})}


def load(kind: str, way: str) -> str:
    named = {"table_name": lambda item: "gear"} if way == "function" else {}

    @dlt.resource(name="gear", **named)
    def gear():
        item = ITEMS[kind]
        if way == "mark":
            item = dlt.mark.with_hints(item, dlt.mark.make_hints(table_name="gear"))
        yield item

    name = f"{kind}_{way}"
    destination = dlt.destinations.duckdb(f"{name}.duckdb")
    try:
        dlt.pipeline(name, pipelines_dir="pipelines", destination=destination).run(gear())
    except Exception as error:
        return str(error.__cause__)
    return "loaded"


seen = {(kind, way): load(kind, way) for kind in ITEMS for way in ("function", "mark")}
for key, outcome in seen.items():
    print(*key, "->", outcome)
sys.exit(
    seen
    != {
        ("dicts", "function"): "loaded",
        ("dicts", "mark"): "loaded",
        ("arrow", "function"): "'function' object has no attribute 'split'",
        ("arrow", "mark"): "loaded",
    }
)
PYTHON
RUNTIME__DLTHUB_TELEMETRY=false RUNTIME__LOG_LEVEL=CRITICAL venv/bin/python look.py
