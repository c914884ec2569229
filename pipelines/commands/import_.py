"""`make import ARCHIVE=path`: Strava's bulk export, or recordings alone, come into the warehouse."""

from pathlib import Path

from pipelines import locks
from pipelines.archive.container import Container, open_container
from pipelines.commands._progress import Progress, Words
from pipelines.commands._run import SourceRun
from pipelines.errors import StoppedError, UserError, counted, one_line, visible
from pipelines.playground import Playground
from pipelines.settings import load_settings


def main(playground: Playground, archive: str) -> None:
    """Import it, and say what to type next.

    Raises:
        UserError: No archive is named, it is none, or it is another athlete's.
    """
    if not archive.strip():
        raise UserError(
            "no archive is named: type make import ARCHIVE= and the path of the zip from Strava "
            '(strava.com/athlete/delete_your_account, "Request your archive"), or of a folder of FIT, TCX and GPX files'
        )
    settings = load_settings(playground)
    container = open_container(Path(archive).expanduser())
    playground.prepare()
    with locks.one_at_a_time(playground.root, "extract", "import"):
        run = Import(playground, container, settings.import_.timezone)
        run.run()
    if run.tally.has_news:
        print(f"Type `{playground.to_type('make transform')}` to build the marts.")


class Import(SourceRun):
    """One run of the source "archive"."""

    command = "import"

    def __init__(self, playground: Playground, container: Container, timezone: str | None) -> None:
        super().__init__(playground)
        self.container, self.timezone = container, timezone

    def words(self) -> Words:
        """What the progress display says."""
        return Words("reading activities.csv", "recordings", lambda: "")

    def work(self, progress: Progress) -> None:
        """Read and load."""
        loader, known = self.prepare(progress)
        from pipelines.archive.history import everything

        self.drive(everything(self.container, known, self.started_at, self.timezone), loader, progress)

    def tell(self, stop: StoppedError | None) -> None:
        """Say what was done."""
        tally = self.tally
        files = f"{counted(tally.streams_loaded, 'recording')} loaded"
        if tally.streams_none:
            files += f", {counted(tally.streams_none, 'activity has', 'activities have')} none"
        if tally.streams_failed:
            status = self.playground.to_type("make status")
            files += f", {tally.streams_failed} could not be read (`{status}` tells why)"
        if tally.streams_unchanged:
            files += f", {counted(tally.streams_unchanged, 'was', 'were')} there under another name"
        print(
            f"{visible(self.container.called)}: {counted(tally.new, 'new activity', 'new activities')}, {tally.changed} changed; {files}"
        )
        for note in [*tally.notes, *self.container.problems]:
            print(f"note: {self.playground.hinted(visible(note))}")
        if stop is not None:
            pending = (
                f"; {counted(tally.pending, 'recording is', 'recordings are')} still to be read"
                if tally.pending
                else ""
            )
            again = self.playground.to_type(f"make import {self.container.argument}")
            print(
                f"{visible(one_line(stop))}{pending}. Nothing is lost: type `{visible(again)}` to go on later."
            )
        elif tally.is_complete and not self.container.problems:
            print("Everything is loaded.")
        else:
            print("Everything else is loaded.")
