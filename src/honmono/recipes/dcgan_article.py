"""DCGAN on MNIST as an article did it, with a field for every quirk.

Its networks have 4x4 convolutions with stride 2 and TensorFlow's SAME padding, and options for what differs from common
practice. Sizes are halved rounding up, 28 -> 14 -> 7 -> 4 (with symmetric padding, as in torch, down: 3), so any square
picture of 8 pixels or more works; 28x28x1 gives the article's 1,070,657 parameters in the generator and 660,929 in the
discriminator.
"""

from functools import partial
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from honmono.data.pictures import Pictures
from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.networks.outputs import bounded, square_size
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d, same_size
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import WeightDecay
from honmono.recipe import Pair, Recipe, SampleGrid, TensorFlowAdam, Training, Uniform, recipe


Padding = Literal["same", "symmetric"]


def _sizes(sample_shape: tuple[int, ...], num_classes: int, padding: Padding) -> tuple[int, int, int, int]:
    """Side lengths of the picture and of the three smaller maps, the largest first."""
    size = square_size(sample_shape)
    if size < 8:
        raise Refused(
            f"the article's DCGAN halves pictures three times, and {size} pixels are too few: use --size 8 or more"
        )
    if num_classes > 0:
        raise Refused(f"the article's DCGAN has no input for the {num_classes} classes: use --set conditional=false")
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
    """N(0, 0.02) for weights, and for biases with `random_bias`, else 0. Batch norm keeps a scale of 1 and offset 0."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | SameConv2d | SameConvTranspose2d):
            assert part.bias is not None
            nn.init.normal_(part.weight, std=0.02)
            nn.init.normal_(part.bias, std=0.02) if random_bias else nn.init.zeros_(part.bias)


class ArticleGenerator(nn.Module):
    """fc -> 256 maps -> conv1 -> 128 -> conv2 -> 64 -> conv3 -> picture, tanh.

    padding: "same" as in TensorFlow, with an odd pixel at the end, or "symmetric" as in torch.
    random_bias: biases are initialised at N(0, 0.02), as in the article; usually at 0.
    project_batch_norm: batch norm after fc, as in the DCGAN paper; the article has none there.
    activation: of conv1 and conv2, "leaky_relu" (0.2) in the article, "relu" in the paper.

    The article uses batch norm in training but skips it when sampling: that is `Recipe.sampling` = "identity", not a
    property of the network.
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

    sigmoid: a sigmoid at the end, as in the article, whose loss then treats the output as a logit ("double sigmoid");
        usually there is none.
    padding: as in the generator.
    random_bias: biases are initialised at N(0, 0.02), as in the article; usually at 0.
    batch_norm: after conv2 and conv3, as in the DCGAN paper; the article has none.
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


@recipe(
    "dcgan-mnist-article",
    source="FaBo DNN docs, 'MNIST DCGAN', and its notebook DCGAN_mnist.ipynb (TensorFlow 1)",
    data="MNIST",
    summary="DCGAN on MNIST as the article did it, with a field for every quirk",
    quirks=(
        "the loss treats a sigmoid's output as a logit (objective.scores, discriminator.sigmoid)",
        "samples are made without batch norm, though training uses it (sampling: identity; running or batch)",
        "weight decay on the discriminator's second and third convolution only (objective.penalties.0)",
        "Adam's beta1 is 0.1 for the discriminator (optimizers.discriminator.betas)",
        "TensorFlow's SAME padding, 7x7 -> 4x4 with an odd pixel at the end (generator.padding, discriminator.padding)",
        "Adam adds eps to the uncorrected root, as TensorFlow 1 does (optimizers.*: TensorFlowAdam; Adam: torch's)",
        "biases are initialised at N(0, 0.02) like weights (generator.random_bias, discriminator.random_bias)",
        "no batch norm on the projection (generator.project_batch_norm) and LeakyReLU in G (generator.activation)",
        "no batch norm in the discriminator (discriminator.batch_norm)",
        "the first 30,000 pictures, as in the published run (data.limit; none: all); in TensorFlow's split, which keeps"
        " 5,000 for validation, they start at the file's 5,001st",
        "64 samples of fixed latents after epochs 2, 4, ..., there five of new ones after 1, 3, ... (grids)",
        "saved pixels are rounded down, as Pillow converts floats (grids.0.rounding; nearest), in PNG, there in JPEG",
    ),
    tiny={"training.batch_size": "4", "metrics": "()"},
)
def dcgan_mnist_article() -> Recipe:
    return Recipe(
        data=Pictures(source="hf:ylecun/mnist", size=28, channels=1, expects=(28, 1), limit=30_000),
        latent=Uniform(100),
        generator=partial(ArticleGenerator),
        discriminator=partial(ArticleDiscriminator),
        objective=NonSaturating(scores="double_sigmoid", penalties=(WeightDecay(("conv2", "conv3"), 0.001),)),
        optimizers=Pair(*(partial(TensorFlowAdam, lr=2e-4, betas=(beta1, 0.999)) for beta1 in (0.5, 0.1))),
        training=Training(
            steps=51 * 300, batch_size=100, sample_every=600, checkpoint_every=300, measure_images=17 * 30_000
        ),
        sampling="identity",
        grids=(SampleGrid(rounding="down"),),
        metrics=(FID(features="mnist"),),
    )
