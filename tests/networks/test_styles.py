"""Truncation of styles."""

import torch
from torch import Tensor

from honmono.networks.styles import StyleGenerator


class Doubling(StyleGenerator):
    """A picture is twice its styles, which are its latent."""

    num_styles = 2

    def styles(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent[:, None].expand(-1, 2, -1)

    def pictures(self, styles: Tensor) -> Tensor:
        return 2 * styles[:, None]


def test_pictures_come_from_styles() -> None:
    torch.testing.assert_close(Doubling()(torch.ones(3, 4)), torch.full((3, 1, 2, 4), 2.0))


def test_styles_move_towards_the_mean_of_their_class() -> None:
    latent = torch.arange(12.0).view(3, 4)
    means = torch.stack([torch.full((2, 4), 10.0), torch.full((2, 4), -10.0)])
    moved = Doubling().truncated(latent, torch.tensor([0, 1, 1]), means, torch.tensor([0.0, 1.0, 0.5]))
    torch.testing.assert_close(moved[0], torch.full((2, 4), 10.0))
    assert torch.equal(moved[1], latent[1].expand(2, -1))
    torch.testing.assert_close(moved[2], ((latent[2] - 10) / 2).expand(2, -1))


def test_without_classes_there_is_one_mean() -> None:
    moved = Doubling().truncated(torch.ones(2, 4), None, torch.zeros(1, 2, 4), torch.tensor([0.7, 2.0]))
    torch.testing.assert_close(moved[:, 1, 0], torch.tensor([0.7, 2.0]))
