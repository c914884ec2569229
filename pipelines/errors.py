"""The errors that a person meets: one line each, cause first, then what to type next."""


class UserError(Exception):
    """The user has to act: configuration, authorisation, subscription, a locked file (exit status 2)."""


class RunError(Exception):
    """The run failed through no fault of the user's (exit status 1)."""


def one_line(error: BaseException) -> str:
    """The text of any exception on a single line."""
    return " ".join(str(error).split()) or type(error).__name__
