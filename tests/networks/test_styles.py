"""Truncation of styles."""

import torch

from honmono.networks.styles import truncated


def test_styles_move_towards_the_mean_of_their_class() -> None:
    styles = torch.arange(12.0).view(3, 2, 2)
    means = torch.stack([torch.full((2, 2), 10.0), torch.full((2, 2), -10.0)])
    moved = truncated(styles, means, torch.tensor([0, 1, 1]), torch.tensor([0.0, 1.0, 0.5]))
    torch.testing.assert_close(moved[0], torch.full((2, 2), 10.0))
    torch.testing.assert_close(moved[1], styles[1])
    torch.testing.assert_close(moved[2], (styles[2] - 10) / 2)


def test_without_classes_there_is_one_mean() -> None:
    moved = truncated(torch.ones(2, 3, 4), torch.zeros(1, 3, 4), None, torch.tensor([0.7, 2.0]))
    torch.testing.assert_close(moved, torch.tensor([0.7, 2.0]).view(2, 1, 1).expand(2, 3, 4))
