"""Where things lie in an archive: as Strava sends it, zipped again with a folder on top, or recordings alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.archive.container import RECORDING_ENDS, Container
from pipelines.errors import UserError

ACTIVITIES = "activities.csv"
# A life of activities, their pictures included, has fewer.
MEMBERS_AT_MOST = 500_000
# Nothing else is opened: an export holds addresses and privacy zones, too.
TEXTS = ("profile.csv", "general_preferences.csv")


@dataclass(frozen=True)
class Layout:
    """The members that matter."""

    activities: str | None  # `None`: recordings alone
    texts: Mapping[str, str]  # by their names in TEXTS
    recordings: Mapping[str, str]  # by the name that activities.csv gives them, or by their own
    others: tuple[str, ...] = ()  # tables of further archives, which are left alone

    def recording(self, file_name: str) -> str | None:
        """Return the member that activities.csv means: people unpack the recordings, and pack them again."""
        for name in (file_name, file_name.removesuffix(".gz"), f"{file_name}.gz"):
            if name in self.recordings:
                return self.recordings[name]
        return None


def layout_of(container: Container) -> Layout:
    """Find the members that matter. Raises UserError where there is no activity."""
    found = container.members()
    if len(found) > MEMBERS_AT_MOST:
        raise UserError(
            f"{container.path} holds more than {MEMBERS_AT_MOST} files: type make import ARCHIVE= and the zip from Strava, "
            "or a folder of recordings"
        )
    members = [member for member in found if not _is_of_a_desktop(member)]
    tables = [member for member in members if member.rpartition("/")[2] == ACTIVITIES]
    if tables:
        table = min(tables, key=lambda member: (member.count("/"), member))
        top = table.removesuffix(ACTIVITIES)
        inside = {member.removeprefix(top): member for member in members if member.startswith(top)}
        texts = {name: inside[name] for name in TEXTS if name in inside}
        return Layout(table, texts, inside, tuple(other for other in tables if other != table))
    recordings = [member for member in members if member.lower().removesuffix(".gz").endswith(RECORDING_ENDS)]
    if not recordings:
        raise UserError(
            f"{container.path} holds no activities.csv and no FIT, TCX or GPX file: type make import ARCHIVE= and the "
            "zip from Strava, or a folder of recordings"
        )
    return Layout(None, {}, {member: member for member in recordings})


def _is_of_a_desktop(member: str) -> bool:
    """Tell whether a computer has put it there, beside the user's files."""
    return (
        member.startswith("__MACOSX/") or "/__MACOSX/" in member or member.rpartition("/")[2].startswith(".")
    )
