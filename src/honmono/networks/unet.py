"""A U-Net of noisy pictures, their time and their label: a flow's velocity, or a diffusion's noise.

The usual kind: residual blocks with group norm and SiLU, maps halved by strided convolutions and doubled by nearest
neighbours and a convolution, skips from every map on the way down to the way up, attention on small maps, and what
would add to its input or be its output starts at 0. As Ho et al., DDPM (2020), arXiv:2006.11239, appendix B, but time
and label scale and shift the second group norm of each block rather than being added before it: Dhariwal & Nichol
(2021), arXiv:2105.05233, section 3.1, measured it better.
"""

from math import gcd

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from honmono.errors import Refused
from honmono.networks.conditioning import TimeAndLabel
from honmono.networks.doubling_conv import DoublingConv2d


def zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer, its weights and biases at 0."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def group_norm(channels: int) -> nn.GroupNorm:
    """In 32 groups, or where channels are no multiple of 32, in as many of 16, 8, 4, 2, 1 as divide them."""
    return nn.GroupNorm(gcd(32, channels), channels)


class ConditionedBlock(nn.Module):
    """x + h, where h is two 3x3 convolutions, each after group norm and SiLU; the condition scales and shifts between.

    x goes through a 1x1 convolution where the number of channels changes.
    """

    def __init__(self, before: int, after: int, condition: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(group_norm(before), nn.SiLU(), nn.Conv2d(before, after, 3, padding=1))
        self.modulate = nn.Linear(condition, 2 * after)
        self.norm = group_norm(after)
        self.second = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), zeroed(nn.Conv2d(after, after, 3, padding=1)))
        self.shortcut = nn.Identity() if before == after else nn.Conv2d(before, after, 1)

    def forward(
        self, x: Float[Tensor, "batch before height width"], condition: Float[Tensor, "batch condition"]
    ) -> Float[Tensor, "batch after height width"]:
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        return self.shortcut(x) + self.second(torch.addcmul(shift, self.norm(self.first(x)), 1 + scale))


