"""A command on a pseudo-terminal: what a person would see of it."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness import ROOT, clock_of_children

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
OBEYED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """One end of a pseudo-terminal of 120 columns, whose other end a process has."""

    def __init__(self, process: "subprocess.Popen[bytes]", mine: int) -> None:
        self.process, self.mine = process, mine
        self.seen = ""
        # What this terminal says when it is asked for its colour, its kind, its cursor.
        self.answers: dict[bytes, bytes] = {}

    def until(self, is_enough: Callable[[str], object]) -> None:
        """Read on until the text so far is enough."""
        while not is_enough(self.text):
            assert self._read(), self.seen

    def rest(self, status: int = 0) -> str:
        """Read to the end; returns all that was written, without what a terminal obeys."""
        while self._read():
            pass
        assert self.process.wait(timeout=60) == status, self.seen
        return self.text

    def type(self, text: str) -> None:
        """Type it."""
        os.write(self.mine, text.encode())

    @property
    def text(self) -> str:
        """All that was written, each drawing of a line on a line of its own."""
        return OBEYED.sub("\n", COLOUR.sub("", self.seen))

    def _read(self) -> bool:
        try:
            data = os.read(self.mine, 65536)
        except OSError:  # all have closed it
            return False
        for asked, answer in self.answers.items():
            os.write(self.mine, answer * data.count(asked))
        self.seen += data.decode(errors="replace")
        return bool(data)


@contextmanager
def on_terminal(
    command: str | Sequence[str], playground: Path | None = None, cwd: Path = ROOT, **environment: str
) -> Iterator[Terminal]:
    """Run `make COMMAND`'s command, or a program by its words, on a terminal."""
    words = [sys.executable, "-m", "pipelines", command] if isinstance(command, str) else list(command)
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    place = {"PLAYGROUND": str(playground)} if playground else {}
    with subprocess.Popen(
        words,
        cwd=cwd,
        env={**os.environ, **clock_of_children(), "TERM": "xterm", **place, **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, mine)
        finally:
            if process.poll() is None:
                process.kill()
            os.close(mine)
