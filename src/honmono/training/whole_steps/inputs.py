"""The inputs of a step's updates as flat tensors, each once, and back."""

from typing import NamedTuple

from torch import Tensor

from honmono.data.base import Batch
from honmono.objectives.base import Draws


class Given(NamedTuple):
    """The inputs of one update. size: the number of its real samples."""

    batch: Batch
    draws: Draws
    size: int


def flatten(given: list[Given]) -> list[Tensor]:
    """The tensors of all updates; one that several updates share is there once."""
    return list({id(tensor): tensor for one in given for tensor in _tensors(one) if tensor is not None}.values())


def refill(given: list[Given], tensors: list[Tensor]) -> list[Given]:
    """The same inputs with other tensors in place of those that `flatten` returned."""
    new = dict(zip(map(id, flatten(given)), tensors, strict=True))

    def other(tensor: Tensor) -> Tensor:
        return new[id(tensor)]

    def maybe(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else new[id(tensor)]

    return [
        Given(
            Batch(other(batch.real), maybe(batch.label)),
            draws._replace(
                latent=other(draws.latent),
                label=maybe(draws.label),
                uniform=maybe(draws.uniform),
                factors={name: other(factor) for name, factor in draws.factors.items()},
            ),
            size,
        )
        for batch, draws, size in given
    ]


def _tensors(given: Given) -> list[Tensor | None]:
    batch, draws = given.batch, given.draws
    return [batch.real, batch.label, draws.latent, draws.label, draws.uniform, *draws.factors.values()]
