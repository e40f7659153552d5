"""A recipe: one GAN as one frozen value, from its data to its last training step."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import isfinite
from typing import Any, Generic, Literal, TypeVar

from honmono.data.base import Data
from honmono.errors import Refused
from honmono.metrics.base import Metric
from honmono.objectives.base import Objective
from honmono.recipe.fields import INTERFACE, canonical
from honmono.recipe.grids import SampleGrid, refuse_alike
from honmono.recipe.growth import Growth
from honmono.recipe.latents import Latent
from honmono.recipe.updates import PlayerName, Together, Update, every_update
from honmono.schedules import Constant, Schedule


T = TypeVar("T", covariant=True)


@dataclass(frozen=True, init=False)
class Pair(Generic[T]):
    """One value for each player; the generator's serves both when the discriminator's is not given."""

    generator: T
    discriminator: T

    def __init__(self, generator: T, discriminator: T | None = None) -> None:
        object.__setattr__(self, "generator", generator)
        object.__setattr__(self, "discriminator", generator if discriminator is None else discriminator)

    def of(self, player: PlayerName) -> T:
        return self.generator if player == "generator" else self.discriminator


@dataclass(frozen=True)
class Clip:
    """Keeps every parameter of a player, biases too, between -bound and bound (Arjovsky et al., arXiv:1701.07875).

    when: "after" each update of that player, as in the paper's algorithm 1 and in wgan-grid-article, or "before" its
        gradient is taken, as in the authors' code, where the other player then meets weights beyond the bound.
    """

    bound: float = 0.01
    player: PlayerName = "discriminator"
    when: Literal["before", "after"] = "after"

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise Refused(f"clip.bound is {self.bound}; give a number above 0, or 1e999 for no clipping")


@dataclass(frozen=True)
class Average:
    """An exponential average of the generator's weights and buffers, on the clock of images seen.

    After a step of b images the average keeps a share 0.5 ** (b / h) of itself, where h is the half-life, at first
    shortened to `ramp` times the images seen so far, so that the random beginning is forgotten. ramp: 1e999 never
    shortens it, for a run that begins from another one's average.

    Source: Karras et al., StyleGAN2-ADA (arXiv:2006.06676), appendix F (half-life in images, ramp-up 0.05).
    """

    halflife: int = 10_000
    ramp: float = 0.05

    def __post_init__(self) -> None:
        if self.halflife < 1 or not self.ramp > 0:
            raise Refused(
                f"training.average is {self}: halflife and ramp are above 0, or disable it by training.average=none"
            )

    def decay(self, images: int, batch: int) -> float:
        halflife = min(self.halflife, images * self.ramp) if isfinite(self.ramp) else self.halflife
        return 0.5 ** (batch / halflife) if halflife > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, how finely and how a recipe is trained. Everything "every" counts steps.

    precision: "auto" takes bf16 where the processor multiplies it faster than float32, else fp32.
    accumulate: the batch goes through the networks in so many parts; only where nothing couples samples.
    keep: how many checkpoints stay on disk, besides the best; 0 for all.
    measure_images: the recipe's metrics are measured each time that so many more images have been seen, and at the end;
        None: at the end alone.
    best: which of their numbers the best checkpoint is chosen by, "fid[mnist]"; None: the first that sees variety.
    """

    steps: int = 10_000
    batch_size: int = 64
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16", "fp64"] = "auto"
    accumulate: int = 1
    average: Average | None = None
    learning_rates: Pair[Schedule] = field(default_factory=lambda: Pair(Constant()))
    log_every: int = 10
    sample_every: int = 500
    checkpoint_every: int = 500
    keep: int = 3
    measure_images: int | None = None
    best: str | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulate", "log_every", "sample_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise Refused(f"training.{name} is {getattr(self, name)}; it must be at least 1")
        if self.measure_images is not None and self.measure_images < 1:
            raise Refused(f"training.measure_images is {self.measure_images}; give at least 1, or none: at the end")
        if self.keep < 0 or not 0 <= self.seed < 2**63:
            raise Refused("training.keep must be 0 (all) or more, and training.seed from 0 to 2**63 - 1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One GAN: data, latent, networks, objective, optimizers, update program, training, metrics.

    A frozen dataclass within it is complete; a `functools.partial` is not built yet and is made canonical here
    (its signature bound, its defaults filled in), so that equal recipes have equal JSON.

    growth: how networks with stages grow; None: they stand at full size from the beginning.
    conditional: whether the networks are given the data's classes; "auto": where it has at least two.
    fake_labels: the labels of fakes are drawn uniformly, or are those of the real batch.
    sampling: what batch norm does when pictures are made: "running" averages, "batch" statistics, or "identity".
    grids: which pictures a run makes every `training.sample_every` steps; the nameless first one becomes its film.
    clip: keeps a player's weights within bounds; None: leaves them free.
    metrics: how its samples are judged, during training and by `honmono evaluate`.
    """

    data: Data
    latent: Latent
    generator: partial
    discriminator: partial
    objective: Objective
    optimizers: Pair[partial]
    updates: tuple[Update | Together, ...] = (Update("discriminator"), Update("generator"))
    training: Training = field(default_factory=Training)
    growth: Growth | None = None
    conditional: bool | Literal["auto"] = False
    fake_labels: Literal["uniform", "real"] = "uniform"
    sampling: Literal["running", "batch", "identity"] = "running"
    grids: tuple[SampleGrid, ...] = (SampleGrid(),)
    clip: Clip | None = None
    metrics: tuple[Metric, ...] = ()

    def __post_init__(self) -> None:
        for role in ("generator", "discriminator"):
            object.__setattr__(self, role, canonical(getattr(self, role), INTERFACE[role], role))
        if not isinstance(self.optimizers, Pair):
            raise Refused("optimizers must be a Pair, as in Pair(partial(Adam, lr=2e-4)) for both players")
        optimizers = {
            f.name: canonical(getattr(self.optimizers, f.name), INTERFACE["optimizers"], f"optimizers.{f.name}")
            for f in fields(self.optimizers)
        }
        object.__setattr__(self, "optimizers", Pair(**optimizers))
        players = [update.player for update in every_update(self.updates)]
        if sorted(set(players)) != ["discriminator", "generator"]:
            raise Refused("updates must hold at least one update of each player: generator and discriminator")
        if not isinstance(self.training, Training):
            raise Refused(f"training must be a Training, as in Training(steps=10_000), not {self.training!r}")
        if counting := [name for name, one in self.objective.schedules().items() if one.counts == "updates"]:
            raise Refused(f"the schedule of {counting[0]} counts updates, which only learning rates have: take Inverse")
        refuse_alike(self.grids)
        if not isinstance(self.metrics, tuple) or not all(isinstance(metric, Metric) for metric in self.metrics):
            raise Refused(f"metrics must be a tuple of metrics, as in (ModeCoverage(),), not {self.metrics!r}")
        names = [metric.name for metric in self.metrics]
        if twice := [name for name in names if names.count(name) > 1]:
            raise Refused(f"metrics holds {twice[0]} twice: leave one of them out")


# Fields that may be "auto": `settled` decides them once the data is open, and a run records what was decided.
LEFT_TO_DATA = ("conditional", "objective.augment.probability", "objective.augment.classes")


def settled(recipe: Recipe, sizes: Sequence[int], length: int | None) -> Recipe:
    """The recipe with everything decided that it leaves to the data: how large its classes are and how large it is."""
    if recipe.conditional == "auto":
        recipe = replace(recipe, conditional=len(sizes) > 1)
    objective: Any = recipe.objective
    if getattr(objective, "augment", None) is not None:
        augment = objective.augment.settled(length, sizes if recipe.conditional else ())
        recipe = replace(recipe, objective=replace(objective, augment=augment))
    return recipe
