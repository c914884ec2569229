"""The types of the commands' options: a wrong value is told as the make variable that people type."""

from typing import ClassVar

import click

from pipelines.errors import UserError


class YesNo(click.ParamType[bool]):
    """Yes or no, in the words that people type."""

    name = "yes|no"
    answers: ClassVar = {"yes": True, "1": True, "true": True, "no": False, "0": False, "false": False}

    def __init__(self, default: bool) -> None:
        """Take blanks as `default`."""
        self.default = default

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Return the answer. Raises UserError when it is none."""
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text and text not in self.answers:
            variable = _variable(param)
            raise UserError(
                f"{variable}={text} is neither yes nor no: type {variable}={'no' if self.default else 'yes'}"
            )
        return self.answers.get(text, self.default)


class Debug(click.ParamType[bool]):
    """1 for yes. Other programs have a DEBUG of their own: what is no answer of ours means no."""

    name = "1"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Return whether it is 1."""
        return value is True or value == "1"


class OneOf(click.ParamType[str]):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        """Take blanks as the first of `words`."""
        self.words = words
        self.name = "|".join(words)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word. Raises UserError when it is another."""
        text = str(value).strip().lower() or self.words[0]
        if text not in self.words:
            variable = _variable(param)
            raise UserError(
                f"{variable}={text} is unknown: type {variable}={f' or {variable}='.join(self.words)}"
            )
        return text


class Number(click.ParamType[float]):
    """A number above 0 and below `end`."""

    def __init__(self, words: str, end: float, *, is_whole: bool = False) -> None:
        """Say `words` when it is none."""
        self.name, self.words, self.end, self.is_whole = "number", words, end, is_whole

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raises UserError when it is none."""
        text = str(value)
        try:
            number = int(text) if self.is_whole else float(text)
        except ValueError:
            number = -1
        if not 0 < number < self.end:
            raise UserError(
                f"{_variable(param)} must be {self.words}: correct it, then type `make authorize`"
            )
        return number


def _variable(param: click.Parameter | None) -> str:
    return str(param.envvar) if param is not None else "it"
