"""Exceptions whose message the command prints as one line, without a traceback."""

import difflib
from collections.abc import Iterable, Sequence


class Refused(ValueError):
    """An invalid call (exit status 2). One line: what is wrong, and how to fix it."""


class Failed(RuntimeError):
    """A valid call that failed (exit status 1). One line: what happened, and what has been saved."""


class Diverged(Failed):
    """A training whose numbers became NaN or infinite: a result of its recipe, so trying again would not help."""


class Interrupted(Exception):
    """A signal stopped the work, after its state was saved (exit status 128 + the signal's number)."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.code = 128 + number


def first_of(names: Sequence[object], most: int, separator: str = ", ", unnamed: int = 0) -> str:
    """The first `most` names: "a, b and 3 more". unnamed: how many there are besides these names."""
    left = max(0, len(names) - most) + unnamed
    more = f" and {left:,} more" if left else ""
    return separator.join(map(str, names[:most])) + more


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the choice most similar to `word`, or "" when none is similar."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
