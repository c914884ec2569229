"""What is loaded is let go: memory does not grow with the history."""

import os
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT

# Ten batches of one activity; prints what Arrow holds at the end, in batches.
PROGRAM = """
import sys
from pathlib import Path
import pyarrow as pa
from pipelines.commands import _drive
from pipelines.commands._background import Background
from pipelines.commands._progress import Progress, Words
from pipelines.commands._tally import Tally
from pipelines.events import Rows
from pipelines.playground import Playground
from pipelines.tables import STREAMS
from pipelines.warehouse.load import Loader

_drive.COMMIT_BYTES = 0
COUNT = 20_000

def batch(id_):
    columns = {name: pa.nulls(COUNT, field.type) for name, field in zip(STREAMS.columns, STREAMS.schema())}
    columns |= {"activity_id": pa.repeat(pa.scalar(id_, pa.int64()), COUNT), "sample_index": pa.array(range(COUNT), pa.int32())}
    return Rows({"streams": pa.table(columns, schema=STREAMS.schema())})

playground = Playground(Path(sys.argv[1]))
loader = Loader(playground, lambda: None)
loader.resume()
size = batch(0).nbytes
tally = Tally()
background = Background((batch(id_) for id_ in range(10)), lambda event: 1, 1)
_drive.Drive(background, loader, tally, Progress(tally, Words("", "", lambda: "")), lambda _=None: None).run()
print(pa.total_allocated_bytes() / size)
"""


def test_what_is_loaded_is_let_go(tmp_path: Path) -> None:
    playground = tmp_path / "playground"
    playground.mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(playground)],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 3
