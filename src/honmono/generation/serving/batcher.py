"""Requests that arrive together are made by one call of the generator, in a thread of its own.

A forward always has the recipe's batch size, filled up where requests are fewer: a network's results differ in their
last bits with the number of rows, and so each picture equals the one of `honmono sample`.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from honmono.generation.model import Model, take
from honmono.generation.serving.counters import Counters


GATHER_SECONDS = 0.005  # how long the first request waits for others


class Full(Exception):
    """More samples would wait than the queue holds. seconds: when to ask again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full: ask again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, eq=False)
class Job:
    """Samples to make: the first `num` of `model.fakes(seed=..., label=...)`."""

    model: Model
    num: int
    seed: int = 0
    label: int | None = None
    made: Future[Tensor] = field(default_factory=Future)

    @property
    def alone(self) -> bool:
        """Whether its samples depend on the batch that they are in: statistics of the batch, noise drawn for it."""
        return self.model.recipe.sampling == "batch" or getattr(self.model.sampler, "eta", 0) > 0

    def goes_with(self, other: "Job") -> bool:
        """Whether one forward pass can serve both requests."""
        return self._way == other._way and not self.alone

    @property
    def _way(self) -> tuple[object, ...]:
        """How samples come from latents, which each request draws alone; styles are truncated as samples are made."""
        model = self.model
        return model.recipe.sampling, model.sampler, model.truncation if model.makes_styles else None

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The latents and labels of the request's samples."""
        draws = self.model.draws(seed=self.seed, label=self.label)
        chunks = [next(draws) for _ in range(0, self.num, self.model.recipe.training.batch_size)]
        latents, labels = (np.concatenate([chunk[part] for chunk in chunks])[: self.num] for part in (0, 1))
        return latents, labels


class Batcher:
    """A bounded queue of jobs and the thread that does them, oldest first."""

    def __init__(self, most_waiting: int, counters: Counters) -> None:
        self.most_waiting, self.counters = most_waiting, counters
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._open = True
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The number of samples that are not made yet."""
        return self._waiting

    def submit(self, job: Job) -> Future[Tensor]:
        """Queues a job, whose samples (num, *sample_shape) its future will hold. Raises `Full`."""
        with self._changed:
            if not self._open or self._waiting + job.num > self.most_waiting:
                raise Full(self.counters.seconds_for(self._waiting))
            self._waiting += job.num
            self._jobs.append(job)
            self._changed.notify()
        return job.made

    def close(self) -> None:
        """Takes no more jobs, and returns when all are done."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next():
            try:
                self._make(jobs)
            finally:
                with self._changed:
                    self._waiting -= sum(job.num for job in jobs)

    def _next(self) -> list[Job]:
        """The oldest job and all that fill its last forward; none once the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or not self._open)
            if not self._jobs:
                return []
            batch = self._jobs[0].model.recipe.training.batch_size
            self._changed.wait_for(
                lambda: sum(one.num for one in self._jobs) >= batch or not self._open, GATHER_SECONDS
            )
            first = self._jobs.popleft()
            together, free = [first], -first.num % batch
            for job in list(self._jobs):
                if job.num <= free and first.goes_with(job):
                    self._jobs.remove(job)
                    together.append(job)
                    free -= job.num
            return together

    def _make(self, jobs: list[Job]) -> None:
        """Gives each job its samples, or the exception that making them raised."""
        drawn: list[tuple[Job, tuple[np.ndarray, np.ndarray]]] = []
        for job in jobs:
            if not job.made.set_running_or_notify_cancel():  # its client has left
                continue
            try:
                drawn.append((job, job.rows()))
            except Exception as error:
                job.made.set_exception(error)
        if not drawn:
            return
        began = time.perf_counter()
        try:
            made = _samples(drawn[0][0], [rows for _, rows in drawn])
        except Exception as error:
            for job, _ in drawn:
                job.made.set_exception(error)
            return
        self.counters.batch(len(made), time.perf_counter() - began)
        for (job, _), samples in zip(drawn, made.split([job.num for job, _ in drawn]), strict=True):
            job.made.set_result(samples)


def _samples(first: Job, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> Tensor:
    """The samples of all rows, float32 on the CPU."""
    model, batch = first.model, first.model.recipe.training.batch_size
    if first.alone:
        return take(model.fakes(seed=first.seed, label=first.label), first.num).float().cpu()
    latents, labels = (np.concatenate([drawn[part] for drawn in rows]) for part in (0, 1))
    made = []
    for start in range(0, len(latents), batch):
        places = np.minimum(np.arange(start, start + batch), len(latents) - 1)  # the last row fills the batch up
        made.append(model.at(latents[places], labels[places])[: len(latents) - start].float().cpu())
    return torch.cat(made)
