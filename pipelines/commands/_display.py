"""What a person sees while a command works: one line that moves on a terminal, a few plain lines elsewhere."""

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipelines.errors import visible
from pipelines.locks import Wait

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

# Elsewhere than on a terminal the numbers are told this often: a run of some seconds needs no line.
LINE_EVERY_S = 10
# A wait that is over sooner is not worth a word.
PATIENCE_S = 1


class Display:
    """A line on stderr which a thread keeps moving, whatever the command does meanwhile.

    A command that shows the output of another program `is_quiet`: it draws nothing.
    """

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
        self.is_terminal = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._bar: Bar | None = None
        self._next_line_at = time.monotonic() + LINE_EVERY_S
        self._last_line = ""
        self._waiting_since: float | None = None
        self._told = ""

    def __enter__(self) -> Self:
        if self.is_terminal and not self.is_quiet:
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("starting", total=None, count="", figures="")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line above the moving one."""
        if self._bar:
            self._bar.console.print(visible(text), markup=False, highlight=False, soft_wrap=True)
        else:
            print(visible(text), file=sys.stderr, flush=True)

    def draw(self, what: str, figures: str = "", *, done: int = 0, total: int | None = None) -> None:
        """Show what is being done, and how many of how many; elsewhere than on a terminal every few seconds."""
        self._waiting_since = None
        count = f"{done}/{total}" if total is not None else ""
        if self._bar:
            self._bar.update(
                self._task,
                description=visible(what),
                completed=done,
                total=total,
                count=count,
                figures=visible(figures),
            )
        elif time.monotonic() > self._next_line_at:
            self._line(", ".join(filter(None, (" ".join(filter(None, (what, count))), figures))))

    def wait(self, waiting: Wait) -> None:
        """Say for what the command waits once that has lasted a while; called over and over meanwhile."""
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        if now - self._waiting_since < PATIENCE_S:
            return
        text = f"waiting for {waiting.what}"
        if text != self._told:
            self._told = text
            self.say(f"{text}: Ctrl-C is safe; {waiting.meanwhile}")
        if self._bar:
            self._bar.update(self._task, description=visible(text), total=None)

    def _line(self, text: str) -> None:
        if text != self._last_line and not self.is_quiet:
            self.say(text)
        self._last_line = text
        self._next_line_at = time.monotonic() + LINE_EVERY_S


class Steps(Display):
    """The steps of a command, one after the other."""

    def begin(self, step: str) -> None:
        """Show a step; elsewhere than on a terminal it is a line."""
        self.draw(step)
        if self._bar:
            self._bar.refresh()  # however short it is
        else:
            self._line(step)

    def check_stop(self, waiting: Wait | None = None) -> None:
        """Tell what is waited for: a `check_stop` that ends no wait, as Ctrl-C ends this command by itself."""
        if waiting is not None:
            self.wait(waiting)


def _bar() -> "Bar":
    """Return rich's line; it is cut off on a narrow terminal, as one that is broken in two is not drawn over."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    def text(form: str, *, ratio: int | None = None) -> TextColumn:
        column = Column(no_wrap=True, overflow="ellipsis", ratio=ratio)
        return TextColumn(form, markup=False, table_column=column)

    return Progress(
        SpinnerColumn("line"),
        TimeElapsedColumn(),
        text("{task.description}"),
        BarColumn(bar_width=16),
        text("{task.fields[count]}"),
        text("{task.fields[figures]}"),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=5,
    )
