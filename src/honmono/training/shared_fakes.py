"""Fakes on named draws, made once for all updates of a step that share them."""

from collections.abc import Callable

from torch import Tensor

from honmono.objectives.base import Draws
from honmono.recipe.updates import PlayerName, Update, every_update
from honmono.recipe.value import Recipe


class SharedFakes:
    """What the generator makes of draws that an update of the discriminator and a later one of its own name alike.

    The generator's update goes back through the very pass that made the discriminator's fakes, as in the source of
    gan-mnist-article, `fake` and `fake.detach()`. They are valid until the generator changes. Losses get them detached:
    torch cannot compile a loss of a tensor that comes out of a graph without a warning. A recipe that accumulates
    gradients over parts of a batch, to save memory, shares none.
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
        """The fakes that an update shares with others, detached from the generator; None where it makes its own."""
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

    def invalidate(self, player: PlayerName) -> None:
        """To be called when a player's weights have changed, and for the generator at the end of a step."""
        if player == "generator":
            self._made.clear()
