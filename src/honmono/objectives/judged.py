"""The discriminator's answers to reals and fakes, seen in one batch or in two."""

from collections.abc import Callable

import torch
from torch import Tensor

from honmono.data.base import Batch


def judged(
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
