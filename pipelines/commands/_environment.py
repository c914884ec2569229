"""The environment of the programs that we start: named, so that no secret of the user's comes along by chance."""

import os

# What says where programs and folders are, and how texts are written; and what an editor or pager is called.
KEPT = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE",
    "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES", "EDITOR", "VISUAL", "PAGER",
}  # fmt: skip
# The second is of our own tests: a clock that is ahead, processes that are forked.
KEPT_PREFIXES = ("LC_", "TESTS_")


def plain_environment() -> dict[str, str]:
    """Return what of our environment others may have: no setting, no secret (`SOURCES__…`, `AWS_…`, `PIP_…`)."""
    return {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
