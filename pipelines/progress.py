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
        self.last_line, self.last_text = 0.0, ""

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
        if self.bar:
            streaming = self.tally.pending is not None
            self.bar.update(
                self.task,
                description=description,
                figures=figures,
                completed=self.tally.done if streaming else self.tally.new + self.tally.changed,
                total=self.tally.total if streaming else None,
            )
        elif time.monotonic() - self.last_line > LINE_EVERY_S or description.startswith("waiting"):
            count = f" {self.tally.done}/{self.tally.total}" if self.tally.pending is not None else ""
            if description.startswith("waiting"):
                count = ""
            text = f"{description}{count}, {figures}"
            if text != self.last_text and (self.last_line or self.tally.waiting_until):
                print(text, file=sys.stderr, flush=True)
                self.last_text = text
            self.last_line = time.monotonic()

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
