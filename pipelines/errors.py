"""The errors that a person meets: one line each, cause first, then what to type next."""

import errno
from typing import TypeGuard


class UserError(Exception):
    """The user has to act: configuration, authorisation, subscription, a locked file (exit status 2)."""


class RunError(Exception):
    """The run failed through no fault of the user's (exit status 1)."""


def one_line(error: BaseException) -> str:
    """The text of any exception on a single line."""
    return " ".join(str(error).split()) or type(error).__name__


def is_of_file(error: BaseException) -> TypeGuard[OSError]:
    """Whether it names a file or a full disk (a broken pipe or connection does not)."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC)


def of_file(error: OSError, again: str) -> UserError | RunError:
    """A file that cannot be read or written; `again` is the command to type after mending that."""
    path = error.filename2 or error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return RunError(
            f"the disk is full ({path}): free some space and type `{again}`; what was loaded is safe"
        )
    return UserError(
        f"{path}: {(error.strerror or str(error)).lower()}: move it away or mend its permissions, then type `{again}`"
    )
