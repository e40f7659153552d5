"""What a run warns of while it trains, in words that name a setting to try: collapse, a player that has won, memory.

The looks go by the clock, use draws of their own, and change no bit of the training.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from honmono.randomness import preserve_rng_state
from honmono.runs import warned
from honmono.runs.directory import RunDirectory
from honmono.training.monitoring.collapse import ALL, Collapse
from honmono.training.monitoring.health import Health
from honmono.training.monitoring.memorisation import MemorisationCheck
from honmono.training.monitoring.remedies import against_memorising, against_winning
from honmono.training.trainer import PLAYERS, Trainer


LOOK_EVERY = 50  # steps
MEMORY_EVERY = 500  # steps
COLLAPSE, MEMORISED = "collapse", "memorised"
LEARNT = 0.5  # of the way from pictures trained on to fakes: nearer to the fakes, held-out pictures pass for some
LOOKS = 2  # in a row


class Monitor:
    """Warns once of each thing until it is over, in the process that writes; keeps what it said in the run.

    say: tells the user a line.
    """

    def __init__(self, trainer: Trainer, run: RunDirectory, say: Callable[[str], None]) -> None:
        self._trainer, self._run, self._say = trainer, run, say
        self._health, self._memory = Health(trainer.recipe.objective), MemorisationCheck(trainer)
        self._standing = {kind: set(classes) for kind, classes in warned.standing(run).items()}
        before = self._standing.get(COLLAPSE)
        self._collapse = Collapse(trainer, () if before is None else before or {ALL})
        self._learnt = 0  # looks in a row

    def in_force(self) -> list[str]:
        """Short names of the warnings that hold at this moment."""
        return sorted(self._standing)

    def broken(self, steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> str | None:
        """Which loss stopped being a number, and when; None while all is well."""
        return self._health.broken(steps, rows)

    def losses(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Looks at what the latest steps' losses say of the players."""
        saturated = {one.winner: one.text for one in self._health.saturated(rows)}
        for player in PLAYERS:
            kind = f"{player}_won"
            if player in saturated and kind not in self._standing:
                self._warn(kind, (), saturated[player], against_winning(self._trainer.recipe, player, self._pictures))
            elif player not in saturated and kind in self._standing and self._health.full:
                self._end(kind, (), f"the {player} no longer wins outright")

    def look(self) -> None:
        """Looks at samples where it is time, by the clock. Call it after each step."""
        step = self._trainer.clock.step
        if not self._trainer.engine.writes or step % LOOK_EVERY:
            return
        with preserve_rng_state(self._trainer.engine.device):
            self._look_at_variety(step // LOOK_EVERY)
            if step % MEMORY_EVERY == 0:
                self._look_at_memory()

    def _look_at_variety(self, number: int) -> None:
        found = self._collapse.look(number)
        if found.over:
            names = f" of {', '.join(found.over)}" if found.over != [ALL] else ""
            self._end(COLLAPSE, found.over, f"the generator draws various samples again{names}")
        if found.new:
            self._warn(COLLAPSE, found.new, found.text, found.tries)

    def _look_at_memory(self) -> None:
        found = self._memory.look()
        self._learnt = self._learnt + 1 if found is not None and found.share > LEARNT else 0
        if found is not None and self._learnt >= LOOKS and MEMORISED not in self._standing:
            self._warn(MEMORISED, (), found.text, against_memorising(self._trainer.recipe))
        elif found is not None and self._learnt == 0 and MEMORISED in self._standing:
            self._end(MEMORISED, (), "the discriminator no longer takes held-out pictures for fakes")

    def _warn(self, kind: str, classes: Collection[str], text: str, tries: Sequence[str]) -> None:
        clock, named = self._trainer.clock, [name for name in classes if name != ALL]
        self._standing[kind] = self._standing.get(kind, set()) | set(named)
        if tries:
            text += f". To try in a new run: {', or '.join(tries)}"
        if self._trainer.engine.writes:
            self._say(f"warning: step {clock.step}: {text}")
            warned.append(self._run, clock.step, clock.images, kind, named, text)

    def _end(self, kind: str, classes: Collection[str], text: str) -> None:
        clock, named = self._trainer.clock, [name for name in classes if name != ALL]
        left = self._standing.pop(kind) - set(named)
        if left:
            self._standing[kind] = left
        if self._trainer.engine.writes:
            self._say(f"step {clock.step}: {text}")
            warned.append(self._run, clock.step, clock.images, kind, named, None)

    @property
    def _pictures(self) -> bool:
        return len(self._trainer.data_spec.sample_shape) == 3
