"""Score samples with the discriminator, real and fake in one batch or in two."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.outputs import full


def score(
    discriminator: Callable[[Tensor, Tensor | None], Tensor], sample: Tensor, label: Tensor | None
) -> Float[Tensor, " _"]:
    """One number for each sample, in float32 or wider."""
    scores = discriminator(sample, label)
    if scores.dim() != 1:
        raise Refused(
            f"this objective needs one score for each sample, and the discriminator returns {tuple(scores.shape)}: set"
            " discriminator.outcomes=none, or take another discriminator or the objective Realness"
        )
    return full(scores)


def score_real_and_fake(
    discriminate: Callable[[Tensor, Tensor | None], Tensor],
    batch: Batch,
    fake: Tensor,
    fake_label: Tensor | None,
    together: bool,
) -> tuple[Tensor, Tensor]:
    """(outputs for reals, outputs for fakes), each with samples along its first axis.

    together: in one batch, which is faster, but gives the same outputs only where the discriminator couples no samples.
    """
    if not together:
        return discriminate(batch.real, batch.label), discriminate(fake, fake_label)
    samples = torch.cat([batch.real, fake.to(batch.real.dtype)])
    assert (batch.label is None) == (fake_label is None), "either both real and fake samples have labels, or neither"
    labels = None if batch.label is None or fake_label is None else torch.cat([batch.label, fake_label])
    outputs = discriminate(samples, labels)
    return outputs[: len(batch.real)], outputs[len(batch.real) :]
