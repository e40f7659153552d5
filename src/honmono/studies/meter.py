"""Train a run to the moments of its study: pictures, a checkpoint and the processor time spent until then at each."""

import time
from contextlib import suppress
from dataclasses import dataclass

from torch import Tensor

from honmono.errors import Interrupted
from honmono.runs.directory import RunDirectory
from honmono.runs.json_lines import JsonLines
from honmono.studies.study import Moments
from honmono.training.options import TrainOptions
from honmono.training.recorder import Recorder
from honmono.training.session import Session, prepare


FILE = "processor_time.jsonl"  # in a run's directory
END = "the end"


@dataclass(frozen=True)
class Reading:
    """The clock of a run at one step.

    cpu_seconds: of its training steps until then, over all threads and all resumes; without logging, pictures and
        checkpoints.
    """

    step: int
    images: int
    cpu_seconds: float

    def passed(self, moments: Moments) -> list[str]:
        """The names of the moments that have passed."""
        return moments.passed(self.images, self.cpu_seconds)


def readings(run: RunDirectory) -> list[Reading]:
    """The readings of a run, in order: at its checkpoints, at its moments and at its end."""
    return [Reading(**line) for line in _lines(run).read()]


def by_moment(run: RunDirectory, moments: Moments) -> dict[str, Reading]:
    """The first reading at or after each moment that has passed, by the moment's name; and the last one, "the end"."""
    found = readings(run)
    passed = {name: one for one in reversed(found) for name in one.passed(moments)}
    in_order = {name: passed[name] for name in moments.names if name in passed}
    return in_order | ({END: found[-1]} if found else {})


def train_to_moments(options: TrainOptions, moments: Moments) -> None:
    """Trains or resumes a run until all moments have passed, or to its last step."""
    session = prepare(options)
    with session.recorder() as recorder:
        recorder.say(*session.lines)
        with suppress(_AllPassed):
            session.trainer.fit(session.steps, Meter(session, recorder, moments))


class Meter:
    """Calls a recorder after every step, and writes sample grids and a checkpoint at each moment."""

    def __init__(self, session: Session, recorder: Recorder, moments: Moments) -> None:
        self._session, self._recorder, self._moments = session, recorder, moments
        self._lines = _lines(session.run)
        self._lines.truncate(session.trainer.clock.step)
        kept = readings(session.run)
        self._cpu_seconds, self._begun = kept[-1].cpu_seconds if kept else 0.0, time.process_time()
        self._passed = kept[-1].passed(moments) if kept else []

    def after_step(self, losses: dict[str, Tensor]) -> None:
        """Records the step; ends the training by an exception where all moments have passed."""
        self._cpu_seconds += time.process_time() - self._begun
        clock = self._session.trainer.clock
        reading = Reading(clock.step, clock.images, round(self._cpu_seconds, 3))
        before, self._passed = self._passed, reading.passed(self._moments)
        at_moment = len(self._passed) > len(before)
        every = self._session.trainer.recipe.training.checkpoint_every
        # Before the checkpoint: a process that is killed between the two must not lose the time.
        kept = at_moment or clock.step % every == 0 or clock.step >= self._session.steps
        if kept:
            self._lines.append([vars(reading)])
        try:
            self._recorder.after_step(losses)
        except Interrupted:  # it has saved a checkpoint
            if not kept:
                self._lines.append([vars(reading)])
            raise
        if at_moment:
            self._recorder.sample()
            self._recorder.save()
        if at_moment and self._passed == self._moments.names:
            raise _AllPassed
        self._begun = time.process_time()


def _lines(run: RunDirectory) -> JsonLines:
    return JsonLines(run.path / FILE)


class _AllPassed(Exception):
    """All moments have passed."""
