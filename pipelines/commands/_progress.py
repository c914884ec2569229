"""What a person sees while a run works: a bar on a terminal, plain lines elsewhere."""

import datetime as dt
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from pipelines.commands._tally import Tally
from pipelines.strava.quota import Quota

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LINE_EVERY_S = 10


class Progress:
    """Shows a tally's numbers; draws nothing before there is something to show."""

    def __init__(self, tally: Tally, quota: Quota) -> None:
        self.tally, self.quota = tally, quota
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
        description, figures = self._texts()
        streaming = self.tally.pending is not None
        if self.bar:
            self.bar.update(
                self.task,
                description=description,
                figures=figures,
                completed=self.tally.settled if streaming else self.tally.new + self.tally.changed,
                total=self.tally.to_settle if streaming else None,
            )
        elif self.tally.waiting_until or time.monotonic() > self.next_line:
            count = f" {self.tally.settled}/{self.tally.to_settle}" if streaming else ""
            text = f"{description}{count}, {figures}"
            if text != self.last_text:
                print(text, file=sys.stderr, flush=True)
            self.last_text = text
            self.next_line = time.monotonic() + LINE_EVERY_S

    def _texts(self) -> tuple[str, str]:
        quarter, day = self.quota.left()
        figures = f"quota left {quarter} now, {day} today"
        if self.tally.pending is not None:
            figures = f"{self.tally.pending} pending, {figures}"
        until = self.tally.waiting_until
        if until:
            resets = dt.datetime.fromtimestamp(until).astimezone()
            return f"waiting for the quota until {resets:%H:%M:%S}", figures
        return "listing activities" if self.tally.pending is None else "streams", figures
