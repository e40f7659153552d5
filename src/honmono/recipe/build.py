"""Building a recipe's networks, once the data has said its shape and classes."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from honmono.data.base import Interface
from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.growing import GrowingNetwork
from honmono.randomness import seed_of
from honmono.recipe.growth import Growth
from honmono.recipe.updates import PlayerName
from honmono.recipe.value import Recipe


def build_networks(recipe: Recipe, interface: Interface) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator on the CPU, initialised by the recipe's seed; refused where they do not fit."""
    if recipe.conditional and not interface.classes:
        raise Refused(
            "this recipe is conditional and the data has no classes: use subfolders, or --set conditional=false"
        )
    pack = recipe.objective.pack
    if recipe.conditional and pack > 1:
        raise Refused(
            f"objective.pack={pack} shows the discriminator {pack} samples as one, which has no label of its own:"
            " use --set conditional=false, or --set objective.pack=1"
        )
    classes = len(interface.classes) if recipe.conditional else 0
    shape = tuple(interface.sample_shape)
    generator = partial(recipe.generator, latent_dim=recipe.latent.dim, sample_shape=shape, num_classes=classes)
    discriminator = partial(recipe.discriminator, sample_shape=(pack * shape[0], *shape[1:]), num_classes=classes)
    with torch.random.fork_rng(devices=[]):
        return _built(generator, recipe, "generator"), _built(discriminator, recipe, "discriminator")


def _built(unbuilt: partial, recipe: Recipe, player: PlayerName) -> nn.Module:
    torch.manual_seed(seed_of(recipe.training.seed, player))
    try:
        return unbuilt()
    except Refused:
        raise  # it says already what to mend
    except Exception as error:  # whatever torch, or a user's own network, makes of the recipe's numbers
        raise Refused(
            f"the {player} cannot be built with these fields ({type(error).__name__}: {error}):"
            f" change them by --set {player}.FIELD=VALUE"
        ) from error


def check_least_batch(recipe: Recipe, networks: Sequence[nn.Module], least: int) -> None:
    """Refuses what the smallest batch of the run, `least` samples in one process, would not suffice for."""
    mend = "raise --batch-size, or use --set data.drop_last=true"
    if recipe.objective.pack > max(least, 1):
        raise Refused(
            f"objective.pack={recipe.objective.pack} joins more samples than the smallest batch of a process has,"
            f" {least}: {mend}"
        )
    if least < 2 and any(isinstance(part, nn.BatchNorm1d) for network in networks for part in network.modules()):
        raise Refused(
            f"the smallest batch of a process has {least} of the samples, and batch norm of numbers takes two: {mend}"
        )


def check_parts(recipe: Recipe, processes: int) -> None:
    """Refuses parts of a batch of which a penalty would see other samples than of the whole."""
    parts, size = recipe.training.accumulate * processes, recipe.training.batch_size
    for penalty in getattr(recipe.objective, "penalties", ()):
        every = getattr(penalty, "every", 1)
        if parts > 1 and every > 1 and size % (parts * every):
            raise Refused(
                f"{type(penalty).__name__} takes every {every}th sample, and {parts} parts of a batch of {size} are no"
                f" multiples of {every}: use a --batch-size of which {parts * every} is a divisor, or every=1"
            )


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
            " (batch norm, packing or the objective): use --set training.accumulate=1"
        )


def couples(recipe: Recipe, generator: nn.Module, discriminator: nn.Module) -> bool:
    """Whether anything in the recipe makes a sample's loss depend on its batch."""
    by_objective = recipe.objective.couples_samples or recipe.objective.pack > 1
    return by_objective or couples_samples(generator) or couples_samples(discriminator)


def count_parameters(module: nn.Module) -> int:
    """The number of trained parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def set_stage(growth: Growth | None, network: nn.Module, images: int) -> None:
    """Gives a network that was loaded from a checkpoint the stage that it had when `images` images had been seen."""
    if growth is not None:
        network = growing_network(network)
        network.set_stage(*growth.at(images, network.sizes))


def growing_network(network: nn.Module) -> GrowingNetwork:
    """The network as one with stages; refused where it has none."""
    if not isinstance(network, GrowingNetwork):
        raise Refused(f"growth: {type(network).__name__} has no stages to grow through: use --set growth=none")
    return network
