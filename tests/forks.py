"""Processes of Python in milliseconds instead of seconds: forked from one that has imported everything.

`serve()` is that one; it opens no database and starts no thread. A child of it is a process as any other: its own
pid and memory, the caller's pipes, environment, folder and inherited descriptors; a signal hits it, and so does
`kill -9`. `Process` takes the place of `subprocess.Popen` in the tests and in the children, and asks the server for
each command that begins with this Python.
"""

import array
import atexit
import contextlib
import gc
import importlib
import inspect
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import types
from pathlib import Path
from typing import Any

from tests import dbt_parsing

ROOT = Path(__file__).resolve().parent.parent
# Where the server listens: set by conftest.py for all workers.
ADDRESS = "TESTS_FORKS"
# Seconds by which a child's `time.time()` is ahead: no test sleeps until a window of the quota ends.
AHEAD_S = "TESTS_CLOCK_AHEAD_S"
# Seconds that a child waits for a warehouse which another program holds, in place of a user's patience.
LOCK_WAIT_S = "TESTS_LOCK_WAIT_S"
PRELOADED = (
    "dlt",
    "dlt.destinations.impl.duckdb.duck",
    "duckdb",
    "pyarrow",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
)
ColdProcess = subprocess.Popen


class Process(subprocess.Popen):  # type: ignore[type-arg]
    """`subprocess.Popen` whose `python -m module` and `python -c program` are forked by the server."""

    _connection: socket.socket | None = None

    def _execute_child(self, *arguments: Any) -> None:
        names = inspect.signature(ColdProcess._execute_child).parameters  # type: ignore[attr-defined]
        given = dict(zip(list(names)[1:], arguments, strict=True))
        command = given["args"]
        if not _is_ours(command) or given["start_new_session"] or ADDRESS not in os.environ:
            super()._execute_child(*arguments)  # type: ignore[misc]
            return
        pipes = [
            given[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        ]
        try:
            standard = [
                descriptor if descriptor >= 0 else number
                for number, descriptor in enumerate((pipes[0], pipes[3], pipes[5]))
            ]
            request = {
                "command": [os.fspath(part) for part in command[1:]],
                "cwd": os.fspath(given["cwd"] or Path.cwd()),
                "environment": dict(given["env"] if given["env"] is not None else os.environ),
            }
            self._connection = _connected(os.environ[ADDRESS])
            _send(self._connection, request, [*standard, *given["pass_fds"]])
            self.pid = int(_line(self._connection))
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _wait(self, timeout: float | None) -> int:
        if self._connection is None:
            return int(super()._wait(timeout))  # type: ignore[misc]
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(_line(self._connection) or -signal.SIGKILL)
            self._connection.close()
        return self.returncode

    def _internal_poll(self, *arguments: Any, **named: Any) -> int | None:
        if self._connection is None:
            return super()._internal_poll(*arguments, **named)  # type: ignore[misc, no-any-return]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._wait(0)
        return self.returncode


def _is_ours(command: Any) -> bool:
    return (
        isinstance(command, list)
        and len(command) > 2
        and command[0] == sys.executable
        and command[1] in ("-m", "-c")
    )


def _connected(address: str) -> socket.socket:
    """The server imports for some seconds before it listens."""
    connection = socket.socket(socket.AF_UNIX)
    deadline = time.monotonic() + 120
    while True:
        try:
            connection.connect(address)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return connection


def _send(connection: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    content = json.dumps(request).encode() + b"\n"
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    connection.sendmsg([content[:1]], ancillary)
    connection.sendall(content[1:])


def _line(connection: socket.socket) -> bytes:
    """One line of a few characters; the next one stays in the connection."""
    line = b""
    while not line.endswith(b"\n"):
        character = connection.recv(1)
        if not character:
            break
        line += character
    return line.strip()


# --- the server --------------------------------------------------------------------------------------------


def serve(address: str) -> None:
    """Import, then fork for each request, until stdin closes."""
    for name in PRELOADED:
        importlib.import_module(name)
    package = importlib.import_module("pipelines")
    for module in pkgutil.walk_packages(package.__path__, "pipelines."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert threading.active_count() == 1, "a fork would have none of these threads"
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest and the children
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
            assert ready
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the process itself, tell its pid, wait for its end, tell its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, descriptors = _received(connection)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request, descriptors)
    for descriptor in (0, 1, 2, *descriptors):
        os.close(descriptor)
    # Its caller may be dead, or not care.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        connection.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    content, descriptors, _, _ = socket.recv_fds(connection, 1, 64)
    while not content.endswith(b"\n"):
        content += connection.recv(65536)
    return json.loads(content), descriptors


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Run the command as this process; never returns."""
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    ahead_s = float(os.environ.get(AHEAD_S) or 0)
    if ahead_s:
        real = time.time
        time.time = lambda: real() + ahead_s
    if LOCK_WAIT_S in os.environ:
        importlib.import_module("pipelines.warehouse.file").LOCK_WAIT_S = float(os.environ[LOCK_WAIT_S])  # type: ignore[attr-defined]
    subprocess.Popen = Process  # type: ignore[misc]
    gc.enable()
    status = _run(request["command"])
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)


def _run(command: list[str]) -> int:
    """What `python COMMAND` does; returns its exit status."""
    kind, what, *arguments = command
    try:
        sys.argv[:] = [kind if kind == "-c" else what, *arguments]
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            with dbt_parsing.shared(arguments):
                module = types.ModuleType("__main__")
                sys.modules["__main__"] = module
                sys.path.insert(0, "")
                exec(compile(what, "<string>", "exec"), vars(module))  # noqa: S102 - it is what python -c does
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def launch(folder: Path) -> ColdProcess:  # type: ignore[type-arg]
    """Start the server and tell all workers of this run where it listens."""
    address = str(folder / "forks")
    server = ColdProcess([sys.executable, "-m", "tests.forks", address], cwd=ROOT, stdin=subprocess.PIPE)
    os.environ[ADDRESS] = address
    return server


if __name__ == "__main__":
    # numpy's threads would start at its import.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    serve(sys.argv[1])
