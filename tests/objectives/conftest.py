"""Players for objectives that are tested without an engine."""

from collections.abc import Callable

import pytest
from torch import Tensor, nn

from honmono.objectives.base import Players


class Plain:
    """A network as a player, in its own precision."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.module(sample, label)


@pytest.fixture
def as_players() -> Callable[[nn.Module, nn.Module], Players]:
    """Makes players of a generator and a discriminator."""
    return lambda generator, discriminator: Players(Plain(generator), Plain(discriminator))
