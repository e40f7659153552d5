"""Facts of the article and of the authors' code, from the sources that the recipes name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from honmono.data.batches import SampleOrder
from honmono.data.choose import with_source
from honmono.data.pictures import Pictures
from honmono.devices import choose
from honmono.recipe.describe import describe_recipe
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.updates import every_update
from honmono.recipe.value import Recipe
from honmono.recipes.realness import (
    realness_cifar10_article,
    realness_toy,
)
from honmono.reports.figures.landscape import landscapes_in, load
from honmono.runs.directory import RunDirectory
from honmono.training.engine import Engine
from honmono.training.score_maps import MESH, ScoreMaps
from honmono.training.trainer import Trainer


def trainer(recipe: Recipe) -> Trainer:
    return Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off")))


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        ("realness-cifar10-article", 80_323, 38_900),
        ("realness-cifar10-paper", 427_968, 165_376 + 6_144),
        ("realness-celeba256-paper", 13_276_608, 12_846_592),
        ("realness-ffhq1024-paper", 187_352_512, 185_632_256),
    ],
)
def test_parameters(name: str, generator: int, discriminator: int) -> None:
    assert describe_recipe(name, {})["parameters"] == {"generator": generator, "discriminator": discriminator}


def test_the_article_s_data() -> None:
    """[0, 1], flipped, in stored order, 390 batches of 128 an epoch, for 1,000 epochs."""
    recipe = realness_cifar10_article()
    data = recipe.data
    assert isinstance(data, Pictures) and data.range == (0, 1) and data.flip
    order = SampleOrder(
        50_000, order=data.order, drop_last=data.drop_last, batch_size=recipe.training.batch_size, seed=0
    )
    assert order.epoch_length == 390 * 128 == recipe.training.measure_images
    assert recipe.training.steps == 1_000 * 390
    shown = [390 * epoch + 1 for epoch in (0, 10, 100, 500)]  # when the article draws; ours is a step before
    assert shown == [1, 3_901, 39_001, 195_001] and all(
        (step - 1) % recipe.training.sample_every == 0 for step in shown
    )
    first, second = order.indices(0), order.indices(390 * 128)
    assert first.tolist() == second.tolist() == list(range(128))
    assert order.indices(389 * 128)[-1] == 49_919  # the last 80 are never seen


def test_the_article_s_first_losses(on_small_data: Callable[[Recipe], Recipe]) -> None:
    """An undecided D is near the uniform distribution: 0.5850 with exact anchors, and G's terms follow."""
    exact = override(realness_cifar10_article(), {"objective.anchors.samples": "none", "training.batch_size": "16"})
    losses = trainer(on_small_data(exact)).step()
    discriminator = losses["discriminator.real"] + losses["discriminator.fake"]
    assert float(discriminator) == pytest.approx(0.5850, abs=0.03)
    assert float(losses["generator.fake"]) == pytest.approx(-0.5850 / 2, abs=0.03)
    assert float(losses["generator.pair"]) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "updates"), [("realness-cifar10-paper", 3), ("realness-celeba256-paper", 1), ("realness-toy", 3)]
)
def test_each_update_of_g_has_reals_and_latents_of_its_own(
    name: str, updates: int, on_small_data: Callable[[Recipe], Recipe]
) -> None:
    entry = entries()[name]
    recipe = override(entry.make(), entry.tiny)
    assert [(update.player, update.count) for update in every_update(recipe.updates)] == [
        ("discriminator", 1),
        ("generator", updates),
    ]
    assert all(update.draws is None for update in every_update(recipe.updates))
    running = trainer(on_small_data(recipe))
    running.step()
    assert running.clock.images == (1 + updates) * recipe.training.batch_size


@pytest.mark.parametrize("redraw", [False, True])
def test_all_updates_of_a_step_share_their_anchors(redraw: bool, observed: Callable) -> None:
    changes = dict(entries()["realness-toy"].tiny) | {"objective.anchors.redraw": str(redraw).lower(), "metrics": "()"}
    recipe, steps = observed(override(realness_toy(), changes))
    running = trainer(recipe)
    running.step()
    running.step()
    seen = [step.draws.factors for _, step in steps]
    assert len(seen) == 2 * (1 + 3)
    first, second = seen[:4], seen[4:]
    assert all(torch.equal(one[name], step[0][name]) for step in (first, second) for one in step for name in one)
    assert torch.equal(first[0]["anchor_real"], second[0]["anchor_real"]) != redraw


def test_every_switch_trains(on_small_data: Callable[[Recipe], Recipe]) -> None:
    small = entries()["realness-cifar10-article"].tiny
    for changes in (
        {"objective.equation": "18"},
        {"objective.equation": "20", "objective.anchors.samples": "none"},
        {"objective.anchors.redraw": "true", "objective.divergence": "cross_entropy"},
        {"objective.anchors.skew": "(-1, 1)", "objective.anchors.range": "none"},
        {"objective.anchors.real": "SkewNormalAnchor(5)", "objective.anchors.fake": "SkewNormalAnchor(-5)"},
        {"objective.anchors.outcomes": "51", "discriminator.outcomes": "51", "updates.1.count": "2"},
        {"discriminator": "RealnessDiscriminator(width=4, resampling=true)"},
    ):
        kept = {name: text for name, text in small.items() if not set(changes) & {name.split(".")[0]}}
        recipe = on_small_data(override(realness_cifar10_article(), kept | changes))
        assert all(loss.isfinite() for loss in trainer(recipe).step().values()), changes


def test_cifar10_as_jpeg_is_what_the_article_trains_on(cifar_archive: Path) -> None:
    recipe = realness_cifar10_article()
    data = with_source(recipe.data, str(cifar_archive.parent), "realness-cifar10-article")
    data = replace(data, limit=256)
    running = trainer(replace(recipe, data=data))
    real = next(running.reals()).real
    assert real.shape == (128, 3, 32, 32) and 0 <= real.min() < 0.1 and 0.9 < real.max() <= 1
    assert running.data_spec.classes[0] == "airplane" and len(running.data_spec.classes) == 10


def test_the_toy_s_contours_are_mean_outcomes(tmp_path: Path) -> None:
    recipe = override(realness_toy(), entries()["realness-toy"].tiny)
    running = trainer(recipe)
    ScoreMaps(running, RunDirectory.create(tmp_path, "realness-toy")).fake(0)
    found = load(landscapes_in(next(tmp_path.rglob("*.npz")).parent)[0])
    first, second = (np.linspace(found.low[i], found.high[i], MESH) for i in (0, 1))
    with torch.no_grad():
        probabilities = running.networks["discriminator"](torch.tensor([[first[9], second[70]]]).float()).softmax(1)[0]
    expected = sum(place * float(p) for place, p in zip((0, 0.25, 0.5, 0.75, 1), probabilities, strict=True))
    assert found.values["scores"][70, 9] == pytest.approx(expected, abs=1e-5)
