"""A distance of pictures in the features of our own networks, which can be differentiated."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from honmono.metrics.features.classifiers import Cifar10, Classifier, Digits, Mnist


SMALL = 12  # pixels; grey pictures up to this side are seen by the network of 8x8 digits
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in grey, ITU-R 601-2


@final
class FeatureDistance(nn.Module):
    """The sum over a network's stages of the mean squared distance of features, each position's of length 1.

    Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric" (2018),
    arXiv:1801.03924, equation 1, without learned weights and with our small networks.
    """

    def __init__(self, network: Classifier, device: torch.device) -> None:
        super().__init__()
        self.name, self.size, self.channels = network.name, network.size, network.channels
        self.network = network.frozen(device)

    def forward(
        self, samples: Float[Tensor, "batch channels height width"], target: Float[Tensor, "1 channels height width"]
    ) -> Float[Tensor, " batch"]:
        """samples, target: black is -1, white is 1."""
        pairs = zip(self._features(samples), self._features(target), strict=True)
        return torch.stack([(one - other).square().sum(1).mean((1, 2)) for one, other in pairs]).sum(0)

    def _features(self, pictures: Tensor) -> list[Tensor]:
        x = self.network.patches(self._seen(pictures)).relu()
        stages = [x]
        for stage in self.network.stages:
            stages.append(x := stage(x))
        return [functional.normalize(stage, dim=1, eps=1e-6) for stage in stages]

    def _seen(self, pictures: Tensor) -> Tensor:
        """Pictures of the network's size and channels; transparent ones before grey."""
        if pictures.shape[1] == 4:
            pictures = pictures[:, :3] * (pictures[:, 3:] + 1) / 2
        if (pictures.shape[1], self.channels) == (3, 1):
            pictures = (pictures * pictures.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        pictures = pictures.expand(-1, self.channels, -1, -1)
        if self.size is None or pictures.shape[2:] == (self.size, self.size):
            return pictures
        size = (self.size, self.size)
        return functional.interpolate(pictures, size, mode="bilinear", align_corners=False, antialias=True)


def distance_for(sample_shape: tuple[int, ...], device: torch.device) -> FeatureDistance:
    """The distance by the network whose pictures resemble samples of this shape most."""
    channels, high, wide = sample_shape
    grey = Digits() if max(high, wide) <= SMALL else Mnist()
    return FeatureDistance(Cifar10() if channels > 1 else grey, device)
