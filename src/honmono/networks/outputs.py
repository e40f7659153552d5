"""What stands at a network's two ends: labels going in, bounded values coming out."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from honmono.errors import Refused


Output = Literal["linear", "tanh", "sigmoid"]


def full(value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """In float32, or in float64 when given in it: losses and statistics are never computed in less."""
    return value if value.dtype == torch.float64 else value.float()


def bounded(value: Float[Tensor, "..."], output: Output) -> Float[Tensor, "..."]:
    """The output function, never in less than float32: bfloat16 has no numbers between 0.996 and 1, so it would
    saturate a sigmoid early and draw coarse whites. float64 stays float64."""
    if output == "linear":
        return value
    return full(value).tanh() if output == "tanh" else full(value).sigmoid()


def with_label(
    value: Float[Tensor, "batch features"], label: Int[Tensor, " batch"] | None, num_classes: int
) -> Float[Tensor, "batch features_and_classes"]:
    """`value` and behind it the one-hot label: (batch, features + num_classes); unchanged without classes."""
    if num_classes == 0:
        return value
    assert label is not None, "a conditional network needs labels"
    return torch.cat([value, functional.one_hot(label, num_classes).to(value.dtype)], dim=1)


def with_embedding(
    latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None, embedding: nn.Embedding | None
) -> Float[Tensor, "batch latent_and_embedding"]:
    """`latent` and behind it the label's embedding; unchanged without one."""
    if embedding is None:
        return latent
    assert label is not None, "a conditional generator needs labels"
    return torch.cat([latent, embedding(label).to(latent.dtype)], dim=1)


def with_label_maps(
    sample: Float[Tensor, "batch channels height width"], label: Int[Tensor, " batch"] | None, num_classes: int
) -> Float[Tensor, "batch channels_and_classes height width"]:
    """`sample` and behind its channels one map for each class, 1 all over for the label's and 0 for the others'."""
    if num_classes == 0:
        return sample
    assert label is not None, "a conditional network needs labels"
    maps = functional.one_hot(label, num_classes).to(sample.dtype)[:, :, None, None]
    return torch.cat([sample, maps.expand(-1, -1, *sample.shape[2:])], dim=1)


def square_size(sample_shape: tuple[int, ...]) -> int:
    """The side of square pictures of `sample_shape`; anything else is refused."""
    if len(sample_shape) != 3 or sample_shape[1] != sample_shape[2]:
        raise Refused(f"this network makes square pictures, not samples of shape {sample_shape}; try an MLP recipe")
    return sample_shape[1]
