"""What a person sees while a run works: a bar on a terminal, plain lines elsewhere."""

import datetime as dt
import sys
import time
from typing import Any

LINE_EVERY_S = 10


class Progress:
    """Shows a tally's numbers; draws nothing before there is something to show."""

    def __init__(self, tally: Any, quota: Any) -> None:
        self.tally, self.quota = tally, quota
        self.bar: Any = None
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

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def say(self, text: str) -> None:
        (self.bar.console.print if self.bar else lambda line: print(line, file=sys.stderr))(text)

    def update(self) -> None:
        description, figures = self._texts()
        streaming = self.tally.pending is not None
        if self.bar:
            self.bar.update(
                self.task,
                description=description,
                figures=figures,
                completed=self.tally.done if streaming else self.tally.new + self.tally.changed,
                total=self.tally.total if streaming else None,
            )
        elif self.tally.waiting_until or time.monotonic() > self.next_line:
            count = f" {self.tally.done}/{self.tally.total}" if streaming else ""
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
