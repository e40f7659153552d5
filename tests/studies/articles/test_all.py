"""Every study: its cases are recipes that can be built, whole and small, and its numbers are what it says."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from honmono.objectives.realness import Realness
from honmono.randomness import stream
from honmono.recipe.build import build_networks, check_coupling
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.growth import Growth
from honmono.recipe.value import Recipe
from honmono.studies.plan import Planned, plan
from honmono.studies.state import StudyOptions
from honmono.studies.study import studies


@cache
def planned(name: str, scale: float = 1.0) -> dict[str, Planned]:
    """What a study would train, by label, under the first seed of each case."""
    every = plan(studies()[name], StudyOptions(scale=scale, seeds=1), Path("nowhere"))
    return {one.case.label: one for one in every}


def parameters(recipe: Recipe) -> list[int]:
    networks = build_networks(recipe, nominal_data_spec(recipe))
    return [sum(parameter.numel() for parameter in network.parameters()) for network in networks.values()]


@pytest.mark.parametrize("name", studies())
def test_its_cases_can_be_built(name: str) -> None:
    made: set[str] = set()
    for one in planned(name).values():
        recipe = one.recipe
        assert one.seed == recipe.training.seed and recipe.metrics, "every case has numbers"
        if (built := repr((recipe.generator, recipe.discriminator, recipe.objective))) not in made:
            made.add(built)
            check_coupling(recipe, build_networks(recipe, nominal_data_spec(recipe)))


@pytest.mark.parametrize("name", studies())
def test_its_changes_change_something(name: str) -> None:
    """A case that was as another by mistake would be a row that says nothing."""
    recipes = [one.recipe for one in planned(name).values()]
    assert all(recipe not in recipes[:place] for place, recipe in enumerate(recipes))


@pytest.mark.parametrize("name", studies())
def test_it_can_be_made_small(name: str) -> None:
    for label, one in planned(name, scale=0.01).items():
        training, whole = one.recipe.training, planned(name)[label].recipe.training
        assert training.steps == max(20, round(whole.steps * 0.01)) and one.full_steps == whole.steps, label
        assert training.sample_every <= training.steps and training.batch_size == whole.batch_size


def test_the_settings_of_the_wgan() -> None:
    """The article's tables: decay, learning rate, critic updates, clip."""
    cases = list(planned("wgan-parameters").values())
    table = sorted(tuple(one.case.settings.values()) for one in cases)
    rows = [
        *(("1e-4", "1e-4", "1", "0.1"), ("1e-4", "1e-4", "1", "0.01"), ("1e-4", "1e-2", "1", "0.01")),
        *(("1e-4", "1e-2", "1", "0.1"), ("1e-4", "1e-3", "1", "0.1"), ("1e-4", "1e-3", "5", "0.1")),
        *(("1e-5", "1e-4", "1", "0.1"), ("1e-5", "1e-4", "1", "none")),
    ]
    assert table == sorted(rows)
    for one in cases:
        decay, rate, critic, clip = one.case.settings.values()
        recipe = one.recipe
        rates = (recipe.training.learning_rates.generator, recipe.training.learning_rates.discriminator)
        assert [one.at(9) for one in rates] == [pytest.approx(1 / (1 + 9 * float(decay)))] * 2
        optimizers = (recipe.optimizers.generator, recipe.optimizers.discriminator)
        assert all(optimizer.keywords["lr"] == float(rate) for optimizer in optimizers)
        assert recipe.clip and recipe.clip.bound == float(clip.replace("none", "inf"))
        assert getattr(recipe.updates[0], "count", None) == int(critic)
        assert recipe.training.steps == 195_000 and recipe.training.sample_every == 19_500
    assert len(studies()["wgan-parameters"].cases[-1].seeds) == 2


def test_the_anchors_diverge_as_stated() -> None:
    for label, one in planned("realness-objectives").items():
        objective = one.recipe.objective
        assert isinstance(objective, Realness)
        real, fake = objective.anchors.drawn(stream(0, "unused"))
        divergence = float((real * np.log((real + 1e-16) / (fake + 1e-16))).sum())
        stated = float(one.case.settings["KL(A1 || A0)"].partition(",")[0])
        assert divergence == pytest.approx(stated, abs=0.006), label
        assert (
            len(real) == one.recipe.networks["discriminator"].keywords["outcomes"] == int(one.case.settings["outcomes"])
        )


def test_the_dcgan_is_as_large_as_the_published_pggan() -> None:
    cases = planned("gan-vs-pggan")
    published = parameters(cases["PGGAN as published"].recipe)
    assert published == [3_444_480, 2_633_472]
    assert parameters(cases["DCGAN of the same size"].recipe) == pytest.approx(published, rel=1e-3)


def test_equal_epochs_are_equal_pictures() -> None:
    for label, one in planned("gan-vs-pggan").items():
        growth, training, images = one.recipe.growth, one.recipe.training, 0
        if isinstance(growth, Growth):
            for _ in range(training.steps):
                images += growth.batch_size(images, (4, 8, 16, 32), training.batch_size)
        elif one.recipe.data.drop_last:
            images = training.steps * training.batch_size
        else:
            images = training.steps // 938 * 60_000  # with the last batch of each pass, which is half as large
        assert images == pytest.approx(int(one.case.settings["epochs"]) * 60_000, abs=64), label


def test_each_quirk_is_undone_alone_and_then_all() -> None:
    cases = list(planned("dcgan-quirks").values())
    alone = {field for one in cases[1:-1] for field in one.case.changes}
    assert alone == set(cases[-1].case.changes) and not cases[0].case.changes
