"""A file that ends the process that reads it has failed, and the others go on."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.archive import workers
from pipelines.archive.container import open_container
from pipelines.archive.reading import Task
from tests.imports import ledger, members_of, names_in, start_program
from tests.simulated_strava import uniform_history
from tests.simulated_strava.export import write_export, write_unpacked


@pytest.fixture
def playground(tmp_path: Path) -> Path:
    folder = tmp_path / "playground"
    folder.mkdir(mode=0o700)
    return folder


class Deadly(str):
    """The name of a member: a process that takes it from another one ends."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return os._exit, (9,)


@pytest.mark.parametrize(("deadly", "pause_s"), [((0,), 0), ((3, 4), 0.1), ((11,), 0.1)])
def test_a_file_that_ends_its_reader_has_failed_and_the_others_go_on(
    tmp_path: Path, deadly: tuple[int, ...], pause_s: float
) -> None:
    write_unpacked(tmp_path, uniform_history(12, samples=20), only_fit=True)
    container = open_container(tmp_path / "activities")
    names = container.members()
    tasks = [Task(Deadly(name) if number in deadly else name, None) for number, name in enumerate(names)]
    reads = []
    for read in workers.read_all(container, tasks, len(tasks)):
        reads.append(read)
        time.sleep(pause_s)  # a reader may end while nobody waits for it
    assert [read.task.member for read in reads] == names
    faults = {number: read.fault for number, read in enumerate(reads) if read.fault}
    assert faults == dict.fromkeys(deadly, "reading it ended the process that read it")
    assert all(len(read.legs) == 1 for number, read in enumerate(reads) if number not in deadly)


DEADLY = """
import os, sys
from pipelines.__main__ import main
from pipelines.archive import named
from pipelines.archive.reading import Task

class Deadly(str):
    def __reduce__(self):
        return os._exit, (9,)

deadly = sys.argv[1]
named.Task = lambda member, measures: Task(Deadly(member) if member == deadly else member, measures)
sys.argv[1:] = ["import"]
sys.exit(main())
"""


def test_an_import_tells_which_file_has_ended_its_reader(playground: Path, tmp_path: Path) -> None:
    activities = uniform_history(14, samples=20)
    archive = tmp_path / "export.zip"
    write_export(archive, activities, only_fit=True)
    deadly = activities[6]
    process = start_program(DEADLY, playground, archive, names_in(members_of(archive))[deadly.id])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err == ""
    assert "13 recordings loaded, 1 could not be read" in out
    found = ledger(playground)
    assert found.pop(deadly.id) == ("failed", 0, "reading it ended the process that read it")
    assert set(found.values()) == {("loaded", 20, None)}
