"""What the articles' networks are made of, layer by layer, and what their weights begin as."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from honmono.networks.doubling_conv import DoublingConv2d
from honmono.networks.label_maps import LabelMapsConv2d
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d
from honmono.recipe.build import build_networks
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.registry import entries
from honmono.recipe.value import Recipe


def made(name: str) -> Recipe:
    return entries()[name].make()


def short(part: nn.Module) -> str:
    """A layer in short: "conv 3>32 k3 s1 p1", "deconv 256>128 k5 s2 to 7", "linear 100>256", "bn 32", "leaky 0.2"."""
    if isinstance(part, SameConvTranspose2d):
        return f"deconv {part.weight.shape[0]}>{part.weight.shape[1]} k{part.weight.shape[-1]} s{part.stride} same"
    if isinstance(part, SameConv2d | LabelMapsConv2d):
        return f"conv {part.weight.shape[1]}>{part.weight.shape[0]} k{part.weight.shape[-1]} s{part.stride} same"
    if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
        kind = "conv" if isinstance(part, nn.Conv2d) else "deconv"
        sizes = f"k{part.kernel_size[0]} s{part.stride[0]} p{part.padding[0]}"
        kind = f"up | {kind}" if isinstance(part, DoublingConv2d) else kind
        return f"{kind} {part.in_channels}>{part.out_channels} {sizes}{'' if part.bias is not None else ' no bias'}"
    if isinstance(part, nn.Linear):
        return f"linear {part.in_features}>{part.out_features}"
    if isinstance(part, nn.BatchNorm2d):
        return f"bn {part.num_features}"
    if isinstance(part, nn.LeakyReLU):
        return f"leaky {part.negative_slope}"
    return "pool" if isinstance(part, nn.AvgPool2d) else type(part).__name__.lower()


def same(kind: str, *channels: int, kernel: int, between: str) -> str:
    pairs = pairwise(channels)
    return " | ".join(f"{kind} {a}>{b} k{kernel} s2 same{between.format(b)}" for a, b in pairs)


# Layers as they are called, output functions left out: they are tested by what they make.
NETWORKS = {
    "realness-cifar10-article": (
        "linear 100>512" + " | conv 32>32 k3 s1 p1 | relu | up" * 3 + " | conv 32>3 k3 s1 p1",
        "conv 3>32 k3 s1 p1 | relu | pool"
        + " | conv 32>32 k3 s1 p1 | relu | pool" * 2
        + " | conv 32>32 k3 s1 p1 | relu | flatten | linear 512>20",
    ),
    "gan-mnist-article": (
        "linear 100>256 | relu | linear 256>512 | relu | linear 512>1024 | relu | linear 1024>784",
        "linear 784>1024 | leaky 0.2 | linear 1024>512 | leaky 0.2 | linear 512>1",
    ),
    "pggan-mnist-article": (
        "deconv 100>512 k4 s1 p0 no bias | bn 512 | relu | deconv 512>256 k4 s2 p1 no bias | bn 256 | relu"
        " | deconv 256>128 k4 s2 p1 no bias | bn 128 | relu | deconv 128>1 k4 s2 p1 no bias",
        "conv 1>128 k4 s2 p1 no bias | bn 128 | leaky 0.2 | conv 128>256 k4 s2 p1 no bias | bn 256 | leaky 0.2"
        " | conv 256>512 k4 s2 p1 no bias | bn 512 | leaky 0.2 | conv 512>1 k4 s1 p0 no bias",
    ),
    "cgan-mnist-article": (
        "linear 110>4096 | relu | " + same("deconv", 256, 128, 64, kernel=5, between=" | bn {} | relu") + " | "
        "deconv 64>3 k5 s2 same",
        same("conv", 13, 64, 128, 256, kernel=5, between=" | bn {} | leaky 0.1") + " | flatten | linear 4096>1",
    ),
    "dcgan-faces-article": (
        "linear 100>25088 | relu | " + same("deconv", 512, 256, 128, 64, kernel=5, between=" | bn {} | relu") + " | "
        "deconv 64>3 k5 s2 same",
        " | ".join(f"conv {a}>{b} k5 s2 p0 | bn {b} | leaky 0.1" for a, b in pairwise((3, 64, 128, 256, 512)))
        + " | flatten | linear 4608>1",
    ),
    "dcgan-mnist-article": (
        "linear 100>4096 | " + same("deconv", 256, 128, 64, kernel=4, between=" | bn {} | leaky 0.2") + " | "
        "deconv 64>1 k4 s2 same",
        same("conv", 1, 64, 128, 256, kernel=4, between=" | leaky 0.2") + " | linear 4096>1",
    ),
}


@pytest.mark.parametrize(("name", "facts"), NETWORKS.items())
def test_the_articles_layers_in_their_order(name: str, facts: tuple[str, str]) -> None:
    recipe = made(name)
    shape, classes = (data_spec := nominal_data_spec(recipe)).sample_shape, len(data_spec.classes)
    label = torch.zeros(2, dtype=torch.long) if recipe.conditional and classes else None
    fake = torch.zeros(2, *shape)
    for network, given, expected in zip(
        build_networks(recipe, data_spec).values(), (torch.zeros(2, 100), fake), facts, strict=True
    ):
        assert " | ".join(called(network, given, label)) == expected


def called(network: nn.Module, given: Tensor, label: Tensor | None) -> list[str]:
    """The layers of a network in the order in which they are called."""
    words: list[str] = []
    for part in network.modules():
        if not list(part.children()) and not isinstance(part, nn.Identity):
            part.register_forward_hook(lambda part, _, __: words.append(short(part)))
    network(given, label)
    return words


@pytest.mark.parametrize("name", ["realness-cifar10-article", "gan-mnist-article", "pggan-mnist-article"])
def test_weights_begin_as_torch_s_layers_do(name: str) -> None:
    """Uniform up to 1 / sqrt(fan in)."""
    for network in build_networks(made(name), nominal_data_spec(made(name))).values():
        for part in network.modules():
            if isinstance(part, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                fan_in = torch.nn.init._calculate_fan_in_and_fan_out(part.weight)[0]
                assert 0.97 < part.weight.abs().max().item() * fan_in**0.5 <= 1.0001


@pytest.mark.parametrize(
    "name",
    ["cgan-mnist-article", "dcgan-faces-article", "wgan-grid-article", "wgan-grid-noclip-article"]
    + ["coulomb-cifar10-paper"],
)
def test_weights_begin_xavier_uniform_and_biases_at_0(name: str) -> None:
    recipe = made(name)
    for network in build_networks(recipe, nominal_data_spec(recipe)).values():
        for part in network.modules():
            if isinstance(part, nn.Linear | nn.Conv2d | SameConv2d | LabelMapsConv2d | SameConvTranspose2d):
                inputs, outputs = torch.nn.init._calculate_fan_in_and_fan_out(part.weight)
                assert 0.97 < part.weight.abs().max().item() * ((inputs + outputs) / 6) ** 0.5 <= 1.0001
                assert part.bias is not None and not part.bias.any()
