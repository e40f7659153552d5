"""Writes a run directory during training: log, sample grids, checkpoints, warnings; and stops on signals."""

import signal
import time
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from honmono.errors import Diverged, Interrupted
from honmono.files import remove_partial
from honmono.metrics.base import Metric
from honmono.objectives.base import PlayerName
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory
from honmono.runs.log import Log, learning_rate_column, metric_column
from honmono.runs.trackers import Tracker
from honmono.training.monitoring.monitor import Monitor
from honmono.training.periodic_evaluation import PeriodicEvaluation
from honmono.training.progress import TrainingProgress
from honmono.training.sample_grids import SampleGrids
from honmono.training.score_maps import ScoreMaps
from honmono.training.trainer import Trainer


LABELS = metric_column("label_fidelity")  # prefix of the log column that the progress line shows too
FLUSH_EVERY = {"cpu": 10}  # steps between transfers of losses to the host; on other devices a transfer must wait
FLUSH_EVERY_ON_GPU = 50
MAX_SILENCE_SECONDS = 2.0


class Recorder:
    """Records a run after every step. With several processes one writes, and the others wait for it."""

    def __init__(
        self,
        trainer: Trainer,
        run: RunDirectory,
        steps: int,
        trackers: Iterable[Tracker],
        seconds: float,
        lock: FileLock | None,
        metrics: Sequence[Metric] = (),
    ) -> None:
        self._lock = lock
        self._trainer, self._run, self._steps = trainer, run, steps
        self._training, self._engine = trainer.recipe.training, trainer.engine
        self._log = Log(run) if self._engine.writes else None
        self._trackers = list(trackers)
        self._sample_grids, self._score_maps = SampleGrids(trainer, run), ScoreMaps(trainer, run)
        self._progress = TrainingProgress(steps, trainer.clock.step, silent=not self._engine.writes)
        self._evaluation = PeriodicEvaluation(trainer, run, metrics, self.say)
        self._monitor = Monitor(trainer, run, self.say)
        self._pending: list[tuple[int, int, float, dict[PlayerName, float], Tensor, list[str]]] = []
        self._flush_every = FLUSH_EVERY.get(self._engine.device.type, FLUSH_EVERY_ON_GPU)
        self._seconds, self._begun = seconds, time.monotonic()
        self._flushed = (trainer.clock.images, time.monotonic())
        self._signal: int | None = None
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> "Recorder":
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous_handlers[number] = signal.signal(number, self._on_signal)
            except (
                ValueError
            ):  # Python allows handlers in the main thread only; elsewhere the caller stops the training
                pass
        if self._engine.writes:
            remove_partial(self._run.path)
            remove_partial(self._run.samples)
        if self._engine.writes and not self._trainer.clock.step:
            try:
                self._sample_grids.real()
                self._score_maps.real()
                self.sample()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)
        self._progress.close()
        for tracker in self._trackers:
            tracker.close()
        if self._log:
            self._log.close()
        if self._lock:
            self._lock.release()

    def after_step(self, losses: dict[str, Tensor]) -> None:
        """Called after every step: collects the losses; logs, measures, samples and saves at their intervals."""
        step = self._trainer.clock.step
        values = torch.stack([loss.reshape(()) for loss in losses.values()])
        images, seconds = self._trainer.clock.images, self._elapsed()
        self._pending.append((step, images, seconds, self._trainer.rates(), values, list(losses)))
        self._monitor.check()
        at_end = step >= self._steps
        samples = at_end or step % self._training.sample_every == 0
        measures = self._evaluation.due(at_end)
        saves = at_end or measures or step % self._training.checkpoint_every == 0
        flushes = samples or saves or step % self._flush_every == 0 or self._output_overdue()
        if flushes:
            self._flush(measures)
        if samples:
            self.sample()
        if saves:
            self.save()
        if self._engine.anyone(self._signal is not None) if flushes else self._stop_requested():
            self._stop(saved=saves)

    def say(self, *lines: str) -> None:
        """Prints lines for the user."""
        self._progress.say(*lines)

    def sample(self) -> None:
        """Writes the sample grids; the first process does."""
        if not self._engine.writes:
            return
        path = self._sample_grids.fake(self._trainer.clock.step)
        self._score_maps.fake(self._trainer.clock.step)
        for tracker in self._trackers:
            tracker.picture(self._trainer.clock.step, path)

    def save(self) -> None:
        """Writes a checkpoint; all processes wait for it."""
        clock = self._trainer.clock
        tensors = self._trainer.tensors()
        self._check_finite(tensors)
        if self._log:
            self._log.sync()
            state = {"images": clock.images, "seconds": round(self._elapsed(), 3)}
            best = self._evaluation.best()
            checkpoints.write(self._run.checkpoints, clock.step, tensors, state, self._training.keep, best)
        self._engine.wait()

    def _flush(self, measures: bool = False) -> None:
        """Transfers the pending losses to the host at once, checks them, and logs those of every `log_every`-th step.

        measures: whether to measure the metrics after the latest step, and to log them in its row.
        """
        if not self._pending:
            return
        steps, images, seconds, rates, values, names = zip(*self._pending, strict=True)
        self._pending = []
        rows = self._rows(values, names)
        seconds = (*seconds[:-1], self._elapsed())  # on a GPU the last step has finished only now
        if broken := self._monitor.broken(steps, rows):
            raise Diverged(f"{broken}: training has diverged. {self._last_checkpoint()}")
        self._monitor.losses(rows)
        speed = self._speed(images[-1])
        measured = self._measure() if measures else {}
        due = [i for i, step in enumerate(steps) if step == 1 or step % self._training.log_every == 0]
        if measured and due[-1:] != [len(steps) - 1]:
            due.append(len(steps) - 1)
        logged = [self._row(steps[i], images[i], seconds[i], speed, rates[i], rows[i]) for i in due]
        if measured:
            logged[-1] |= measured
        self._write(logged)
        self._progress.update(steps[-1], rows[-1], speed)

    def _measure(self) -> dict[str, float]:
        """The metrics by log column. Their time does not count as training time."""
        measured = self._evaluation.measure(self._monitor.active()) if self._engine.writes else {}
        self._flushed = (self._flushed[0], time.monotonic())
        for column, value in measured.items():
            if column.startswith(LABELS):
                self._progress.measured(f"labels {value:.2f}")
                self._sample_grids.classes()
        return measured

    def _rows(self, values: tuple[Tensor, ...], names: tuple[list[str], ...]) -> list[dict[str, float]]:
        lengths = [len(value) for value in values]
        flat = self._engine.total(torch.cat(values)).cpu().tolist()
        edges = np.cumsum([0, *lengths])
        return [dict(zip(n, flat[a:b], strict=True)) for n, a, b in zip(names, edges, edges[1:], strict=False)]

    def _row(
        self,
        step: int,
        images: int,
        seconds: float,
        speed: float,
        rates: dict[PlayerName, float],
        losses: dict[str, float],
    ) -> dict[str, int | float]:
        columns = {learning_rate_column(player): rate for player, rate in rates.items()}
        cost = {"images": images, "seconds": round(seconds, 3), "images_per_second": round(speed, 1)}
        return {"step": step, **cost, **losses, **columns}

    def _write(self, rows: list[dict[str, int | float]]) -> None:
        if self._log and rows:
            self._log.append(rows)
            for tracker in self._trackers:
                for row in rows:
                    tracker.row(row)

    def _speed(self, images: int) -> float:
        before, then = self._flushed
        now = time.monotonic()
        self._flushed = (images, now)
        return (images - before) / max(now - then, 1e-9)

    def _elapsed(self) -> float:
        """Seconds of training, including those before a resume, without those of measuring."""
        return self._seconds + time.monotonic() - self._begun - self._evaluation.seconds

    def _check_finite(self, tensors: dict[str, dict[str, Tensor]]) -> None:
        for group in self._trainer.networks:
            for name, tensor in tensors[group].items():
                if not torch.isfinite(tensor).all():
                    raise Diverged(
                        f"the {group}'s {name} is no longer finite: training has diverged. {self._last_checkpoint()}"
                    )

    def _last_checkpoint(self) -> str:
        newest = checkpoints.newest(self._run.checkpoints)
        if newest is None:
            return "No checkpoint has been written; try lower learning rates (--set optimizers.generator.lr=...)"
        return f"The last checkpoint is {newest}; try lower learning rates"

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._signal = number
        for other, handler in self._previous_handlers.items():  # a second signal stops the process immediately
            signal.signal(other, handler)

    def _output_overdue(self) -> bool:
        """Whether nothing was printed for a while. Only with one process: several must agree, and their clocks
        differ."""
        return self._engine.processes == 1 and time.monotonic() - self._flushed[1] > MAX_SILENCE_SECONDS

    def _stop_requested(self) -> bool:
        return self._engine.processes == 1 and self._signal is not None

    def _stop(self, saved: bool) -> None:
        if not saved:
            self._flush()
            self.save()
        step = self._trainer.clock.step
        if step < self._steps:
            command = f"honmono train --resume {self._run.path}"
            message = f"stopped at step {step} and saved; resume with: {command}"
            raise Interrupted(self._signal or signal.SIGINT, message if self._engine.writes else "")
