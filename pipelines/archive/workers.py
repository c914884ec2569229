"""Two processes read files while another one loads what they have read."""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.archive.container import Container, open_container
from pipelines.archive.reading import Read, Task, read
from pipelines.errors import UserError

PROCESSES = 2
# What is read ahead of the loading; each is some hundred kB.
AHEAD = 6
# As many or fewer are read by one: two take longer to start.
FEW = 8
# What all members may hold together, unpacked: ten lives of training have less.
ALL_BYTES_AT_MOST = 64 * 2**30


def read_all(container: Container, tasks: Iterable[Task], count: int) -> Iterator[Read]:
    """Read `count` tasks; results come in their order. A task that kills its process is one that failed."""
    if not count:
        return
    size = 0
    for result in _read_in_order(container, iter(tasks), PROCESSES if count > FEW else 1):
        size += result.size
        if size > ALL_BYTES_AT_MOST:
            raise UserError(
                f"{container.path} holds more than {ALL_BYTES_AT_MOST >> 30} GB of recordings, which is more than anybody "
                "has: what was loaded so far is safe; type make import ARCHIVE= and a smaller folder"
            )
        yield result


def _read_in_order(container: Container, waiting: Iterator[Task], processes: int) -> Iterator[Read]:
    readers = [_Reader(container.path) for _ in range(processes)]
    running: deque[tuple[Task, int]] = deque()
    try:
        while True:
            for task in islice(waiting, AHEAD - len(running)):
                busy = [which for _, which in running]
                which = min(range(processes), key=busy.count)
                readers[which].begin(task)
                running.append((task, which))
            if not running:
                return
            task, which = running.popleft()
            result = readers[which].result()
            if result is None:
                # It died, perhaps of something else than this task: once more, alone.
                readers[which].end()
                readers[which] = _Reader(container.path)
                result = _read_alone(container.path, task)
                for other, of in running:
                    if of == which:
                        readers[which].begin(other)
            yield result
    finally:
        for reader in readers:
            reader.end()


def _read_alone(path: Path, task: Task) -> Read:
    reader = _Reader(path)
    try:
        reader.begin(task)
        return reader.result() or Read(task, fault="reading it ended the process that read it")
    finally:
        reader.end()


class _Reader:
    """A process that reads one task after the other.

    Not a ProcessPoolExecutor: when one of its processes is killed it may wait for the others without end.
    """

    def __init__(self, path: Path) -> None:
        # Not a fork: dlt has threads, whose locks a fork would keep for ever.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, path), daemon=True)
        # The first process would start it, too, and once it has started Ctrl-C is let through again.
        resource_tracker.ensure_running()
        # Ctrl-C is for the command, which tells its processes; a process begins with what its parent blocks.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def begin(self, task: Task) -> None:
        """Hand a task over; where the process is gone, `result` tells."""
        with contextlib.suppress(OSError):
            self._connection.send(task)

    def result(self) -> Read | None:
        """Wait for the result of the oldest task; `None` when the process is gone."""
        try:
            found: Read = self._connection.recv()
        except (EOFError, OSError):
            return None
        return found

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(tasks: Connection, path: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    container = open_container(path)
    # It ends when the command is gone, however that ended: the other end of the connection closes.
    with contextlib.suppress(EOFError, OSError):
        while True:
            tasks.send(read(container, tasks.recv()))
