"""The inputs and outputs that networks share: labels as inputs, output functions, full precision."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from honmono.errors import Refused


Output = Literal["linear", "tanh", "sigmoid"]


def full(value: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The value in float32, or in float64 if it has that type: the least precision of losses and statistics."""
    return value if value.dtype == torch.float64 else value.float()


def bounded(value: Float[Tensor, "..."], output: Output) -> Float[Tensor, "..."]:
    """The output function, in float32 or float64.

    bfloat16 has no numbers between 0.996 and 1: sigmoids would saturate early, and light greys would be coarse.
    """
    if output == "linear":
        return value
    return full(value).tanh() if output == "tanh" else full(value).sigmoid()


def with_label(
    value: Float[Tensor, "batch features"], label: Int[Tensor, " batch"] | None, num_classes: int
) -> Float[Tensor, "batch features_and_classes"]:
    """`value` with the one-hot label concatenated, (batch, features + num_classes); unchanged without classes."""
    if num_classes == 0:
        return value
    assert label is not None, "a conditional network needs labels"
    return torch.cat([value, functional.one_hot(label, num_classes).to(value.dtype)], dim=1)


def with_embedding(
    latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None, embedding: nn.Embedding | None
) -> Float[Tensor, "batch latent_and_embedding"]:
    """`latent` with the label's embedding concatenated; unchanged without an embedding."""
    if embedding is None:
        return latent
    assert label is not None, "a conditional generator needs labels"
    return torch.cat([latent, embedding(label).to(latent.dtype)], dim=1)


def picture_sides(sample_shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of pictures. Raises `Refused` for points."""
    if len(sample_shape) != 3:
        raise Refused(f"this network needs pictures, not samples of shape {sample_shape}: use an MLP recipe")
    return sample_shape[1], sample_shape[2]


def square_size(sample_shape: tuple[int, ...]) -> int:
    """The side of square pictures. Raises `Refused` for any other sample shape."""
    high, wide = picture_sides(sample_shape)
    if high != wide:
        raise Refused(
            f"this network needs square pictures, not {high}x{wide} ones: give one number with --size, or train folder "
            "or dcgan-folder, whose networks take other rectangles"
        )
    return high
