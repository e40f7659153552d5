"""The layers of a generator that see its latents first, found by calling it, whatever its class."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.generation.model import Model
from honmono.networks.batch_norm import sampling
from honmono.recipe.latents import Vector
from honmono.recipe.samplers import Direct


PARALLEL = 1 - 1e-4  # the least cosine between the latent and what the first layer takes, which may be normalised


class Call(NamedTuple):
    """A call of a layer, with its input."""

    layer: nn.Module
    taken: Tensor


def refuse_without_vectors(model: Model) -> int:
    """The number of dimensions of the latent. Raises `Refused` for what is no generator of pictures from vectors."""
    if model.range is None:
        raise Refused("directions need pictures, and this run generates points")
    if not isinstance(model.recipe.latent, Vector) or not isinstance(model.sampler, Direct):
        raise Refused("directions need a GAN's latent vectors, and the samples of this run begin as noise")
    return model.recipe.latent.dim


@torch.no_grad()
def calls(model: Model, latent: Tensor, label: Tensor | None) -> tuple[list[Call], Tensor]:
    """The layers with weights in the order in which they are called, and the samples."""
    found: list[Call] = []

    def note(layer: nn.Module, taken: tuple[Tensor, ...]) -> None:
        found.append(Call(layer, taken[0]))

    hooks = [layer.register_forward_pre_hook(note) for layer in model.generator.modules() if _has_matrix(layer)]
    try:
        return found, model.ready(latent, label)
    finally:
        for hook in hooks:
            hook.remove()


def _has_matrix(layer: nn.Module) -> bool:
    """Whether its weight is more than a factor for each channel. Embeddings, which take labels, do not count."""
    weight = getattr(layer, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim > 1 and not isinstance(layer, nn.Embedding)


@torch.no_grad()
def first_matrix(model: Model) -> Float[Tensor, "outputs latent"]:
    """The matrix of the first layer, as far as it multiplies the latent, in float64.

    It is computed by calling the layer, so it may be a linear layer, a convolution, or a scaled one.
    Raises `Refused` where the first layer takes something else than the latent, or is not affine.
    """
    dim = refuse_without_vectors(model)
    device = next(model.generator.parameters()).device
    random = torch.randn(4, dim, generator=torch.Generator().manual_seed(0)).to(device)
    label = torch.zeros(4, dtype=torch.int64, device=device) if model.classes else None
    made, _ = calls(model, random, label)
    if not made or not _takes_latent(made[0].taken, random):
        raise Refused(
            "the first layer of this generator does not take the latent alone: only PCA is possible (--method pca)"
        )
    layer, taken = made[0]
    unit = taken.new_zeros(dim, *taken.shape[1:])
    unit.flatten(1)[:, :dim] = torch.eye(dim, device=device)
    with sampling(model.generator, model.recipe.sampling):
        return _matrix(layer, unit)


def _takes_latent(taken: Tensor, latent: Tensor) -> bool:
    flat = taken.flatten(1)
    if flat.shape[1] < latent.shape[1]:
        return False
    cosine = nn.functional.cosine_similarity(flat[:, : latent.shape[1]], latent)
    return bool((cosine > PARALLEL).all())


def _matrix(layer: Callable[[Tensor], Tensor], unit: Tensor) -> Tensor:
    """(outputs, rows of `unit`): what the layer makes of each, without its bias."""
    bias = layer(torch.zeros_like(unit[:1]))
    rows = (layer(unit) - bias).flatten(1)
    twice = (layer(2 * unit) - bias).flatten(1)
    if not torch.allclose(twice, 2 * rows, rtol=1e-3, atol=1e-4 * float(rows.abs().max())):
        raise Refused("the first layer of this generator is not affine: only PCA is possible (--method pca)")
    return rows.double().T
