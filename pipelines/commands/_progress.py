"""The display of a run of a source: what it lists, then what it asks for one by one."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.commands._display import Display
from pipelines.commands._tally import Tally
from pipelines.locks import Wait


@dataclass(frozen=True)
class Words:
    """What is said beside the numbers: of the first phase, of the second, more figures, and for what it waits."""

    listing: str
    settling: str
    figures: Callable[[], str]
    waiting: Callable[[], Wait | None] = lambda: None
    # A fault that is being tried again.
    trouble: Callable[[], str | None] = lambda: None


class Progress(Display):
    """Shows a tally's numbers."""

    def __init__(self, tally: Tally, words: Words) -> None:
        super().__init__()
        self.tally, self.words = tally, words

    def update(self) -> None:
        """Draw the numbers as they are now."""
        if waiting := self.words.waiting():
            self.wait(waiting)
            return
        tally, figures = self.tally, [self.words.trouble(), self.words.figures()]
        if tally.pending is None:
            count = tally.new + tally.changed
            told = f"{count} new or changed" if count else None
            self.draw(self.words.listing, ", ".join(filter(None, (told, *figures))))
        else:
            told = f"{tally.pending} pending"
            self.draw(
                self.words.settling,
                ", ".join(filter(None, (told, *figures))),
                done=tally.settled,
                total=tally.to_settle,
            )
