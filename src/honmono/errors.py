"""Exceptions whose message the command prints as one line, without a traceback."""

import difflib
from collections.abc import Iterable, Sequence


class Refused(ValueError):
    """An invalid call (exit 2). One line: what is wrong, and how to mend it."""


class Failed(RuntimeError):
    """A valid call that failed (exit 1). One line: what happened, and what is safe."""


class Diverged(Failed):
    """A training whose numbers are no longer finite: a result of its recipe, which no second try would change."""


class Interrupted(Exception):
    """A signal stopped the work, and what was done was saved first (exit 128 + the signal's number)."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.code = 128 + number


def first_of(names: Sequence[object], most: int, separator: str = ", ") -> str:
    """The first `most` names: "a, b and 3 more"."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return separator.join(map(str, names[:most])) + more


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the choice nearest to `word`, or an empty string when none is near."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""
