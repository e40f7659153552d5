"""The DCGAN of dcgan-mnist-article: TensorFlow's SAME 4x4 convolutions with stride 2, and its own ways as switches.

Sizes halve upwards, 28 -> 14 -> 7 -> 4, so any square picture of 8 pixels or more will do; 28x28x1 gives the article's
1,070,657 parameters in the generator and 660,929 in the discriminator. Padded symmetrically, as torch's layers pad,
sizes halve downwards, 28 -> 14 -> 7 -> 3.
"""

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.outputs import bounded, square_size
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d, same_size


Padding = Literal["same", "symmetric"]


def _sizes(sample_shape: tuple[int, ...], num_classes: int, padding: Padding) -> tuple[int, int, int, int]:
    """Sides of the picture and of the three maps below it, the largest first."""
    size = square_size(sample_shape)
    if size < 8:
        raise Refused(f"the article's DCGAN halves pictures three times; {size} pixels are too few, 8 or more will do")
    if num_classes > 0:
        raise Refused(f"the article's DCGAN takes no labels, and {num_classes} classes were asked for")
    if padding == "symmetric":
        return size, size // 2, size // 4, size // 8
    half = same_size(size, 2)
    quarter = same_size(half, 2)
    return size, half, quarter, same_size(quarter, 2)


def _down(inputs: int, outputs: int, padding: Padding) -> nn.Module:
    """A 4x4 convolution with stride 2."""
    return SameConv2d(inputs, outputs, 4, 2) if padding == "same" else nn.Conv2d(inputs, outputs, 4, 2, 1)


def _up(inputs: int, outputs: int, padding: Padding, before: int, size: int) -> nn.Module:
    """Its transpose, from a side of `before` to one of `size`."""
    if padding == "same":
        return SameConvTranspose2d(inputs, outputs, 4, 2, size=size)
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, output_padding=size - 2 * before)


def _initialise(module: nn.Module, random_bias: bool) -> None:
    """N(0, 0.02) for weights; biases too, or zero. Batch norms keep their scale of 1 and offset of 0."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | SameConv2d | SameConvTranspose2d):
            assert part.bias is not None
            nn.init.normal_(part.weight, std=0.02)
            nn.init.normal_(part.bias, std=0.02) if random_bias else nn.init.zeros_(part.bias)


class ArticleGenerator(nn.Module):
    """fc -> 256 maps -> conv1 -> 128 -> conv2 -> 64 -> conv3 -> picture, tanh.

    padding: "same" as TensorFlow pads, with an odd pixel after, or "symmetric" as torch's layers do.
    random_bias: biases start at N(0, 0.02), as in the article; ordinarily at 0.
    project_batch_norm: batch norm after fc, as the DCGAN paper has it; the article has none there.
    activation: of conv1 and conv2, "leaky_relu" (0.2) in the article, "relu" in the paper.

    The article normalises by the batch while it trains and leaves batch norm out when it samples: that is the sampling
    mode "identity", not a matter of the network.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        padding: Padding = "same",
        random_bias: bool = True,
        project_batch_norm: bool = False,
        activation: Literal["relu", "leaky_relu"] = "leaky_relu",
    ) -> None:
        super().__init__()
        size, half, quarter, base = _sizes(sample_shape, num_classes, padding)
        self.base_shape = (256, base, base)
        self.fc = nn.Linear(latent_dim, 256 * base * base)
        self.norm0 = nn.BatchNorm2d(256) if project_batch_norm else nn.Identity()
        self.conv1 = _up(256, 128, padding, base, quarter)
        self.norm1 = nn.BatchNorm2d(128)
        self.conv2 = _up(128, 64, padding, quarter, half)
        self.norm2 = nn.BatchNorm2d(64)
        self.conv3 = _up(64, sample_shape[0], padding, half, size)
        self.activation = nn.ReLU() if activation == "relu" else nn.LeakyReLU(0.2)
        _initialise(self, random_bias)

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels size size"]:
        x = self.norm0(self.fc(latent).unflatten(1, self.base_shape)).relu()
        x = self.activation(self.norm1(self.conv1(x)))
        x = self.activation(self.norm2(self.conv2(x)))
        return bounded(self.conv3(x), "tanh")


class ArticleDiscriminator(nn.Module):
    """picture -> conv1 -> 64 -> conv2 -> 128 -> conv3 -> 256 maps -> fc -> one score; LeakyReLU 0.2, no batch norm.

    sigmoid: the score ends in a sigmoid, as in the article, whose loss then takes it for a logit ("double sigmoid");
        ordinarily it is left a logit.
    padding: as in the generator.
    random_bias: biases start at N(0, 0.02), as in the article; ordinarily at 0.
    batch_norm: after conv2 and conv3, as the DCGAN paper has it; the article has none.
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        sigmoid: bool = True,
        padding: Padding = "same",
        random_bias: bool = True,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        *_, base = _sizes(sample_shape, num_classes, padding)
        self.sigmoid = sigmoid
        self.conv1 = _down(sample_shape[0], 64, padding)
        self.conv2 = _down(64, 128, padding)
        self.norm2 = nn.BatchNorm2d(128) if batch_norm else nn.Identity()
        self.conv3 = _down(128, 256, padding)
        self.norm3 = nn.BatchNorm2d(256) if batch_norm else nn.Identity()
        self.fc = nn.Linear(256 * base * base, 1)
        self.activation = nn.LeakyReLU(0.2)
        _initialise(self, random_bias)

    def forward(
        self, sample: Float[Tensor, "batch channels size size"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        x = self.activation(self.conv1(sample))
        x = self.activation(self.norm2(self.conv2(x)))
        x = self.activation(self.norm3(self.conv3(x)))
        return bounded(self.fc(x.flatten(1)).squeeze(1), "sigmoid" if self.sigmoid else "linear")
