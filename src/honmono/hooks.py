"""The decorator of methods that subclasses may override, although they are not abstract."""

from collections.abc import Callable
from typing import Any, TypeVar


Method = TypeVar("Method", bound=Callable[..., Any])


def hook(method: Method) -> Method:
    """Marks a public method whose body returns a constant or its argument, so that a subclass may override it.

    No other concrete method is overridden, and an override never calls `super()`; a test checks both.
    """
    return method
