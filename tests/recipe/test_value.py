"""Recipes as values: canonical when built, refused when they cannot be right."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from honmono.data.mixtures import Grid
from honmono.errors import Refused
from honmono.metrics.modes import ModeCoverage
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.networks.time_mlp import TimeMLP
from honmono.objectives.base import Objective, Step
from honmono.objectives.diffusion import DDPM
from honmono.objectives.flow_matching import FlowMatching
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe.hyperparameters import leaves
from honmono.recipe.latents import Normal, SampleNoise
from honmono.recipe.samplers import ODE, Direct
from honmono.recipe.updates import Simultaneous, Update, every_update
from honmono.recipe.value import Average, Pair, Recipe, Training, resolve_auto
from honmono.schedules import Constant, Cosine, InverseByUpdate


def gan(**changes: Any) -> Recipe:
    parts: dict[str, Any] = {
        "data": Grid(),
        "latent": Normal(4),
        "generator": partial(MLPGenerator, widths=(8,)),
        "discriminator": partial(MLPDiscriminator, widths=(8,)),
        "objective": NonSaturating(),
        "optimizers": Pair(partial(Adam, lr=1e-3)),
    }
    return Recipe(**parts | changes)


def test_what_is_not_built_yet_holds_every_hyper_parameter_and_nothing_that_the_data_says() -> None:
    recipe = gan()
    assert recipe.generator.args == ()
    assert recipe.generator.keywords == {
        "widths": (8,),
        "activation": "relu",
        "batch_norm": False,
        "output": "tanh",
        "weight_std": None,
        "xavier": False,
        "fourier": 0,
        "fourier_scale": 1.0,
        "skip": False,
    }
    assert recipe.optimizers.discriminator.keywords["betas"] == (0.9, 0.999)
    assert "params" not in recipe.optimizers.generator.keywords


def test_whole_numbers_become_floats_where_the_default_has_floats() -> None:
    written: Any = {"betas": [0, 0.9], "lr": 1}
    optimizer = gan(optimizers=Pair(partial(Adam, **written))).optimizers.generator
    assert optimizer.keywords["betas"] == (0.0, 0.9) and optimizer.keywords["lr"] == 1.0
    assert [type(value) for value in (*optimizer.keywords["betas"], optimizer.keywords["lr"])] == [float] * 3
    optimizer([nn.Parameter(torch.zeros(1))])
    assert type(optimizer.keywords["weight_decay"]) is int  # as torch's own default is


def test_the_generator_s_value_serves_both_players() -> None:
    alone, both = Pair(Constant()), Pair(Constant(), Constant())
    assert alone == both
    pair = Pair(Constant(), Cosine())
    assert pair.of("generator") == Constant() and pair.of("discriminator") == Cosine()


def test_a_recipe_cannot_be_changed_only_replaced() -> None:
    recipe = gan()
    with pytest.raises(FrozenInstanceError):
        recipe.training = Training()  # type: ignore[misc]
    assert replace(recipe, conditional=True).conditional and not recipe.conditional


wrongly_partial: Any = partial  # so that type checkers let pass what is refused when it runs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"generator": wrongly_partial(MLPGenerator, widht=(8,))},
            "generator: widht is not one of its arguments.*'widths'",
        ),
        ({"discriminator": partial(MLPDiscriminator, sample_shape=(2,))}, "discriminator: sample_shape is supplied"),
        ({"discriminator": partial(MLPGenerator)}, "discriminator: MLPGenerator needs a value for latent_dim"),
        ({"generator": partial(MLPDiscriminator)}, "generator: MLPDiscriminator .* latent_dim"),
        ({"generator": wrongly_partial(MLPGenerator, (8,))}, "MLPGenerator: too many positional.*by keyword"),
        ({"generator": MLPGenerator}, "generator must be a functools.partial of a class"),
        ({"optimizers": Pair(wrongly_partial(Adam, l_r=1.0))}, "optimizers.generator: l_r is not one .*'lr'"),
        (
            {"optimizers": Pair(partial(Adam), wrongly_partial(SGD, moment=1))},
            "optimizers.discriminator: moment .*'momentum'",
        ),
        ({"optimizers": partial(Adam, lr=1.0)}, r"optimizers must be a Pair, as in Pair\(partial\("),
        ({"updates": (Update("generator"),)}, "at least one update of each player"),
        ({"training": (Training(),)}, r"training must be a Training, as in Training\(steps="),
        ({"metrics": ModeCoverage()}, r"metrics must be a tuple of metrics, as in \(ModeCoverage\(\),\)"),
        ({"metrics": (ModeCoverage,)}, "metrics must be a tuple of metrics"),
        ({"metrics": (ModeCoverage(), ModeCoverage(fakes=7))}, "metrics holds modes twice"),
        ({"objective": NonSaturating(penalties=(R1(schedule=InverseByUpdate()),))}, "only learning rates"),
    ],
)
def test_what_cannot_be_built_is_refused_at_once(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        gan(**changes)
    assert "\n" not in str(refusal.value)


class Anything(nn.Module):
    """A network that takes whatever it is given."""

    def __init__(self, *, depth: int = 3, **given: Any) -> None:
        super().__init__()


def test_a_network_may_take_more_than_it_names() -> None:
    assert gan(generator=partial(Anything)).generator.keywords == {"depth": 3}
    with pytest.raises(Refused, match="dept is not one of its arguments"):
        gan(generator=partial(Anything, dept=3))


@pytest.mark.parametrize("name", ["steps", "batch_size", "accumulate", "log_every", "sample_every", "checkpoint_every"])
def test_training_counts_from_one(name: str) -> None:
    zero: dict[str, Any] = {name: 0}
    with pytest.raises(Refused, match=f"training.{name} is 0"):
        Training(**zero)


@pytest.mark.parametrize("images", [0, -5])
def test_it_is_measured_after_some_images_or_at_the_end(images: int) -> None:
    assert Training().measure_images is None
    with pytest.raises(Refused, match=f"training.measure_images is {images}: give at least 1, or none"):
        Training(measure_images=images)


@pytest.mark.parametrize("wrong", [{"keep": -1}, {"seed": -1}, {"seed": 2**63}])
def test_training_keeps_and_seeds_within_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=f"^training.{[*wrong][0]} is "):
        Training(**wrong)


def test_a_program_in_order_with_simultaneous_updates_unwrapped() -> None:
    g, d = Update("generator"), Update("discriminator", count=5)
    assert every_update((d, Simultaneous((g, d)), g)) == [d, g, d, g]


def test_an_update_that_never_happens_is_refused() -> None:
    with pytest.raises(Refused, match="the discriminator's update has count=0"):
        Update("discriminator", count=0)


def test_an_average_halves_after_its_half_life_and_forgets_the_beginning() -> None:
    average = Average(halflife=1_000, ramp=0.05)
    assert average.decay(images=1_000_000, batch=1_000) == 0.5
    assert average.decay(images=1_000_000, batch=100) ** 10 == pytest.approx(0.5)
    assert average.decay(images=2_000, batch=100) == 0.5  # 2,000 images seen: a half-life of 100
    assert average.decay(images=0, batch=64) == 0.0


def test_every_leaf_has_a_dotted_name() -> None:
    names = leaves(gan(training=Training(average=Average())))
    assert names["training.steps"] == 10_000
    assert names["training.average.ramp"] == 0.05
    assert names["training.learning_rates.discriminator.value"] == 1.0
    assert names["optimizers.generator.lr"] == 1e-3
    assert names["generator.widths"] == (8,)
    assert names["updates.1.player"] == "generator"
    assert names["updates.1.draws"] is None
    assert not any(name in names for name in ("training", "updates", "generator"))


def flow(**changes: Any) -> Recipe:
    parts: dict[str, Any] = {
        "data": Grid(),
        "latent": SampleNoise(),
        "generator": partial(TimeMLP, widths=(8,)),
        "objective": FlowMatching(),
        "optimizers": Pair(partial(Adam, lr=1e-3)),
        "updates": (Update("generator"),),
        "sampler": ODE(steps=2),
    }
    return Recipe(**parts | changes)


def test_networks_are_those_that_the_objective_trains() -> None:
    assert list(gan().networks) == ["generator", "discriminator"] and list(flow().networks) == ["generator"]
    critic = partial(MLPDiscriminator, widths=(8,))
    for make, message in (
        (lambda: gan(discriminator=None), "NonSaturating trains a discriminator, and the recipe has none"),
        (lambda: flow(discriminator=critic), "FlowMatching trains no discriminator"),
        (lambda: flow(sampler=ODE(guidance=1.5)), "sampler.guidance=1.5 needs labels"),
        (lambda: flow(updates=(Update("discriminator"), Update("generator"))), "at least one update of each player"),
        (lambda: flow(sampler=Direct()), r"Direct takes a network that returns a sample.*use ODE\(\)"),
        (lambda: flow(objective=DDPM()), r"ODE takes a network that returns a velocity.*use DDIM\(\)"),
        (lambda: gan(sampler=ODE()), r"use Direct\(\)"),
    ):
        with pytest.raises(Refused, match=message):
            make()


def test_a_network_of_samples_gets_no_size_of_latents() -> None:
    with pytest.raises(Refused, match="generator: TimeMLP must accept the keyword.* latent_dim"):
        flow(latent=Normal(2))


@dataclass(frozen=True)
class Weighted(Objective):
    """One of a user's own, whose penalties are numbers."""

    penalties: tuple[float, ...] = (0.1, 1.0)

    def generator_loss(self, step: Step) -> Mapping[str, torch.Tensor]:
        return {}

    def discriminator_loss(self, step: Step) -> Mapping[str, torch.Tensor]:
        return {}


def test_nothing_of_an_objective_of_one_s_own_is_taken_for_auto() -> None:
    assert resolve_auto(gan(objective=Weighted()), [], 10).objective == Weighted()
