"""The discriminator's answers: scores, and those to reals and fakes seen in one batch or in two."""

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
            f"this objective wants one score for each sample, and the discriminator gives {tuple(scores.shape)}: set"
            " discriminator.outcomes=none or another discriminator, or let the objective be Realness"
        )
    return full(scores)


def score_real_and_fake(
    judge: Callable[[Tensor, Tensor | None], Tensor],
    batch: Batch,
    fake: Tensor,
    fake_label: Tensor | None,
    together: bool,
) -> tuple[Tensor, Tensor]:
    """(answers to reals, answers to fakes), each with a first axis of samples.

    together: in one batch, which is quicker, but the same only where the discriminator couples no samples.
    """
    if not together:
        return judge(batch.real, batch.label), judge(fake, fake_label)
    samples = torch.cat([batch.real, fake.to(batch.real.dtype)])
    assert (batch.label is None) == (fake_label is None), "real and fake have labels, or neither has"
    labels = None if batch.label is None or fake_label is None else torch.cat([batch.label, fake_label])
    answers = judge(samples, labels)
    return answers[: len(batch.real)], answers[len(batch.real) :]
