"""Two processes read files while another one loads what they have read."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from pipelines.archive.container import Container, open_container
from pipelines.archive.reading import Read, Task, read

PROCESSES = 2
# What is read ahead of the loading; each is some hundred kB.
AHEAD = 6
# Fewer are read here: two processes take longer to start.
FEW = 8
_container: Container


def read_all(container: Container, tasks: Iterable[Task], count: int) -> Iterator[Read]:
    """Read `count` tasks; results come in their order. A task that kills its process is one that failed."""
    if count <= FEW:
        for task in tasks:
            yield read(container, task)
        return
    waiting = iter(tasks)
    pool = _pool(container, PROCESSES)
    running: deque[tuple[Task, Future[Read]]] = deque()
    try:
        while True:
            for task in islice(waiting, AHEAD - len(running)):
                running.append((task, pool.submit(_read, task)))
            if not running:
                return
            try:
                result = running[0][1].result()
            except BrokenProcessPool:
                # One at a time, to see which it is.
                pool.shutdown(wait=False, cancel_futures=True)
                for task, _ in running:
                    yield _read_alone(container, task)
                running.clear()
                pool = _pool(container, PROCESSES)
                continue
            running.popleft()
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(container: Container, processes: int) -> ProcessPoolExecutor:
    # Not a fork: dlt has threads, whose locks a fork would keep for ever.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, _begin, (container.path,))


def _read_alone(container: Container, task: Task) -> Read:
    with _pool(container, 1) as pool:
        try:
            return pool.submit(_read, task).result()
        except BrokenProcessPool:
            return Read(task, fault="reading it ended the process that read it")


def _begin(path: Path) -> None:
    global _container
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which tells its processes
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _container = open_container(path)


def _end_with_parent() -> None:
    """End when the command is gone, however it ended: whoever waits for tasks would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(task: Task) -> Read:
    return read(_container, task)
