"""A convolution of pictures with one more channel for each class: 1 everywhere for the label's class, 0 for others.

Such maps are equal for all samples of a class. So each class's map is convolved once, by its own weights alone, and not
once for each sample by the weights of all maps: the same sums with fewer products.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot


Convolve = Callable[[Tensor, Tensor, Tensor | None, int], Tensor]  # of an input, a weight, a bias and a stride


class LabelMapsConv2d(nn.Module):
    """The convolution of a sample's channels and of the maps of its label, which follow them in the weight.

    convolve: computes a convolution. Weights are initialised Xavier-uniform and biases at zero.
    """

    def __init__(self, channels: int, classes: int, outputs: int, kernel: int, stride: int, convolve: Convolve) -> None:
        super().__init__()
        self.stride, self.convolve = stride, convolve
        self.weight = nn.Parameter(torch.empty(outputs, channels + classes, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(
        self, sample: Float[Tensor, "batch channels height width"], label: Int[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch outputs high wide"]:
        assert label is not None, "a conditional network needs labels"
        of_sample, of_maps = self.weight.tensor_split([sample.shape[1]], dim=1)
        outputs, classes = of_maps.shape[:2]
        ones = sample.new_ones((1, 1, *sample.shape[2:]))
        # (1, classes * outputs, high, wide): what the map of each class adds to each output.
        added = self.convolve(
            ones, of_maps.transpose(0, 1).flatten(0, 1).unsqueeze(1), self.bias.repeat(classes), self.stride
        )
        chosen = one_hot(label, classes).to(added.dtype) @ added.view(classes, -1)
        return self.convolve(sample, of_sample, None, self.stride) + chosen.unflatten(1, (outputs, *added.shape[2:]))
