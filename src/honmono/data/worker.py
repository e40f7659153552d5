"""A second interpreter that works on pictures for this one.

A process of its own rather than of `multiprocessing`: it imports no script of the user a second time (which would need
`if __name__ == "__main__"` in it), and forks nothing beneath PyTorch's threads.
"""

import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, final

from honmono.data.sources.base import Content
from honmono.errors import Failed


class NotHere(BaseException):
    """Raised by work that a worker leaves to the process that it works for."""


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

    def work(self, work: Callable[[Content], Any], contents: Sequence[Content]) -> list[Any]:
        """`work` of each; that which a worker leaves alone is done here. Raises whatever `work` does."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            pickle.dump((work, contents), self._process.stdin, protocol=5)
            self._process.stdin.flush()
            results = pickle.load(self._process.stdout)
        except (BrokenPipeError, EOFError) as error:
            raise Failed(
                f"a process that reads pictures has ended by itself (exit code {self._process.wait()}): was there "
                "enough memory?"
            ) from error
        if isinstance(results, BaseException):
            raise results
        pairs = zip(contents, results, strict=True)
        return [work(content) if result is NotHere else result for content, result in pairs]

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
            work, contents = pickle.load(tasks)
            try:
                results: Any = [_one(work, content) for content in contents]
            except Exception as error:
                results = error
            pickle.dump(results, answers, protocol=5)
            answers.flush()


def _one(work: Callable[[Content], Any], content: Content) -> Any:
    try:
        return work(content)
    except NotHere:
        return NotHere
