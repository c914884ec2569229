"""What a person sees while a run works: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from pipelines.commands._tally import Tally

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LINE_EVERY_S = 10


@dataclass(frozen=True)
class Words:
    """What is said beside the numbers: of the first phase, of the second, more figures, and why it waits."""

    listing: str
    settling: str
    figures: Callable[[], str]
    waiting: Callable[[], str | None] = lambda: None


class Progress:
    """Shows a tally's numbers; draws nothing before there is something to show."""

    def __init__(self, tally: Tally, words: Words) -> None:
        self.tally, self.words = tally, words
        self.bar: Bar | None = None
        self.is_terminal = sys.stderr.isatty()
        # A run of some seconds needs no line.
        self.next_line, self.last_text = time.monotonic() + LINE_EVERY_S, ""

    def __enter__(self) -> "Progress":
        if self.is_terminal:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task("listing", total=None, figures="")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.bar:
            self.bar.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if self.bar:
            self.bar.console.print(text)
        else:
            print(text, file=sys.stderr)

    def update(self) -> None:
        """Draw the numbers as they are now."""
        waiting, figures = self.words.waiting(), self.words.figures()
        description = waiting or (self.words.listing if self.tally.pending is None else self.words.settling)
        if self.tally.pending is not None:
            figures = ", ".join(filter(None, (f"{self.tally.pending} pending", figures)))
        streaming = self.tally.pending is not None
        if self.bar:
            self.bar.update(
                self.task,
                description=description,
                figures=figures,
                completed=self.tally.settled if streaming else self.tally.new + self.tally.changed,
                total=self.tally.to_settle if streaming else None,
            )
        elif waiting or time.monotonic() > self.next_line:
            count = f" {self.tally.settled}/{self.tally.to_settle}" if streaming else ""
            text = f"{description}{count}, {figures}"
            if text != self.last_text:
                print(text, file=sys.stderr, flush=True)
            self.last_text = text
            self.next_line = time.monotonic() + LINE_EVERY_S
