"""A run's growth: where its networks stand at any moment of the clock, and how its reals look there."""

from collections.abc import Sequence

from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.networks.growing import at_stage
from honmono.recipe.build import build_networks, growing_network
from honmono.recipe.growth import Growth
from honmono.recipe.value import Recipe


class Stages:
    """The growing networks of one run, told together where to stand."""

    def __init__(self, growth: Growth, recipe: Recipe, networks: Sequence[nn.Module]) -> None:
        self.growth, self._otherwise = growth, recipe.training.batch_size
        self._networks = [growing_network(network) for network in networks]
        self.sizes = self._networks[0].sizes
        self.move_to(0)

    def describe(self, batches: int) -> list[str]:
        """How they will grow: "grows 4 -> 8 -> 16 -> 32 pixels a side in batches of 64, 64, 32, 32; full-grown after
        180,000 images". A second line where so many batches end before."""
        begins, grown = self.growth.first_stage(self.sizes), self.growth.images_to_full_size(self.sizes)
        sizes = self.sizes[begins:]
        given = [*self.growth.batch_sizes, *[self._otherwise] * len(sizes)][: len(sizes)]
        all_sizes, all_given = " -> ".join(map(str, sizes)), ", ".join(map(str, given))
        lines = [f"grows {all_sizes} pixels a side in batches of {all_given}; full-grown after {grown:,} images"]
        images = self.growth.images_after(batches, self.sizes, self._otherwise)
        if images < grown:
            reached = self.sizes[self.growth.at(images, self.sizes).stage]
            lines.append(f"this run ends before, at {reached} pixels: --images {2 * grown} trains it at full size too")
        return lines

    def batch_size(self, images: int) -> int:
        """The size of the batch that begins when `images` images have been seen."""
        return self.growth.batch_size(images, self.sizes, self._otherwise)

    @property
    def least_batch(self) -> int:
        """The size of the smallest batch that there will ever be, where none is left unfilled."""
        return min((*self.growth.batch_sizes, self._otherwise))

    def move_to(self, images: int) -> bool:
        """Takes every network to where it stands by the clock; says whether a stage began to fade in or has done so."""
        first = self._networks[0]
        before, (stage, alpha) = (first.stage, first.fading), self.growth.at(images, self.sizes)
        for network in self._networks:
            network.set_stage(stage, alpha)
        return before != (first.stage, first.fading)

    def downsample_real(self, real: Tensor) -> Tensor:
        """Real pictures of full size as the present stage is shown them."""
        first = self._networks[0]
        return at_stage(real, self.sizes[first.stage], first.alpha if first.fading else None)


def is_grown(recipe: Recipe, data_spec: DataSpec, images: int) -> bool:
    """Whether a recipe's networks stand at their full size when `images` images have been seen."""
    if recipe.growth is None:
        return True
    network, _ = build_networks(recipe, data_spec)
    return images >= recipe.growth.images_to_full_size(growing_network(network).sizes)
