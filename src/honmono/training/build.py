"""Building a recipe's networks and optimizers, once the data has said its shape and classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.randomness import seed_of
from honmono.recipe import Recipe


@dataclass(frozen=True)
class Interface:
    """What the networks must fit: the shape of a sample and the names of the classes."""

    sample_shape: tuple[int, ...]
    classes: tuple[str, ...]


def build_networks(recipe: Recipe, interface: Interface) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator on the CPU, initialised by the recipe's seed; refused where they do not fit."""
    if recipe.conditional and not interface.classes:
        raise Refused(
            "this recipe is conditional and the data has no classes: use subfolders, or --set conditional=false"
        )
    given = {
        "sample_shape": tuple(interface.sample_shape),
        "num_classes": len(interface.classes) if recipe.conditional else 0,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(recipe.training.seed, "generator"))
        generator = recipe.generator(latent_dim=recipe.latent.dim, **given)
        torch.manual_seed(seed_of(recipe.training.seed, "discriminator"))
        discriminator = recipe.discriminator(**given)
    return generator, discriminator


def check_coupling(recipe: Recipe, networks: Sequence[nn.Module]) -> None:
    """Refuses what is only right where no sample's output depends on the others in its batch."""
    generator, discriminator = networks
    if getattr(recipe.objective, "together", False) and couples_samples(discriminator):
        raise Refused(
            "objective.together puts real and fake into one batch, and this discriminator's batch norm would mix them:"
            " use --set objective.together=false"
        )
    if recipe.training.accumulate > 1 and couples(recipe, generator, discriminator):
        raise Refused(
            "training.accumulate splits the batch, and in this recipe samples of a batch depend on each other"
            " (batch norm or the objective): use --set training.accumulate=1"
        )


def couples(recipe: Recipe, generator: nn.Module, discriminator: nn.Module) -> bool:
    """Whether anything in the recipe makes a sample's loss depend on its batch."""
    return recipe.objective.couples_samples or couples_samples(generator) or couples_samples(discriminator)


def count_parameters(module: nn.Module) -> int:
    """The number of trained parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
