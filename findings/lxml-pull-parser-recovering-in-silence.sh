#!/usr/bin/env bash
# lxml 6.1.3: a pull parser with recover=True gives no more events after a fault until it is closed, then all at once.
#
# Watches and web sites write "Run & swim" into a GPX file without escaping it. `recover=True` reads on, and a pull
# parser is fed piece by piece so that memory stays small: one would guess that it goes on giving events piece by
# piece. Seen: after the first such fault `read_events()` stays empty however much is fed, and `close()` brings every
# remaining event at once, so that the whole rest of the document stands in memory by then.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'lxml==6.1.3'
cat >look.py <<'PYTHON'
import sys

from lxml import etree

POINT = b'<trkpt lat="1" lon="2"></trkpt>'
seen = {}
for name in (b"Run and swim", b"Run & swim"):
    parser = etree.XMLPullParser(events=("end",), tag="trkpt", recover=True)
    parser.feed(b"<gpx><name>" + name + b"</name>")
    counts = []
    for _ in range(3):
        parser.feed(POINT * 1000)
        counts.append(sum(1 for _ in parser.read_events()))
    parser.feed(b"</gpx>")
    parser.close()
    counts.append(sum(1 for _ in parser.read_events()))
    seen[name.decode()] = counts
    print(f"{name.decode()!r}: events after each thousand points {counts[:3]}, after close() {counts[3]}")
even, late = seen.values()
sys.exit(not (min(even[:3]) > 900 and late == [0, 0, 0, 3000]))
PYTHON
venv/bin/python look.py
