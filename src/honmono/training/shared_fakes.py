"""Fakes that several updates of a step share, generated once."""

from collections.abc import Callable

from torch import Tensor

from honmono.objectives.base import Draws, PlayerName
from honmono.recipe.updates import Update, every_update
from honmono.recipe.value import Recipe


class SharedFakes:
    """Keeps the fakes of draws that a discriminator update and a later generator update of a step have by the same
    name.

    The generator's update backpropagates through the forward pass that generated the discriminator's fakes, like `fake`
    and `fake.detach()` in the source of gan-mnist-article. Fakes are valid until the generator changes. Losses get them
    detached, since torch compiles a loss of a non-leaf tensor only with a warning. With gradient accumulation, which
    saves memory, nothing is shared.
    """

    def __init__(self, recipe: Recipe, make: Callable[[Tensor, Tensor | None], Tensor]) -> None:
        self._make = make
        self._names = names_of_shared(recipe)
        self._made: dict[tuple[str | None, int], Tensor] = {}

    def of(self, update: Update, draws: Draws) -> Tensor | None:
        """The fakes that an update shares with others, detached; None if it generates its own."""
        if update.draws not in self._names:
            return None
        key = (update.draws, len(draws.latent))
        if update.player == "generator":
            return self._made[key].detach().requires_grad_() if key in self._made else None
        if key not in self._made:
            self._made[key] = self._make(draws.latent, draws.label)
        return self._made[key].detach()

    def backward(self, update: Update, fake: Tensor | None) -> None:
        """Backpropagates the generator's loss from the shared fakes to the weights."""
        if update.player == "generator" and fake is not None:
            made = self._made.pop((update.draws, len(fake)))
            if fake.grad is not None:  # None if the objective did not use them
                made.backward(fake.grad)

    def invalidate(self, player: PlayerName) -> None:
        """Must be called when a player's weights have changed, and for the generator at the end of a step."""
        if player == "generator":
            self._made.clear()


def names_of_shared(recipe: Recipe) -> set[str]:
    """The names of the draws whose fakes are shared."""
    program = every_update(recipe.updates) if recipe.training.accumulate == 1 else []
    return {
        late.draws
        for place, late in enumerate(program)
        for early in program[:place]
        if late.draws is not None and (early.player, late.player) == ("discriminator", "generator")
        if early.draws == late.draws
    }
