"""Small studies: all that is a length on the clock shortens alike, and nothing else does."""

import pytest

from honmono.errors import Refused
from honmono.recipe.hyperparameters import leaves
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.updates import WarmUp, every_update
from honmono.recipe.value import Recipe
from honmono.schedules import Constant
from honmono.studies.scale import LEAST_STEPS, scaled


def small(name: str, scale: float) -> tuple[Recipe, Recipe]:
    whole = find(name).make()
    return whole, override(whole, scaled(whole, scale))


def test_a_whole_study_is_not_changed() -> None:
    assert scaled(find("wgan-grid-article").make(), 1) == {}


@pytest.mark.parametrize("scale", [0, -0.5, 1.5])
def test_a_scale_is_a_share(scale: float) -> None:
    with pytest.raises(Refused, match="^--scale "):
        scaled(find("gan-grid").make(), scale)


def test_decay_leaves_the_same_rate_at_the_end() -> None:
    whole, tenth = small("wgan-grid-article", 0.1)
    assert tenth.training.steps == 19_500 and tenth.training.batch_size == 512
    for part in ("generator", "discriminator"):
        before, after = getattr(whole.training.learning_rates, part), getattr(tenth.training.learning_rates, part)
        assert after.at(19_500) == pytest.approx(before.at(195_000), rel=1e-9)
    assert (tenth.training.log_every, tenth.training.sample_every, tenth.training.checkpoint_every) == (20, 195, 195)
    assert tenth.training.measure_images == 195 * 512


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75, 1.0])
def test_ramps_keep_their_course(share: float) -> None:
    whole, small_one = small("coulomb-grid", 0.01)
    images = whole.training.steps * whole.training.batch_size
    before, after = whole.training.learning_rates.generator, small_one.training.learning_rates.generator
    assert after.at(round(share * images / 100)) == pytest.approx(before.at(round(share * images)), abs=1e-6)


def test_growth_grows_in_less() -> None:
    _, small_one = small("pggan-mnist", 0.1)
    assert small_one.growth is not None
    assert (small_one.growth.train, small_one.growth.fade) == pytest.approx((3_000, 3_000), abs=3)
    assert small_one.growth.batch_sizes == (64, 64)


def test_a_warm_up_is_shorter() -> None:
    _, small_one = small("wgan-grid-paper", 0.1)
    (critic, _) = every_update(small_one.updates)
    assert critic.count == WarmUp(count=5, high=100, steps=2, every=50)


def test_there_is_a_least_and_what_is_shorter_stays() -> None:
    whole, least = small("gan-grid", 1e-9)
    assert least.training.steps == LEAST_STEPS and least.training.sample_every == 1
    shorter = override(whole, {"training.steps": "7"})
    assert scaled(shorter, 0.01)["training.steps"] == 7


def test_nothing_else_changes() -> None:
    whole, small_one = small("coulomb-grid", 0.01)
    before, after = leaves(whole), leaves(small_one)
    changed = {name for name in before if before[name] != after[name]}
    every = {f"training.{name}" for name in ("steps", "log_every", "sample_every", "checkpoint_every")}
    ramps = {name for name in before if name.endswith((".begin", ".images"))}
    assert changed == every | ramps | {"training.measure_images"} and len(ramps) >= 4
    assert isinstance(find("gan-grid").make().training.learning_rates.generator, Constant)
