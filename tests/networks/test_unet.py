"""The U-Net: shapes, parameters, time and labels; its first output is 0, so most tests wake its last layers first."""

from typing import Any

import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.unet import ConditionedBlock, PlaceAttention, UNet


def small(sample_shape: tuple[int, ...] = (1, 8, 8), **fields: Any) -> UNet:
    fields = {"width": 8, "multiples": (1, 2), "blocks": 1, "attention": 4, "head_channels": 8} | fields
    return UNet(sample_shape=sample_shape, **fields)


def awake(network: UNet) -> UNet:
    torch.manual_seed(0)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return network


def num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 30, 30), (3, 12, 18), (2, 7, 9), (1, 4, 4)])
def test_pictures_of_any_size_come_out_as_large(shape: tuple[int, ...]) -> None:
    network = awake(small(shape, multiples=(1, 2, 2), attention=8, num_classes=3))
    value = network(torch.randn(2, *shape), torch.rand(2), torch.tensor([0, -1]))
    assert value.shape == (2, *shape) and value.isfinite().all() and value.flatten(1).std(1).min() > 0


@pytest.mark.parametrize("patch", [2, 4])
def test_squares_of_pixels_become_places(patch: int) -> None:
    network = awake(small((3, 16, 24), patch=patch))
    x, t = torch.randn(2, 3, 16, 24, requires_grad=True), torch.rand(2)
    value = network(x, t)
    assert value.shape == x.shape
    maps = []
    network.first.register_forward_hook(lambda *given: maps.append(given[-1].shape))
    network(x, t)
    assert maps == [(2, 8, 16 // patch, 24 // patch)]
    with pytest.raises(Refused, match=f"generator.patch={patch} does not divide pictures of 18x21"):
        small((3, 18, 21), patch=patch)


def test_it_begins_at_0_and_its_blocks_and_attention_change_nothing() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 8, 4, 4)
    assert not small()(torch.randn(2, 1, 8, 8), torch.rand(2)).any()
    assert torch.equal(ConditionedBlock(8, 8, 16, 0.0)(x, torch.randn(2, 16)), x)
    assert torch.equal(PlaceAttention(8, 4)(x), x)


def test_attention_compares_all_places_in_heads() -> None:
    torch.manual_seed(0)
    layer, x = PlaceAttention(8, 4), torch.randn(2, 8, 3, 5)
    nn.init.normal_(layer.join.weight)
    query, key, value = (
        part.flatten(2).unflatten(1, (2, 4)).transpose(2, 3) for part in layer.project(layer.norm(x)).chunk(3, dim=1)
    )
    seen = ((query @ key.transpose(2, 3)) / 2).softmax(-1) @ value
    joined = layer.join(seen.transpose(2, 3).reshape(2, 8, 3, 5))
    torch.testing.assert_close(layer(x), x + joined, atol=1e-5, rtol=0)


def test_parameters_of_one_configuration() -> None:
    """Two levels of one block: 8 channels at 8x8, and 16 at 4x4 with attention there and in the middle."""

    def convolution(before: int, after: int) -> int:
        return 9 * before * after + after

    def block(before: int, after: int) -> int:
        norms = 2 * before + 2 * after
        shortcut = 0 if before == after else before * after + after
        return norms + convolution(before, after) + convolution(after, after) + (32 * 2 * after + 2 * after) + shortcut

    attention = 2 * 16 + 4 * (16 * 16 + 16)
    condition = (8 * 32 + 32) + (32 * 32 + 32) + 11 * 32
    down = block(8, 8) + convolution(8, 8) + block(8, 16) + attention
    middle = 2 * block(16, 16) + attention
    up = block(32, 16) + block(24, 16) + 2 * attention + convolution(16, 16) + block(24, 8) + block(16, 8)
    ends = convolution(1, 8) + 2 * 8 + convolution(8, 1)
    assert num_parameters(small(num_classes=10)) == condition + down + middle + up + ends


def test_attention_is_where_maps_are_small_enough() -> None:
    def places(attention: int) -> int:
        network = small((1, 28, 28), multiples=(1, 2, 2), attention=attention)
        return sum(isinstance(part, PlaceAttention) for part in network.modules())

    # one block down and two up on each level, and the middle
    assert [places(attention) for attention in (0, 6, 7, 14, 28)] == [0, 1, 4, 7, 10]


def test_time_and_labels_matter_and_nothing_couples_samples() -> None:
    network = awake(small(num_classes=3))
    x, t, label = torch.randn(4, 1, 8, 8), torch.rand(4), torch.tensor([0, 1, 2, -1])
    value = network(x, t, label)
    torch.testing.assert_close(network(x, t, None)[3], value[3])
    for changed in (network(x, t / 2, label), network(x, t, (label + 1) % 3)):
        assert (changed - value).flatten(1).abs().amax(1).min() > 1e-4
    apart = torch.cat([network(x[i : i + 1], t[i : i + 1], label[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(apart, value, atol=1e-5, rtol=0)
    assert not couples_samples(network)


def test_dropout_acts_in_training_alone() -> None:
    network = awake(small(dropout=0.5))
    x, t = torch.randn(2, 1, 8, 8), torch.rand(2)
    assert not torch.equal(network(x, t), network(x, t))
    network.eval()
    assert torch.equal(network(x, t), network(x, t))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sample_shape": (2,)}, "MLP"),
        ({"sample_shape": (1, 3, 3), "multiples": (1, 2, 2)}, "multiples"),
        ({"width": 20, "head_channels": 3}, "head_channels"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refusal:
        small(**fields)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
