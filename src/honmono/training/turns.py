"""Whose turn it is: one player is trained, and the other one is frozen."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from honmono.networks.batch_norm import batch_norms, set_modes
from honmono.objectives.base import PlayerName
from honmono.recipe.value import Recipe


class Turns:
    """Prepares networks for an update of one player; modules are searched once, not in every update."""

    def __init__(self, recipe: Recipe, networks: Mapping[PlayerName, nn.Module]) -> None:
        self._all_move = recipe.discriminator_statistics == "all"
        self._layers = batch_norms(networks["discriminator"]) if "discriminator" in networks else []
        self._trained = {name: [p for p in one.parameters() if p.requires_grad] for name, one in networks.items()}

    def set_statistics(self, player: PlayerName) -> None:
        """Whether the running statistics of the discriminator move in an update of this player, as the recipe says."""
        set_modes(self._layers, "train" if player == "discriminator" or self._all_move else "batch")

    @contextmanager
    def of(self, player: PlayerName) -> Iterator[None]:
        """A context in which no gradients of the other player's weights are computed."""
        self.set_statistics(player)
        others = [weight for name, weights in self._trained.items() if name != player for weight in weights]
        for weight in others:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in others:
                weight.requires_grad_(True)

    def clear_gradients(self, player: PlayerName) -> None:
        """Drops the gradients of a player's weights."""
        for weight in self._trained[player]:
            weight.grad = None
