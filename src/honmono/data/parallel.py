"""Work on many pictures at once in memory that does not grow with their number.

The first thousand go through threads: Pillow and hashlib release the interpreter's lock, and threads start at once. All
others go through a process for each core, since with small pictures threads wait for that lock most of the time
(benchmarks/README.md, "Packing").
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, final

from honmono.data.sources.base import Content, size_in_memory
from honmono.data.worker import Result, Task, Worker


_CHUNK_ITEMS = 32, 1024  # at first, and at most
_CHUNK_SECONDS = 0.1  # that a chunk should take: less is spent on passing it on, more keeps cores idle at the end
_CHUNK_BYTES = 8 << 20
_IN_THREADS = 1024  # items
_SECONDS = 0.1  # between two drawings of a bar


def in_parallel(
    work: Callable[[Content], Result], contents: Iterable[tuple[int, Content]]
) -> Iterator[tuple[int, Result]]:
    """`(index, work(content))` for each (index, content), in the order in which they come.

    work: a function that `pickle` can name, for it is also called in other processes.
    """
    return run_in_parallel(_Each(work), contents)


def run_in_parallel(task: Task[Any, Result], contents: Iterable[tuple[int, Content]]) -> Iterator[tuple[int, Result]]:
    """The same with the results of a task, which sees some that follow each other together."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pace = Pace()
    if cores > 1:
        yield from _on_cores(task, contents, pace, cores)
        return
    for first, indices, chunk in _chunks(contents, pace):
        yield from zip(indices, pace.timed(task.run, first, chunk), strict=True)


@final
class _Each(Task[Result, Result]):
    """A function of each picture by itself."""

    def __init__(self, work: Callable[[Content], Result]) -> None:
        self._work = work

    def one(self, content: Content) -> Result:
        return self._work(content)

    def together(self, first: int, found: list[Result]) -> list[Result]:
        return found


def _on_cores(
    task: Task[Any, Result], contents: Iterable[tuple[int, Content]], pace: "Pace", cores: int
) -> Iterator[tuple[int, Result]]:
    waiting: deque[tuple[list[int], Future[list[Result]]]] = deque()
    workers = _Workers(task)
    with ThreadPoolExecutor(cores, thread_name_prefix="honmono-data") as pool:
        try:
            for first, indices, chunk in _chunks(contents, pace):
                run = workers.run if first >= _IN_THREADS else task.run
                waiting.append((indices, pool.submit(pace.timed, run, first, chunk)))
                if len(waiting) >= 2 * cores:
                    yield from _finished(*waiting.popleft())
            while waiting:
                yield from _finished(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()
            workers.close()


@final
class Pace:
    """How many items are worked on at a time."""

    def __init__(self) -> None:
        self.items, self._most = _CHUNK_ITEMS

    def timed(
        self, run: Callable[[int, Sequence[Content]], list[Result]], first: int, chunk: Sequence[Content]
    ) -> list[Result]:
        """Runs a chunk, and learns from the time that it takes."""
        started = time.monotonic()
        results = run(first, chunk)
        self.learn(len(chunk), time.monotonic() - started)
        return results

    def learn(self, items: int, seconds: float) -> None:
        """Takes as many from now on as take `_CHUNK_SECONDS`."""
        self.items = max(1, min(self._most, round(items * _CHUNK_SECONDS / max(seconds, 1e-6))))


class _Workers(Generic[Result]):
    """A worker for each thread that asks for one."""

    def __init__(self, task: Task[Any, Result]) -> None:
        self._task = task
        self._of_thread = threading.local()
        self._all: list[Worker] = []

    def run(self, first: int, chunk: Sequence[Content]) -> list[Result]:
        worker: Worker | None = getattr(self._of_thread, "worker", None)
        if worker is None:
            try:
                worker = self._of_thread.worker = Worker()
            except OSError:  # no more processes are allowed
                return self._task.run(first, chunk)
            self._all.append(worker)
        return worker.run(self._task, first, chunk)

    def close(self) -> None:
        for worker in self._all:
            worker.close()


def _finished(indices: list[int], future: "Future[list[Result]]") -> Iterator[tuple[int, Result]]:
    return zip(indices, future.result(), strict=True)


def _chunks(contents: Iterable[tuple[int, Content]], pace: Pace) -> Iterator[tuple[int, list[int], list[Content]]]:
    """How many items come before those of a chunk, their indices and their contents."""
    first = size = 0
    indices: list[int] = []
    chunk: list[Content] = []
    for index, content in contents:
        indices.append(index)
        chunk.append(content)
        size += size_in_memory(content)
        if len(chunk) >= pace.items or size >= _CHUNK_BYTES:
            yield first, indices, chunk
            first += len(chunk)
            indices, chunk, size = [], [], 0
    if chunk:
        yield first, indices, chunk


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Gives a function to call after each item; draws a bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    # A narrow bar, so that the numbers beside it fit into 40 columns.
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=12), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        done, drawn = 0, time.monotonic()

        def advance() -> None:
            nonlocal done, drawn
            done += 1
            if time.monotonic() - drawn >= _SECONDS:
                drawn = time.monotonic()
                bar.update(task, completed=done)

        yield advance
        bar.update(task, completed=done)
