"""Reading bytes that anybody may have written: every exception of a library becomes one line."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from honmono.errors import Refused


_LONGEST = 160  # characters of a library's own words


@contextmanager
def refusing(name: str, what: str) -> Iterator[None]:
    """Turns any exception inside into `Refused`: NAME cannot be read as WHAT, and why.

    Readers of foreign bytes raise dozens of kinds, `RecursionError` and `MemoryError` among them.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{name} cannot be read as {what}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What an exception says, as one short line; its kind where it says nothing."""
    text = " ".join(str(error).split())
    if not text:
        return type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
