"""Progressive growing in training: the current stage of the networks, and real pictures at its resolution."""

from collections.abc import Sequence

from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.networks.growing import at_stage, halved
from honmono.recipe.build import build_networks, growing_network
from honmono.recipe.growth import Growth
from honmono.recipe.value import Recipe


class Stages:
    """Sets the stage of all growing networks of a run, by images seen."""

    def __init__(self, growth: Growth, recipe: Recipe, networks: Sequence[nn.Module]) -> None:
        self.growth, self._batch_size = growth, recipe.training.batch_size
        self._networks = [growing_network(network) for network in networks]
        self.sizes = self._networks[0].sizes
        self.update(0)

    def describe(self, batches: int) -> list[str]:
        """Lines for the user: "grows 4 -> 8 -> 16 -> 32 pixels a side in batches of 64, 64, 32, 32; full size after
        180,000 images", and a second one if a training of `batches` batches ends before that."""
        first, grown = self.growth.first_stage(self.sizes), self.growth.images_to_full_size(self.sizes)
        sizes = self.sizes[first:]
        per_stage = [*self.growth.batch_sizes, *[self._batch_size] * len(sizes)][: len(sizes)]
        all_sizes, all_batches = " -> ".join(map(str, sizes)), ", ".join(map(str, per_stage))
        lines = [f"grows {all_sizes} pixels a side in batches of {all_batches}; full size after {grown:,} images"]
        images = self.growth.images_after(batches, self.sizes, self._batch_size)
        if images < grown:
            reached = self.sizes[self.growth.at(images, self.sizes).stage]
            lines.append(
                f"this run ends before that, at {reached} pixels: use --images {2 * grown} to train at full size too"
            )
        return lines

    def batch_size(self, images: int) -> int:
        """The size of the next batch after `images` images."""
        return self.growth.batch_size(images, self.sizes, self._batch_size)

    @property
    def least_batch(self) -> int:
        """The size of the smallest full batch."""
        return min((*self.growth.batch_sizes, self._batch_size))

    def update(self, images: int) -> bool:
        """Sets every network's stage after `images` images; returns whether a fade-in has started or ended."""
        first = self._networks[0]
        before, (stage, alpha) = (first.stage, first.fading), self.growth.at(images, self.sizes)
        for network in self._networks:
            network.set_stage(stage, alpha)
        return before != (first.stage, first.fading)

    def downsample_real(self, real: Tensor) -> Tensor:
        """Full-size real pictures, downsampled as input of the current stage."""
        first = self._networks[0]
        return at_stage(real, self.sizes[first.stage], first.alpha if first.fading else None)

    def downsample_fake(self, fake: Tensor) -> Tensor:
        """Full-size fakes, whose pixels the generator repeated, as input of the current stage."""
        return halved(fake, fake.shape[-1] // self.sizes[self._networks[0].stage])


def is_grown(recipe: Recipe, data_spec: DataSpec, images: int) -> bool:
    """Whether a recipe's networks have their full size after `images` images."""
    if recipe.growth is None:
        return True
    network = build_networks(recipe, data_spec, ["generator"])["generator"]
    return images >= recipe.growth.images_to_full_size(growing_network(network).sizes)
