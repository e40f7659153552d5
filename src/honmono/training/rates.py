"""The learning rates of a recipe's optimizers, by images seen or by each player's own updates."""

from collections.abc import Mapping

from torch.optim import Optimizer

from honmono.objectives.base import PlayerName
from honmono.recipe.updates import updates_made
from honmono.recipe.value import Recipe


class LearningRates:
    """Sets the learning rate of each optimizer before its step."""

    def __init__(self, recipe: Recipe, optimizers: Mapping[PlayerName, Optimizer]) -> None:
        self._recipe, self._optimizers = recipe, optimizers
        self._base = {name: one.param_groups[0]["lr"] for name, one in optimizers.items()}
        self._updates = dict.fromkeys(optimizers, 0)  # made so far, which some schedules count

    def advance(self, player: PlayerName, images: int) -> float:
        """Sets and returns the rate of a player's next update, by the images seen before this step and by its own
        updates so far."""
        schedule = self._recipe.training.learning_rates.of(player)
        factor = schedule.at(self._updates[player] if schedule.counts == "updates" else images)
        self._updates[player] += 1
        rate = self._base[player] * factor
        for group in self._optimizers[player].param_groups:
            group["lr"] = rate
        return rate

    def current(self) -> dict[PlayerName, float]:
        """Each player's learning rate in the latest step."""
        return {name: one.param_groups[0]["lr"] for name, one in self._optimizers.items()}

    def restore(self, step: int) -> None:
        """Counts the updates of so many steps."""
        self._updates = {name: updates_made(self._recipe.updates, name, step) for name in self._optimizers}
