"""Fakes on named draws, made once for all updates of a step that share them."""

from collections.abc import Callable

from torch import Tensor, nn

from honmono.objectives.base import Draws, Player
from honmono.recipe.updates import PlayerName, Update, every_update
from honmono.recipe.value import Recipe


class SharedFakes:
    """What the generator makes of draws that an update of the discriminator and a later one of its own name alike.

    The generator's update goes back through the very pass that made the discriminator's fakes, as in the source of
    gan-mnist-article, `fake` and `fake.detach()`. They hold until the generator moves. Losses are given them cut off:
    torch cannot compile a loss of a tensor that comes out of a graph without a warning. A recipe that cuts its batches
    into parts to save memory shares none.
    """

    def __init__(self, recipe: Recipe, make: Callable[[Tensor, Tensor | None], Tensor]) -> None:
        self._make = make
        program = every_update(recipe.updates) if recipe.training.accumulate == 1 else []
        self._names = {
            late.draws
            for place, late in enumerate(program)
            for early in program[:place]
            if late.draws is not None and (early.player, late.player) == ("discriminator", "generator")
            if early.draws == late.draws
        }
        self._made: dict[tuple[str | None, int], Tensor] = {}

    def of(self, update: Update, draws: Draws) -> Tensor | None:
        """The fakes that an update shares with others, cut off from the generator; None where it makes its own."""
        if update.draws not in self._names:
            return None
        key = (update.draws, len(draws.latent))
        if update.player == "generator":
            return self._made[key].detach().requires_grad_() if key in self._made else None
        if key not in self._made:
            self._made[key] = self._make(draws.latent, draws.label)
        return self._made[key].detach()

    def backward(self, update: Update, fake: Tensor | None) -> None:
        """Carries the gradient of the generator's loss on from the fakes that it was given to the weights."""
        if update.player == "generator" and fake is not None:
            made = self._made.pop((update.draws, len(fake)))
            if fake.grad is not None:  # none where the objective asked for other samples
                made.backward(fake.grad)

    def forget(self, moved: PlayerName) -> None:
        """To be called when a player has moved, and for the generator at the end of a step."""
        if moved == "generator":
            self._made.clear()


class GivenFakes:
    """The generator as an objective sees it where its fakes on these draws are there already."""

    def __init__(self, player: Player, draws: Draws, fake: Tensor) -> None:
        self._player, self._draws, self._fake = player, draws, fake

    @property
    def module(self) -> nn.Module:
        return self._player.module

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        there = sample is self._draws.latent and label is self._draws.label
        return self._fake if there else self._player(sample, label)
