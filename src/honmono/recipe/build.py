"""Build a recipe's networks for the sample shape and the classes of its data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.growing import GrowingNetwork
from honmono.objectives.base import PLAYERS, PlayerName
from honmono.randomness import seed_of
from honmono.recipe.growth import Growth
from honmono.recipe.latents import Vector
from honmono.recipe.value import Recipe


Networks = Mapping[PlayerName, nn.Module]


def build_networks(
    recipe: Recipe, data_spec: DataSpec, players: Sequence[PlayerName] = PLAYERS
) -> dict[PlayerName, nn.Module]:
    """A recipe's networks by name on the CPU, initialised from its seed.

    players: those whose networks are built; no network depends on another one.
    Raises `Refused` where they cannot be built for this data.
    """
    if recipe.conditional and not data_spec.classes:
        raise Refused(
            "this recipe is conditional and the data has no classes: use subfolders, or --set conditional=false"
        )
    pack = recipe.objective.pack
    if recipe.conditional and pack > 1:
        raise Refused(
            f"objective.pack={pack} joins {pack} samples into one discriminator input, which has no single label:"
            " use --set conditional=false, or --set objective.pack=1"
        )
    classes = len(data_spec.classes) if recipe.conditional else 0
    shape = tuple(data_spec.sample_shape)
    latent_dim = {"latent_dim": recipe.latent.dim} if isinstance(recipe.latent, Vector) else {}
    inputs: dict[PlayerName, dict[str, object]] = {
        "generator": {"sample_shape": shape, **latent_dim},
        "discriminator": {"sample_shape": (pack * shape[0], *shape[1:])},
    }
    with torch.random.fork_rng(devices=[]):
        return {
            player: _build_network(partial(unbuilt, **inputs[player], num_classes=classes), recipe, player)
            for player, unbuilt in recipe.networks.items()
            if player in players
        }


def _build_network(unbuilt: partial, recipe: Recipe, player: PlayerName) -> nn.Module:
    torch.manual_seed(seed_of(recipe.training.seed, player))
    try:
        return unbuilt()
    except Refused:
        raise  # its message already says what to change
    except Exception as error:  # torch or a user's own network may raise anything
        raise Refused(
            f"the {player} cannot be built with these fields ({type(error).__name__}: {error}):"
            f" change them with --set {player}.FIELD=VALUE"
        ) from error


def resolve_together(recipe: Recipe, networks: Networks) -> Recipe:
    """The recipe with `objective.together="auto"` replaced: true where its discriminator couples no samples."""
    objective: Any = recipe.objective
    if getattr(objective, "together", None) != "auto":
        return recipe
    return replace(recipe, objective=replace(objective, together=not couples_samples(networks["discriminator"])))


def check_least_batch(recipe: Recipe, networks: Networks, least: int) -> None:
    """Raises `Refused` where `least` samples, the smallest batch of one process, are too few for the recipe."""
    fix = "raise --batch-size, or use --set data.drop_last=true"
    if recipe.objective.pack > max(least, 1):
        raise Refused(
            f"objective.pack={recipe.objective.pack} needs as many samples, and the smallest batch of a process has"
            f" {least}: {fix}"
        )
    if least < 2 and any(
        isinstance(part, nn.BatchNorm1d) for network in networks.values() for part in network.modules()
    ):
        raise Refused(
            f"the smallest batch of a process has {least} sample(s), and BatchNorm1d needs at least two: {fix}"
        )


def check_parts(recipe: Recipe, processes: int) -> None:
    """Raises `Refused` where a penalty on every n-th sample would use other samples in parts of a batch than in the
    whole batch."""
    parts, size = recipe.training.accumulate * processes, recipe.training.batch_size
    for penalty in getattr(recipe.objective, "penalties", ()):
        every = getattr(penalty, "every", 1)
        if parts > 1 and every > 1 and size % (parts * every):
            raise Refused(
                f"{type(penalty).__name__} uses every {every}th sample, and {parts} parts of a batch of {size} give it"
                f" other samples: use a --batch-size divisible by {parts * every}, or every=1"
            )


def check_coupling(recipe: Recipe, networks: Networks) -> None:
    """Raises `Refused` where a setting is correct only if no sample's output depends on the rest of its batch, and this
    recipe's does."""
    if getattr(recipe.objective, "together", False) is True and couples_samples(networks["discriminator"]):
        raise Refused(
            "objective.together puts real and fake samples into one batch, and this discriminator's batch norm would"
            " mix their statistics: use --set objective.together=auto"
        )
    if recipe.training.accumulate > 1 and couples(recipe, networks):
        raise Refused(
            "training.accumulate splits the batch, and in this recipe the samples of a batch depend on each other"
            " (batch norm, packing or the objective): use --set training.accumulate=1"
        )


def couples(recipe: Recipe, networks: Networks) -> bool:
    """Whether a sample's loss depends on the other samples of its batch, by the objective or by a network."""
    by_objective = recipe.objective.couples_samples or recipe.objective.pack > 1
    return by_objective or any(couples_samples(network) for network in networks.values())


def count_parameters(module: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def set_stage(growth: Growth | None, network: nn.Module, images: int) -> None:
    """Sets the stage that a growing network has after `images` images; does nothing where `growth` is None."""
    if growth is not None:
        network = growing_network(network)
        network.set_stage(*growth.at(images, network.sizes))


def growing_network(network: nn.Module) -> GrowingNetwork:
    """The network as a `GrowingNetwork`. Raises `Refused` where it has no stages."""
    if not isinstance(network, GrowingNetwork):
        raise Refused(f"growth: {type(network).__name__} is not a growing network: use --set growth=none")
    return network
