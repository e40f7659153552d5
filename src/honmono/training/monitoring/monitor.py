"""Warnings during training, with settings to try: mode collapse, a player that has won, memorisation.

The checks depend on the step only, use their own random numbers, and do not change the training.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from honmono.randomness import preserve_rng_state
from honmono.runs import recorded_warnings
from honmono.runs.directory import RunDirectory
from honmono.training.monitoring.collapse import ALL, Collapse
from honmono.training.monitoring.health import Health
from honmono.training.monitoring.memorisation import MemorisationCheck
from honmono.training.monitoring.remedies import against_memorising, against_winning
from honmono.training.trainer import Trainer


CHECK_EVERY = 50  # steps
MEMORY_EVERY = 500  # steps
COLLAPSE, MEMORISED = "collapse", "memorised"
MEMORISED_RATIO = 0.5  # above it held-out pictures are scored more like fakes than like training pictures
CHECKS = 2  # consecutive checks that must agree


class Monitor:
    """Warns once of each problem until it has ended, in the writing process, and records the warnings in the run.

    say: prints a line for the user.
    """

    def __init__(self, trainer: Trainer, run: RunDirectory, say: Callable[[str], None]) -> None:
        self._trainer, self._run, self._say = trainer, run, say
        self._health, self._memory = Health(trainer.recipe.objective), MemorisationCheck(trainer)
        self._active = {kind: set(classes) for kind, classes in recorded_warnings.active(run).items()}
        before = self._active.get(COLLAPSE)
        self._collapse = Collapse(trainer, () if before is None else before or {ALL})
        self._memorised = 0  # consecutive checks
        # A sampler of many steps takes as much longer for a check.
        self._every = CHECK_EVERY * trainer.recipe.sampler.evaluations

    def active(self) -> list[str]:
        """The kinds of the warnings that apply now."""
        return sorted(self._active)

    def broken(self, steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> str | None:
        """The first loss that is NaN or infinite, and its step, as a text; None if there is none."""
        return self._health.broken(steps, rows)

    def losses(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Checks the losses of the latest steps."""
        saturated = {one.winner: one.text for one in self._health.saturated(rows)}
        for player in self._trainer.networks:
            kind = f"{player}_won"
            if player in saturated and kind not in self._active:
                self._warn(kind, (), saturated[player], against_winning(self._trainer.recipe, player, self._pictures))
            elif player not in saturated and kind in self._active and self._health.full:
                self._end(kind, (), f"the {player}'s lead has ended")

    def check(self) -> None:
        """Checks samples at fixed intervals of steps. Call it after each step."""
        step = self._trainer.clock.step
        if not self._trainer.engine.writes or step % self._every:
            return
        with preserve_rng_state(self._trainer.engine.device):
            self._check_variety(step // self._every)
            if step % MEMORY_EVERY == 0:
                self._check_memorisation()

    def _check_variety(self, number: int) -> None:
        found = self._collapse.check(number)
        if found.recovered:
            names = f" of {', '.join(found.recovered)}" if found.recovered != [ALL] else ""
            self._end(COLLAPSE, found.recovered, f"the generator's samples are varied again{names}")
        if found.collapsed:
            self._warn(COLLAPSE, found.collapsed, found.text, found.tries)

    def _check_memorisation(self) -> None:
        found = self._memory.check()
        self._memorised = self._memorised + 1 if found is not None and found.ratio > MEMORISED_RATIO else 0
        if found is not None and self._memorised >= CHECKS and MEMORISED not in self._active:
            self._warn(MEMORISED, (), found.text, against_memorising(self._trainer.recipe))
        elif found is not None and self._memorised == 0 and MEMORISED in self._active:
            self._end(MEMORISED, (), "the discriminator no longer scores held-out pictures like fakes")

    def _warn(self, kind: str, classes: Collection[str], text: str, tries: Sequence[str]) -> None:
        clock, named = self._trainer.clock, [name for name in classes if name != ALL]
        self._active[kind] = self._active.get(kind, set()) | set(named)
        if tries:
            text += f". Try in a new run: {', or '.join(tries)}"
        if self._trainer.engine.writes:
            self._say(f"warning: step {clock.step}: {text}")
            recorded_warnings.append(self._run, clock.step, clock.images, kind, named, text)

    def _end(self, kind: str, classes: Collection[str], text: str) -> None:
        clock, named = self._trainer.clock, [name for name in classes if name != ALL]
        left = self._active.pop(kind) - set(named)
        if left:
            self._active[kind] = left
        if self._trainer.engine.writes:
            self._say(f"step {clock.step}: {text}")
            recorded_warnings.append(self._run, clock.step, clock.images, kind, named, None)

    @property
    def _pictures(self) -> bool:
        return len(self._trainer.data_spec.sample_shape) == 3
