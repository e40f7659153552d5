"""Networks that fit the data and the objective, and what is refused before any training."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe.build import build_networks, couples, resolve_together
from honmono.recipe.hyperparameters import leaves
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]


def tiny(name: str, **changes: str) -> Recipe:
    entry = find(name)
    return override(entry.make(), {**entry.tiny, **{field.replace("__", "."): text for field, text in changes.items()}})


@pytest.mark.parametrize(("name", "shape"), [("gan-grid", (2,)), ("dcgan-folder", (3, 16, 16))])
def test_a_packed_discriminator_is_built_for_packs_and_the_generator_is_not(name: str, shape: tuple[int, ...]) -> None:
    recipe = tiny(name, objective__pack="3")
    generator, discriminator = build_networks(recipe, DataSpec(shape, ())).values()
    fake = generator(torch.randn(2, leaves(recipe)["latent.dim"]))
    assert fake.shape == (2, *shape)
    assert discriminator(torch.randn(2, 3 * shape[0], *shape[1:])).shape == (2,)
    alone, _ = build_networks(tiny(name), DataSpec(shape, ())).values()
    assert all(torch.equal(a, b) for a, b in zip(generator.parameters(), alone.parameters(), strict=True))


def test_packs_have_no_labels() -> None:
    with pytest.raises(Refused, match=r"objective.pack=2 .* --set conditional=false"):
        build_networks(tiny("dcgan-digits", objective__pack="2"), DataSpec((1, 8, 8), ("a", "b")))


@pytest.mark.parametrize("given", ["auto", "true", "false"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_real_and_fake_share_a_batch_where_nothing_couples_them_unless_told_otherwise(
    given: str, batch_norm: bool
) -> None:
    recipe = override(
        find("dcgan-mnist-article").make(),
        {"objective.together": given, "discriminator.batch_norm": str(batch_norm).lower()},
    )
    resolved = resolve_together(recipe, build_networks(recipe, DataSpec((1, 28, 28), ())))
    assert leaves(resolved)["objective.together"] is (given == "true" if given != "auto" else not batch_norm)
    without = find("coulomb-grid").make()
    assert resolve_together(without, {}) is without


def test_packing_couples_samples(points: Recipe, in_training: Build) -> None:
    without = replace(override(points, {"generator.batch_norm": "false"}), objective=NonSaturating())
    packed = replace(without, objective=NonSaturating(pack=2))
    trainers = in_training(without), in_training(packed)
    assert [couples(trainer.recipe, trainer.networks) for trainer in trainers] == [False, True]
    with pytest.raises(Refused, match=r"accumulate splits the batch"):
        in_training(override(packed, {"training.accumulate": "2"}))


@pytest.mark.parametrize(("changes", "least"), [({"objective.pack": "17"}, 16), ({"data.drop_last": "false"}, 1)])
def test_a_batch_that_fills_no_pack_is_refused_before_training(
    points: Recipe, in_training: Build, changes: dict[str, str], least: int
) -> None:
    recipe = override(points, {"data.samples": "33", "objective.pack": "2", **changes})
    with pytest.raises(Refused, match=rf"objective.pack=.* {least}: raise --batch-size"):
        in_training(recipe)


def test_a_batch_of_one_is_refused_where_batch_norm_takes_two(points: Recipe, in_training: Build) -> None:
    recipe = override(points, {"data.samples": "33", "generator.batch_norm": "true"})
    in_training(recipe)  # the one that is left over is dropped
    with pytest.raises(Refused, match=r"has 1 sample.*BatchNorm1d.*--batch-size"):
        in_training(override(recipe, {"data.drop_last": "false"}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"generator.widths": "(-1,)"}, r"the generator cannot be built with these fields .*--set generator.FIELD"),
        ({"discriminator.widths": "(0, -3)"}, r"the discriminator cannot be built with these fields"),
        ({"optimizers.generator.lr": "-1"}, r"cannot create Adam: Invalid learning rate: -1.*--set optimizers"),
        ({"optimizers.discriminator.betas": "(2.0, 0.9)"}, r"cannot create Adam: Invalid beta"),
    ],
)
def test_numbers_that_nothing_can_be_built_of_are_refused(
    points: Recipe, in_training: Build, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        in_training(override(points, changes))


@pytest.mark.parametrize("changes", [{"latent.dim": "0"}, {"training.average": "Average(halflife=-5)"}])
def test_numbers_that_would_train_silently_are_refused(points: Recipe, changes: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"latent.dim is 0|training.average is .*halflife=-5"):
        override(points, changes)


def test_parts_of_a_batch_must_hold_the_samples_that_a_penalty_takes(points: Recipe, in_training: Build) -> None:
    """Every fourth of the whole is every fourth of each part only where the parts are multiples of four."""
    objective = NonSaturating(penalties=(R1(1.0, every=4),))
    recipe = override(replace(points, objective=objective), {"generator.batch_norm": "false"})
    in_training(override(recipe, {"training.accumulate": "4"}))  # of 16
    with pytest.raises(Refused, match=r"R1 .* 3 parts .* --batch-size divisible by 12, or every=1"):
        in_training(override(recipe, {"training.accumulate": "3"}))


def test_a_packed_recipe_trains_with_penalties_and_samples_as_ever(points: Recipe, in_training: Build) -> None:
    objective = NonSaturating(together=True, pack=3, penalties=(R1(1.0),))  # 16 points are five packs and a rest
    trainer = in_training(replace(points, objective=objective))
    trainer.rehearse()
    losses = trainer.step()
    assert set(losses) == {"discriminator.real", "discriminator.fake", "discriminator.r1", "generator.fake"}
    assert all(loss.isfinite() for loss in losses.values()) and trainer.clock.images == 16
    assert next(trainer.model().fakes(seed=0)).shape == (16, 2)
