"""How far samples are from their mean, in pixels or in features: the measure behind variety."""

import torch
from jaxtyping import Shaped
from torch import Tensor


def spread(samples: Shaped[Tensor, "number *sample_shape"]) -> float:
    """The root of the total variance, sqrt(sum_i |x_i - mean|^2 / (number - 1)), in float64 and in the samples' units.

    0 where all samples are equal. It is the root mean square distance between two samples, divided by sqrt(2).
    """
    assert len(samples) > 1, "one sample has no spread"
    rows = samples.flatten(1).double()
    return float(torch.sqrt((rows - rows.mean(0)).square().sum() / (len(rows) - 1)))