class PlaceAttention(nn.Module):
    """x + attention between all places of the group-normalised map, by torch's own kernels.

    `SelfAttention2d` has second derivatives, which gradient penalties need and nothing here does, and is slower.
    """

    def __init__(self, channels: int, head_channels: int) -> None:
        super().__init__()
        self.heads = max(channels // head_channels, 1)
        if channels % self.heads:
            raise Refused(f"head_channels={head_channels}: {self.heads} heads cannot share {channels} channels evenly")
        self.norm = group_norm(channels)
        self.project = nn.Conv2d(channels, 3 * channels, 1)
        self.join = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        parts = self.project(self.norm(x)).flatten(2).unflatten(1, (3, self.heads, -1)).transpose(-2, -1)
        # Only of channels that lie side by side does torch take a kernel that keeps no places x places matrix.
        seen = functional.scaled_dot_product_attention(*parts.contiguous().unbind(1)).transpose(-2, -1)
        return x + self.join(seen.flatten(1, 2).unflatten(2, x.shape[2:]))


class BlockAndAttention(nn.Module):
    """A residual block, and attention behind it where there is any."""

    def __init__(self, block: ConditionedBlock, attention: nn.Module) -> None:
        super().__init__()
        self.block, self.attention = block, attention

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.attention(self.block(x, condition))


class DownLevel(nn.Module):
    """The layers of one level on the way down, then a map of half the size."""

    def __init__(self, layers: list[BlockAndAttention], channels: int, shrink: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.shrink = nn.Conv2d(channels, channels, 3, stride=2, padding=1) if shrink else None

    def forward(self, x: Tensor, condition: Tensor) -> list[Tensor]:
        """Every map made, the last of which is the next level's input."""
        maps = []
        for layer in self.layers:
            maps.append(x := layer(x, condition))
        return maps if self.shrink is None else [*maps, self.shrink(x)]


class UpLevel(nn.Module):
    """The layers of one level on the way up, each joined by a map from the way down, then a map of twice the size."""

    def __init__(self, layers: list[BlockAndAttention], channels: int, grow: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.grow = DoublingConv2d(channels, channels) if grow else None

    def forward(self, x: Tensor, condition: Tensor, maps: list[Tensor]) -> Tensor:
        """maps: those still to be joined, the next one last; what is joined is taken away."""
        for layer in self.layers:
            x = layer(torch.cat([x, maps.pop()], dim=1), condition)
        # To the size of the next map to be joined: one of odd size was halved upwards, 15 to 8.
        return x if self.grow is None else self.grow(x, tuple(maps[-1].shape[2:]))


class UNet(nn.Module):
    """(x, t, label) -> like x, for pictures of any size; t from 0 to 1, labels None or `NO_LABEL` where unknown.

    width: channels of the largest map, an even number.
    patch: the side of the squares of pixels that become the channels of one place of the largest map, so that it is so
        much smaller; picture sides are multiples of it. Source: Hoogeboom et al. (2023), arXiv:2301.11093, section 3.2.
    multiples: channels of each level's maps, in widths; each level halves the size of the one before.
    blocks: residual blocks of a level on the way down; the way up has one more.
    attention: its maps are those whose longer side is this or less, behind each block, and the deepest one between two
        blocks, at any size; 0: nowhere.
    head_channels: of each head of attention.
    dropout: share of the features that a residual block drops in training (0.1 for CIFAR-10 in DDPM).
    """

    def __init__(
        self,
        *,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        width: int = 64,
        patch: int = 1,
        multiples: tuple[int, ...] = (1, 2, 2),
        blocks: int = 2,
        attention: int = 16,
        head_channels: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        sides = _sides(sample_shape, patch, len(multiples))
        self.patch, channels, condition = patch, patch**2 * sample_shape[0], 4 * width

        def layers(inputs: list[int], after: int, side: int) -> list[BlockAndAttention]:
            seen = [PlaceAttention(after, head_channels) if side <= attention else nn.Identity() for _ in inputs]
            made = [ConditionedBlock(before, after, condition, dropout) for before in inputs]
            return list(map(BlockAndAttention, made, seen))

        self.condition = TimeAndLabel(width, condition, num_classes)
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        last, skips = width, [width]  # the channels of the last map, and of all that the way up will join
        down, up = list[DownLevel](), list[UpLevel]()
        levels = [(multiple * width, side) for multiple, side in zip(multiples, sides, strict=True)]
        for after, side in levels:
            shrink = len(down) + 1 < len(levels)
            down.append(DownLevel(layers([last] + [after] * (blocks - 1), after, side), after, shrink))
            skips += [after] * (blocks + shrink)
            last = after
        # A side of 1 has attention unless there is none anywhere, one above `attention` never has.
        self.middle = nn.ModuleList(layers([last], last, 1) + layers([last], last, attention + 1))
        for after, side in reversed(levels):
            inputs = [before + skips.pop() for before in [last] + [after] * blocks]
            up.append(UpLevel(layers(inputs, after, side), after, grow=len(up) + 1 < len(levels)))
            last = after
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
        self.last = nn.Sequential(group_norm(last), nn.SiLU(), zeroed(nn.Conv2d(last, channels, 3, padding=1)))

    def forward(
        self,
        x: Float[Tensor, "batch channels height width"],
        t: Float[Tensor, " batch"],
        label: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch channels height width"]:
        condition = functional.silu(self.condition(t, label))
        maps = [self.first(functional.pixel_unshuffle(x, self.patch))]
        for level in self.down:
            maps += level(maps[-1], condition)
        x = maps[-1]
        for layer in self.middle:
            x = layer(x, condition)
        for level in self.up:
            x = level(x, condition, maps)
        return functional.pixel_shuffle(self.last(x), self.patch)


def _sides(sample_shape: tuple[int, ...], patch: int, levels: int) -> list[int]:
    """The longer side of each level's maps; pictures that cannot be halved so often are refused."""
    if len(sample_shape) != 3:
        raise Refused(f"a U-Net is for pictures, not samples of shape {sample_shape}; try an MLP recipe")
    height, width = sample_shape[1:]
    if height % patch or width % patch:
        raise Refused(f"generator.patch={patch} does not divide pictures of {height}x{width}: use a divisor, or 1")
    if min(height, width) < patch * 2 ** (levels - 1):
        raise Refused(
            f"a U-Net of {levels} levels halves pictures {levels - 1} times; {height}x{width} are too small for it: use"
            " fewer generator.multiples"
        )
    return [-(-max(height, width) // patch // 2**level) for level in range(levels)]
