"""A second interpreter that works on pictures for this one.

A process of its own rather than of `multiprocessing`: it imports no script of the user a second time (which would need
`if __name__ == "__main__"` in it), and forks nothing beneath PyTorch's threads.
"""

import os
import pickle
import subprocess
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar, final

from honmono.data.sources.base import Content, size_in_memory
from honmono.errors import Failed
from honmono.hooks import hook


_READ_AHEAD = 1 << 18  # bytes


Found = TypeVar("Found")
Result = TypeVar("Result")


class NotHere(BaseException):
    """Raised by work that a worker leaves to the process that it works for."""


class Task(ABC, Generic[Found, Result]):
    """What is done to pictures, in this process or in others, to which `pickle` takes it."""

    @hook
    def read(self, content: Content) -> Content:
        """What `one` is given in place of a picture."""
        return content

    @abstractmethod
    def one(self, content: Content) -> Found:
        """What is found in a picture; may raise `NotHere`."""

    @abstractmethod
    def together(self, first: int, found: list[Found]) -> list[Result]:
        """What is given back of each of some pictures that follow each other; `first`: how many come before them."""

    def run(self, first: int, contents: Sequence[Content]) -> list[Any]:
        """The results, and `NotHere` in place of those that a worker leaves alone."""
        results: list[Any] = []
        found: list[Found] = []
        for content in self._read(contents):
            try:
                found.append(self.one(content))
            except NotHere:
                results += [*self.together(first + len(results), found), NotHere]
                found = []
        return results + self.together(first + len(results), found)

    def _read(self, contents: Sequence[Content]) -> Iterator[Content]:
        """Several are read before work on them begins: in turns both are slower, as each empties the other's caches."""
        ready: list[Content] = []
        size = 0
        for content in contents:
            ready.append(self.read(content))
            size += size_in_memory(ready[-1])
            if size >= _READ_AHEAD:
                yield from ready
                ready, size = [], 0
        yield from ready


_working_for_another = False


def in_worker() -> bool:
    """Whether this process is a worker."""
    return _working_for_another


@final
class Worker:
    """The other process, for one thread of this one; it ends with `close`, or with this process."""

    def __init__(self) -> None:
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for this process alone
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def run(self, task: Task[Any, Result], first: int, contents: Sequence[Content]) -> list[Result]:
        """Runs a task; what a worker leaves alone is done here. Raises whatever the task does."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            pickle.dump((task, first, contents), self._process.stdin, protocol=5)
            self._process.stdin.flush()
            results = pickle.load(self._process.stdout)
        except (BrokenPipeError, EOFError) as error:
            raise Failed(
                f"a process that reads pictures has ended by itself (exit code {self._process.wait()}): was there "
                "enough memory?"
            ) from error
        if isinstance(results, BaseException):
            raise results
        for at, result in enumerate(results):
            if result is NotHere:
                (results[at],) = task.run(first + at, [contents[at]])
        return results

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        with suppress(OSError):  # of what was being written to it
            self._process.communicate()


def serve() -> None:
    """Works until the other process closes the pipe."""
    global _working_for_another
    _working_for_another = True
    warnings.simplefilter("ignore")
    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a decoder prints
    with suppress(EOFError, BrokenPipeError):
        while True:
            task, first, contents = pickle.load(tasks)
            try:
                results: Any = task.run(first, contents)
            except Exception as error:
                results = error
            pickle.dump(results, answers, protocol=5)
            answers.flush()
