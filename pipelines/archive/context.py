"""What the parts of one import share."""

import datetime as dt

from pipelines.archive.container import Container
from pipelines.archive.layout import layout_of
from pipelines.archive.local_time import Clocks
from pipelines.known import Archived, Known


class Context:
    """The archive, what stands already, and what has been learnt so far."""

    def __init__(self, container: Container, known: Known, now: dt.datetime, timezone: str | None) -> None:
        """Raises UserError when there is no activity in the archive."""
        self.container, self.known, self.now = container, known, now
        self.layout = layout_of(container)
        self.clocks = Clocks(known.activities.values(), timezone)
        self.athlete_id = min(known.athlete_ids, default=None)
        self.whose_is_unknown = False
        table = self.layout.activities
        # Of recordings alone each has a time of its own.
        self.modified_at = container.modified_at(table) if table else None
        archived = [a.archived.modified_at for a in known.activities.values() if a.archived]
        self.newest_known_at = max(filter(None, archived), default=None)

    def archived(self, file_name: str | None) -> Archived:
        """Return what stands in a row of where it came from."""
        modified_at = self.modified_at
        if modified_at is None and file_name is not None:
            modified_at = self.container.modified_at(file_name)
        return Archived(self.container.name, modified_at, file_name)

    def is_older_than(self, archived: Archived | None) -> bool:
        """Tell whether a row came from an archive that is newer than this one."""
        if archived is None or archived.modified_at is None or self.modified_at is None:
            return False
        return archived.modified_at > self.modified_at
