"""Generators that turn latents into styles first: what can be mixed, and truncated towards the mean."""

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor, lerp, nn


class StyleGenerator(nn.Module, ABC):
    """A mapping network from latents to styles, and a synthesis network that makes pictures of them.

    num_styles: how many styles a picture has, one for each layer of the synthesis network, from coarse to fine.
    Source: Karras et al., StyleGAN (2018), arXiv:1812.04948, section 2.
    """

    num_styles: int

    @abstractmethod
    def styles(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch num_styles width"]:
        """The styles of latents and labels; without mixing, a sample's styles are all the same."""

    @abstractmethod
    def pictures(self, styles: Float[Tensor, "batch num_styles width"]) -> Float[Tensor, "batch channels h w"]:
        """The pictures of styles."""

    def forward(
        self, latent: Float[Tensor, "batch latent"], label: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch channels h w"]:
        return self.pictures(self.styles(latent, label))

    def truncated(
        self,
        latent: Float[Tensor, "batch latent"],
        label: Int[Tensor, " batch"] | None,
        means: Float[Tensor, "classes num_styles width"],
        psi: Float[Tensor, " batch"],
    ) -> Float[Tensor, "batch num_styles width"]:
        """mean + psi (style - mean): at 0 the mean styles of the class, at 1 those of `styles`.

        means: of the styles of each class; one row where there are no classes.
        Source: Karras et al. (2018), arXiv:1812.04948, appendix B.
        """
        own = means[:1] if label is None else means[label]
        return lerp(own, self.styles(latent, label), psi[:, None, None])
