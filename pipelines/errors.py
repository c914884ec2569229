"""The one tree of exceptions, and how an error becomes one line for a person.

    MartsError
    ├── UserError                the user has to act                      exit status 2
    │   └── CodeRefusedError     Strava does not accept an authorisation code
    ├── RunError                 the run failed, not by the user's fault  exit status 1
    ├── StoppedError             the run ends early and cleanly           exit status 0
    │   └── InterruptedRunError  by Ctrl-C or TERM
    ├── AnswerRejectedError      not the authorisation; another answer may be
    └── ApiError                 one request was not answered as asked
        ├── TransientError       goes away by itself: retried
        ├── RefusedError         asking again at once would not help
        └── MissingScopeError    the authorisation does not cover it

The texts of UserError and RunError are one line: the cause first, then what to type next.
"""

import errno
import re
from typing import TextIO, TypeGuard

# What a terminal obeys, or what changes how the text around it reads: control characters (C0, DEL, C1), the line
# separators, marks that turn the direction of writing, and halves of a character, which cannot be printed at all.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_OBEYED_IN_LINES = re.compile(_OBEYED.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))


class MartsError(Exception):
    """Any error that this project raises on purpose."""


class UserError(MartsError):
    """The user has to act: configuration, authorisation, subscription, a locked file (exit status 2)."""


class CodeRefusedError(UserError):
    """Strava does not accept this authorisation code; another one may do."""


class RunError(MartsError):
    """The run failed through no fault of the user's (exit status 1)."""


class StoppedError(MartsError):
    """The run ends early and cleanly, with work left for the next one; the text tells why (exit status 0)."""


class InterruptedRunError(StoppedError):
    """The run was stopped by Ctrl-C or TERM."""


class AnswerRejectedError(MartsError):
    """An answer to `make authorize` that is not the authorisation; the text is for the person, without a secret."""


class ApiError(MartsError):
    """One request to Strava was not answered as asked."""


class TransientError(ApiError):
    """A fault that goes away by itself: retried with back-off, a few times."""


class RefusedError(ApiError):
    """Strava will not answer this request, and asking again at once would not help."""


class MissingScopeError(ApiError):
    """The authorisation does not cover this endpoint; the text names the scope."""


def one_line(error: BaseException) -> str:
    """Return the text of any exception on a single line."""
    return " ".join(str(error).split()) or type(error).__name__


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 day`, `2 days`, `1 activity`, `0 activities`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def visible(text: str, *, has_lines: bool = False) -> str:
    r"""Return the text with what a terminal would obey spelled out, such as `\x1b`: all text from outside is data.

    Line feeds and tabs stay in a text that `has_lines`.
    """
    return (_OBEYED_IN_LINES if has_lines else _OBEYED).sub(lambda found: escape_of(found[0]), text)


def has_all_letters(stream: TextIO) -> bool:
    """Tell whether a stream's encoding has all letters; where it has not, they are spelled out."""
    return stream.encoding.lower().startswith("utf")


def escape_json(text: str) -> str:
    """Return a JSON text in which the same characters are escaped; it says the same as before."""
    return _OBEYED_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape_of(character: str) -> str:
    """Return how Python writes a character of the basic plane."""
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def is_of_file(error: BaseException) -> TypeGuard[OSError]:
    """Tell whether it names a file or a full disk (a broken pipe or connection does not)."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC)


def of_file(error: OSError, again: str) -> UserError | RunError:
    """Explain a file that cannot be read or written; `again` is the command to type after mending that."""
    path = error.filename2 or error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return RunError(
            f"the disk is full ({path}): free some space and type `{again}`; what was loaded is safe"
        )
    return UserError(
        f"{path}: {(error.strerror or str(error)).lower()}: move it away or mend its permissions, then type `{again}`"
    )
