"""What an update of one player leaves alone."""

from dataclasses import replace

import torch
from torch import nn

from honmono.networks.batch_norm import batch_norms
from honmono.objectives.base import PlayerName
from honmono.recipe import Recipe
from honmono.training.turns import Turns


def test_the_other_player_gets_no_gradient_and_is_as_before_afterwards(points: Recipe) -> None:
    module, other = nn.Linear(2, 2), nn.Linear(2, 1)
    other.bias.requires_grad_(False)  # as the network itself had it
    turns = Turns(points, {"generator": module, "discriminator": other})
    with turns.of("generator"):
        other(module(torch.ones(1, 2))).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
    assert all(parameter.grad is None for parameter in other.parameters())
    assert other.weight.requires_grad and not other.bias.requires_grad
    turns.clear_gradients("generator")
    assert all(parameter.grad is None for parameter in module.parameters())


def test_running_statistics_of_the_discriminator_move_as_the_recipe_says(points: Recipe) -> None:
    networks: dict[PlayerName, nn.Module] = {"generator": nn.Linear(2, 2)}
    networks["discriminator"] = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    (layer,) = batch_norms(networks["discriminator"])
    for statistics, moves in (("own", [True, False]), ("all", [True, True])):
        turns = Turns(replace(points, discriminator_statistics=statistics), networks)
        for player, expected in zip(("discriminator", "generator"), moves, strict=True):
            with turns.of(player):
                assert layer.training and layer.track_running_stats == expected
