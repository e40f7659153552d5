"""Work on many pictures at once in memory that does not grow with their number.

The first thousand go through threads: Pillow and hashlib release the interpreter's lock, and threads start at once. All
others go through a process for each core, since with small pictures threads wait for that lock most of the time
(benchmarks/README.md, "Packing").
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from honmono.data.sources.base import Content
from honmono.data.worker import Worker


Result = TypeVar("Result")
_CHUNK_ITEMS = 32, 256  # at first, and at most
_CHUNK_SECONDS = 0.02  # that a chunk should take: less is spent on passing it on, more keeps cores idle at the end
_CHUNK_BYTES = 8 << 20
_IN_THREADS = 1024  # items
_SECONDS = 0.1  # between two drawings of a bar


def in_parallel(
    work: Callable[[Content], Result], contents: Iterable[tuple[int, Content]]
) -> Iterator[tuple[int, Result]]:
    """`(index, work(content))` for each (index, content), in the order in which they come.

    work: a function that `pickle` can name, for it is also called in other processes.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1:
        return ((index, work(content)) for index, content in contents)
    return _in_parallel(work, contents, cores)


def _in_parallel(
    work: Callable[[Content], Result], contents: Iterable[tuple[int, Content]], cores: int
) -> Iterator[tuple[int, Result]]:
    waiting: deque[tuple[list[int], Future[list[Result]]]] = deque()
    workers, pace = _Workers(), _Pace()
    taken = 0
    with ThreadPoolExecutor(cores, thread_name_prefix="honmono-data") as pool:
        try:
            for indices, chunk in _chunks(contents, pace):
                far = taken >= _IN_THREADS
                waiting.append((indices, pool.submit(pace.timed, workers.work if far else _work_here, work, chunk)))
                taken += len(indices)
                if len(waiting) >= 2 * cores:
                    yield from _finished(*waiting.popleft())
            while waiting:
                yield from _finished(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()
            workers.close()


class _Pace:
    """How many items are worked on at a time."""

    def __init__(self) -> None:
        self.items, self._most = _CHUNK_ITEMS

    def timed(
        self,
        run: Callable[[Callable[[Content], Result], list[Content]], list[Result]],
        work: Callable[[Content], Result],
        chunk: list[Content],
    ) -> list[Result]:
        """Runs a chunk, and learns from the time that it takes."""
        started = time.monotonic()
        results = run(work, chunk)
        seconds = max(time.monotonic() - started, 1e-6)
        self.items = max(1, min(self._most, round(len(chunk) * _CHUNK_SECONDS / seconds)))
        return results


class _Workers:
    """A worker for each thread that asks for one."""

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self._all: list[Worker] = []

    def work(self, work: Callable[[Content], Result], chunk: list[Content]) -> list[Result]:
        worker: Worker | None = getattr(self._of_thread, "worker", None)
        if worker is None:
            try:
                worker = self._of_thread.worker = Worker()
            except OSError:  # no more processes are allowed
                return _work_here(work, chunk)
            self._all.append(worker)
        return worker.work(work, chunk)

    def close(self) -> None:
        for worker in self._all:
            worker.close()


def _work_here(work: Callable[[Content], Result], chunk: list[Content]) -> list[Result]:
    return [work(content) for content in chunk]


def _finished(indices: list[int], future: "Future[list[Result]]") -> Iterator[tuple[int, Result]]:
    return zip(indices, future.result(), strict=True)


def _chunks(contents: Iterable[tuple[int, Content]], pace: _Pace) -> Iterator[tuple[list[int], list[Content]]]:
    indices: list[int] = []
    chunk: list[Content] = []
    size = 0
    for index, content in contents:
        indices.append(index)
        chunk.append(content)
        size += len(content) if isinstance(content, bytes) else getattr(content, "nbytes", 0)
        if len(chunk) >= pace.items or size >= _CHUNK_BYTES:
            yield indices, chunk
            indices, chunk, size = [], [], 0
    if chunk:
        yield indices, chunk


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
