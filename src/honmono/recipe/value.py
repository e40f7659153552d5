"""`Recipe`: everything that defines one generative model and its training, as one frozen value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from functools import partial
from math import isfinite
from typing import Any, Generic, Literal, TypeVar

from honmono.data.base import Data
from honmono.errors import Refused
from honmono.metrics.base import Metric
from honmono.objectives.base import Objective, PlayerName
from honmono.recipe.grids import SampleGrid, refuse_repeated_names
from honmono.recipe.growth import Growth
from honmono.recipe.hyperparameters import canonical
from honmono.recipe.latents import Latent, Vector
from honmono.recipe.samplers import Direct, Sampler, Stepwise
from honmono.recipe.updates import Simultaneous, Update, every_update
from honmono.schedules import Constant, Schedule


T = TypeVar("T", covariant=True)
FITTING = {"sample": "Direct()", "velocity": "ODE()", "noise": "DDIM()"}  # samplers, by what networks return


@dataclass(frozen=True, init=False)
class Pair(Generic[T]):
    """One value for each player; without the discriminator's value both have the generator's."""

    generator: T
    discriminator: T

    def __init__(self, generator: T, discriminator: T | None = None) -> None:
        object.__setattr__(self, "generator", generator)
        object.__setattr__(self, "discriminator", generator if discriminator is None else discriminator)

    def of(self, player: PlayerName) -> T:
        return self.generator if player == "generator" else self.discriminator


@dataclass(frozen=True)
class Clip:
    """Clips every parameter of a player, biases included, to [-bound, bound] (Arjovsky et al., arXiv:1701.07875).

    when: "after" each update of that player, as in the paper's algorithm 1 and in wgan-grid-article; or "before" its
        gradient is computed, as in the authors' code, where the other player then sees weights beyond the bound.
    """

    bound: float = 0.01
    player: PlayerName = "discriminator"
    when: Literal["before", "after"] = "after"

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise Refused(f"clip.bound is {self.bound}: give a number above 0, or disable clipping with clip=none")


@dataclass(frozen=True)
class Average:
    """An exponential moving average (EMA) of the generator's weights and buffers, by images seen.

    A step of b images decays the average by 0.5 ** (b / h), with h = min(halflife, ramp * images seen).

    halflife: in images.
    ramp: shortens the half-life at first, so that the random initial weights are forgotten sooner; 1e999 never
        shortens it, for a run that starts from another run's average.

    Source: Karras et al., StyleGAN2-ADA (arXiv:2006.06676), appendix F (half-life in images, ramp-up 0.05).
    """

    halflife: int = 10_000
    ramp: float = 0.05

    def __post_init__(self) -> None:
        if self.halflife < 1 or not self.ramp > 0:
            raise Refused(
                f"training.average is {self}: give halflife and ramp above 0, or disable it with training.average=none"
            )

    def decay(self, images: int, batch: int) -> float:
        halflife = min(self.halflife, images * self.ramp) if isfinite(self.ramp) else self.halflife
        return 0.5 ** (batch / halflife) if halflife > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """Length, batch size, precision and schedule of a training. Fields named `..._every` count steps.

    precision: "auto" is bf16 where the device multiplies matrices faster in it than in float32, else fp32.
    accumulate: the number of parts in which a batch goes through the networks (gradient accumulation); above 1 only
        where no sample's loss depends on the others in its batch.
    keep: how many checkpoints stay on disk, besides the best; 0: all.
    measure_images: the recipe's metrics are measured after each this many images, and at the end; None: at the end.
    best: the metric that chooses the best checkpoint, such as "fid[mnist]"; None: the first one that measures both
        quality and variety.
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
                raise Refused(f"training.{name} is {getattr(self, name)}: give at least 1")
        if self.measure_images is not None and self.measure_images < 1:
            raise Refused(f"training.measure_images is {self.measure_images}: give at least 1, or none")
        if self.keep < 0:
            raise Refused(f"training.keep is {self.keep}: give at least 0")
        if not 0 <= self.seed < 2**63:
            raise Refused(f"training.seed is {self.seed}: give 0 to 2**63 - 1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One generative model: data, latent, networks, objective, optimizers, update program, training, metrics.

    Networks and optimizers are `functools.partial`s, which the trainer builds; here their signatures are bound and
    their defaults filled in, so that equal recipes have equal JSON. All other parts are frozen dataclasses.

    discriminator: None where the objective trains one network only, as flows and diffusion do. Pairs then hold a second
        value that is not used.
    growth: the schedule of progressive growing; None: networks have their full size from the start.
    conditional: whether the networks get class labels; "auto": if the data has at least two classes.
    fake_labels: whether the labels of fakes are drawn uniformly or copied from the real batch.
    sampling: the batch norm mode when samples are made: "running" statistics, statistics of the "batch", or "identity"
        (batch norm is skipped).
    discriminator_statistics: whether the running statistics of the discriminator's batch norms move in its "own"
        updates, or in "all", the generator's included, as in code that does not freeze them; no sample depends on them.
    sampler: how samples come from the generator: directly, or step by step.
    grids: the sample grids that a run saves every `training.sample_every` steps; its film is made of the first one.
    clip: weight clipping of one player; None: none.
    metrics: what is measured of its samples, during training and by `honmono evaluate`.
    """

    data: Data
    latent: Latent
    generator: partial
    discriminator: partial | None = None
    objective: Objective
    optimizers: Pair[partial]
    updates: tuple[Update | Simultaneous, ...] = (Update("discriminator"), Update("generator"))
    training: Training = field(default_factory=Training)
    growth: Growth | None = None
    conditional: bool | Literal["auto"] = False
    fake_labels: Literal["uniform", "real"] = "uniform"
    sampling: Literal["running", "batch", "identity"] = "running"
    discriminator_statistics: Literal["own", "all"] = "own"
    sampler: Sampler = Direct()
    grids: tuple[SampleGrid, ...] = (SampleGrid(),)
    clip: Clip | None = None
    metrics: tuple[Metric, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.optimizers, Pair):
            raise Refused("optimizers must be a Pair, as in Pair(partial(Adam, lr=2e-4)) for both players")
        optimizers = {f"optimizers.{f.name}": getattr(self.optimizers, f.name) for f in fields(self.optimizers)}
        unsized = isinstance(self.latent, Latent) and not isinstance(self.latent, Vector)
        bound = canonical({**self.networks, **optimizers}, without={"latent_dim"} if unsized else set())
        for role in self.networks:
            object.__setattr__(self, role, bound[role])
        object.__setattr__(self, "optimizers", Pair(*(bound[where] for where in optimizers)))
        self._refuse_unfit_parts()
        if not isinstance(self.training, Training):
            raise Refused(f"training must be a Training, as in Training(steps=10_000), not {self.training!r}")
        schedules = self.objective.schedules() if isinstance(self.objective, Objective) else {}
        if counting := [name for name, one in schedules.items() if one.counts == "updates"]:
            raise Refused(f"the schedule of {counting[0]} counts updates, which only learning rates have: use Inverse")
        refuse_repeated_names(self.grids)
        if not isinstance(self.metrics, tuple) or not all(isinstance(metric, Metric) for metric in self.metrics):
            raise Refused(f"metrics must be a tuple of metrics, as in (ModeCoverage(),), not {self.metrics!r}")
        names = [metric.name for metric in self.metrics]
        if twice := [name for name in names if names.count(name) > 1]:
            raise Refused(f"metrics holds {twice[0]} twice: remove one of them")

    @property
    def networks(self) -> dict[PlayerName, partial]:
        """The networks that there are, unbuilt, in the order in which processes sum their gradients."""
        networks: dict[PlayerName, partial] = {"generator": self.generator}
        return networks if self.discriminator is None else {**networks, "discriminator": self.discriminator}

    def _refuse_unfit_parts(self) -> None:
        """Raises `Refused` where networks, objective, updates and sampler do not fit each other."""
        if not isinstance(self.objective, Objective):
            return  # `recipe_from_json` says so
        wanted, name = set(self.objective.players), type(self.objective).__name__
        if missing := wanted - {*self.networks}:
            raise Refused(f"{name} trains a {missing.pop()}, and the recipe has none: give one")
        if unused := {*self.networks} - wanted:
            raise Refused(f"{name} trains no {unused.pop()}: remove it (discriminator=None)")
        if isinstance(self.sampler, Sampler) and self.sampler.predicts != self.objective.predicts:
            raise Refused(
                f"sampler: {type(self.sampler).__name__} takes a network that returns a {self.sampler.predicts}, and"
                f" {name} trains one that returns a {self.objective.predicts}: use {FITTING[self.objective.predicts]}"
            )
        if not self.conditional and isinstance(self.sampler, Stepwise) and self.sampler.guidance != 1:
            raise Refused(f"sampler.guidance={self.sampler.guidance} needs labels, and there are none: set it to 1")
        updated = {update.player for update in every_update(self.updates)}
        if updated != wanted:
            raise Refused(f"updates must hold at least one update of each player: {' and '.join(self.networks)}")


# Fields that may be "auto": `resolve_auto` replaces that once the data is open, and `resolve_together`
# (honmono.recipe.build) once the networks are built. A run records the result.
_AUTO_FIELDS = (
    *("conditional", "objective.together", "objective.augment.probability", "objective.augment.classes"),
    "objective.penalties.*.of_fakes.classes",
)


def may_be_auto(field: str) -> bool:
    """Whether a field, by its dotted name, may be "auto"."""
    return any(fnmatchcase(field, pattern) for pattern in _AUTO_FIELDS)


def auto_fields(fields: Mapping[str, Any]) -> list[str]:
    """Those of a recipe's fields that are left to the data."""
    return [name for name, value in fields.items() if value == "auto" and may_be_auto(name)]


def resolve_auto(recipe: Recipe, sizes: Sequence[int], length: int | None) -> Recipe:
    """The recipe with "auto" replaced by a value where that follows from the data.

    sizes: the number of samples in each class.
    length: the number of samples; None where the data is infinite.
    """
    if recipe.conditional == "auto":
        recipe = replace(recipe, conditional=len(sizes) > 1)
    objective = recipe.objective.resolve_auto(length, sizes if recipe.conditional else ())
    return replace(recipe, objective=objective)
