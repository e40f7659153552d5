"""Keeping a run directory while it trains: log, grids, checkpoints, health, and signals that ask it to stop."""

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
from honmono.recipe.updates import PlayerName
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory
from honmono.runs.log import Log, learning_rate_column, metric_column
from honmono.runs.trackers import Tracker
from honmono.training.monitoring.monitor import Monitor
from honmono.training.periodic_evaluation import PeriodicEvaluation
from honmono.training.progress import TrainingProgress
from honmono.training.sample_grids import SampleGrids
from honmono.training.score_maps import ScoreMaps
from honmono.training.trainer import PLAYERS, Trainer


LABELS = metric_column("label_fidelity")  # begins the column of what the progress shows too
FLUSH_EVERY = {"cpu": 10}  # steps between looks at the losses; elsewhere a look waits for the device
FLUSH_ELSEWHERE = 50
MAX_SILENCE_SECONDS = 2.0  # seconds


class Recorder:
    """Writes what a run leaves behind. In a group of processes one writes and the others only keep in step."""

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
        self._watch = Monitor(trainer, run, self.say)
        self._pending: list[tuple[int, int, float, dict[PlayerName, float], Tensor, list[str]]] = []
        self._flush_every = FLUSH_EVERY.get(self._engine.device.type, FLUSH_ELSEWHERE)
        self._seconds, self._begun = seconds, time.monotonic()
        self._flushed = (trainer.clock.images, time.monotonic())
        self._signal: int | None = None
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> "Recorder":
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous_handlers[number] = signal.signal(number, self._note)
            except ValueError:  # not in the main thread, where Python allows no handlers: the caller stops us
                pass
        if self._engine.writes:
            remove_partial(self._run.path)
            remove_partial(self._run.samples)
        if self._engine.writes and not self._trainer.clock.step:
            try:
                self._sample_grids.real()
                self._score_maps.real()
                self._picture()
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
        """Called after every step: notes the losses; logs, measures, pictures and saves when it is time."""
        step = self._trainer.clock.step
        values = torch.stack([loss.reshape(()) for loss in losses.values()])
        images, seconds = self._trainer.clock.images, self._elapsed()
        self._pending.append((step, images, seconds, self._trainer.rates(), values, list(losses)))
        self._watch.look()
        ended = step >= self._steps
        pictures = ended or step % self._training.sample_every == 0
        measures = self._evaluation.due(ended)
        saves = ended or measures or step % self._training.checkpoint_every == 0
        looks = pictures or saves or step % self._flush_every == 0 or self._output_overdue()
        if looks:
            self._flush(measures)
        if pictures and self._engine.writes:
            self._picture()
        if saves:
            self.save()
        if self._engine.anyone(self._signal is not None) if looks else self._stop_requested():
            self._stop(saved=saves)

    def say(self, line: str) -> None:
        """Tells the user one line."""
        self._progress.say(line)

    def save(self) -> None:
        """Writes a checkpoint of this moment; every process waits for it."""
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
        """Brings the pending losses to the host in one transfer; logs those that are due and looks at their health.

        measures: whether the latest step is to be measured, and what was measured to stand in its row.
        """
        if not self._pending:
            return
        steps, images, seconds, rates, values, names = zip(*self._pending, strict=True)
        self._pending = []
        rows = self._rows(values, names)
        seconds = (*seconds[:-1], self._elapsed())  # elsewhere than on the CPU the last step is done only now
        if broken := self._watch.broken(steps, rows):
            raise Diverged(f"{broken}: training has diverged. {self._last_good()}")
        self._watch.losses(rows)
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
        """What was measured, by column. It costs training no speed: its seconds do not count."""
        measured = self._evaluation.measure(self._watch.in_force()) if self._engine.writes else {}
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
        columns = {learning_rate_column(player): rates[player] for player in PLAYERS}
        cost = {"images": images, "seconds": round(seconds, 3), "images_per_second": round(speed, 1)}
        return {"step": step, **cost, **losses, **columns}

    def _write(self, rows: list[dict[str, int | float]]) -> None:
        if self._log and rows:
            self._log.append(rows)
            for tracker in self._trackers:
                for row in rows:
                    tracker.row(row)

    def _picture(self) -> None:
        path = self._sample_grids.fake(self._trainer.clock.step)
        self._score_maps.fake(self._trainer.clock.step)
        for tracker in self._trackers:
            tracker.picture(self._trainer.clock.step, path)

    def _speed(self, images: int) -> float:
        before, then = self._flushed
        now = time.monotonic()
        self._flushed = (images, now)
        return (images - before) / max(now - then, 1e-9)

    def _elapsed(self) -> float:
        """Seconds of training, those before a resume included and those of measuring left out."""
        return self._seconds + time.monotonic() - self._begun - self._evaluation.seconds

    def _check_finite(self, tensors: dict[str, dict[str, Tensor]]) -> None:
        for group in PLAYERS:
            for name, tensor in tensors[group].items():
                if not torch.isfinite(tensor).all():
                    raise Diverged(
                        f"the {group}'s {name} is no longer finite: training has diverged. {self._last_good()}"
                    )

    def _last_good(self) -> str:
        newest = checkpoints.newest(self._run.checkpoints)
        if newest is None:
            return "No checkpoint had been written yet; try lower learning rates (--set optimizers.generator.lr=...)"
        return f"The last good checkpoint is {newest}; lower learning rates often help"

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signal = number
        for other, handler in self._previous_handlers.items():  # a second signal is obeyed at once
            signal.signal(other, handler)

    def _output_overdue(self) -> bool:
        """Whether the user has seen nothing for a while. Processes must look together, so a clock cannot tell them."""
        return self._engine.processes == 1 and time.monotonic() - self._flushed[1] > MAX_SILENCE_SECONDS

    def _stop_requested(self) -> bool:
        return self._engine.processes == 1 and self._signal is not None

    def _stop(self, saved: bool) -> None:
        if not saved:
            self._flush()
            self.save()
        step = self._trainer.clock.step
        if step < self._steps:
            going_on = f"honmono train --resume {self._run.path}"
            message = f"stopped at step {step} and saved; go on with: {going_on}"
            raise Interrupted(self._signal or signal.SIGINT, message if self._engine.writes else "")
