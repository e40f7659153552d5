"""The article's WGAN and its paper's: what their sources say, in numbers and in the order of updates."""

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest
import torch
from torch import Tensor, nn

from honmono.devices import choose
from honmono.objectives.base import PLAYERS
from honmono.objectives.wasserstein import GradientPenalty, Wasserstein
from honmono.recipe.build import build_networks
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.latents import Normal, Uniform
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.updates import Update, WarmUp, fresh_batches
from honmono.recipe.value import Clip, Recipe
from honmono.recipes.wgan import wgan_gp_grid, wgan_grid_article, wgan_grid_noclip_article, wgan_grid_paper
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


def small(name: str, **changes: str) -> Recipe:
    entry = find(name)
    changes = {key.replace("__", "."): text for key, text in changes.items()}
    return override(entry.make(), {**entry.tiny, "data.samples": "44", **changes})


def trainer_of(name: str, precision: str = "fp32", **changes: str) -> Trainer:
    recipe = small(name, **changes)
    return Trainer(recipe, recipe.data.open(), Engine(choose("cpu", precision, "off")))


def largest(network: nn.Module) -> float:
    return max(float(parameter.detach().abs().max()) for parameter in network.parameters())


def test_the_article_s_numbers() -> None:
    recipe = wgan_grid_article()
    assert recipe.training.steps == 195_000 and recipe.training.batch_size == 512
    assert recipe.clip == Clip(bound=0.1, player="discriminator", when="after")
    for player in (recipe.optimizers.generator, recipe.optimizers.discriminator):
        assert player.keywords["lr"] == 1e-4 and player.keywords["betas"][0] == 0.5
    assert recipe.latent == Uniform(4) and fresh_batches(recipe.updates, 1) == 1
    assert recipe.objective == Wasserstein(real_scores="low", factor=0.5)
    assert recipe.data.order == "shuffled"
    assert recipe.generator.keywords["widths"] == recipe.networks["discriminator"].keywords["widths"] == (128, 128, 128)
    for network in build_networks(recipe, nominal_data_spec(recipe)).values():
        called = [type(part) for part in network.modules() if not list(part.children())]
        assert [one for one in called if one is not nn.Identity] == [nn.Linear, nn.ELU] * 3 + [nn.Linear]


def test_an_epoch_is_195_batches_of_100000_points_4000_for_each_gaussian() -> None:
    recipe = wgan_grid_article()
    dataset = recipe.data.open()
    assert dataset.length == 25 * 4_000
    trainer = Trainer(recipe, dataset, Engine(choose("cpu", "fp32", "off")))
    assert trainer.epoch_images == 99_840 == 195 * 512
    assert trainer.steps_for(10 * 99_840) == 1_950


def test_the_grid_is_geometric_gan_s_toy4() -> None:
    data = wgan_grid_article().data
    means = data.means()  # type: ignore[attr-defined]
    assert sorted({x for x, _ in means}) == sorted({y for _, y in means}) == [-21, -10.5, 0, 10.5, 21]
    assert data.sigma**2 == pytest.approx(0.1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("decay", "last"), [("1e-5", 3.39e-5), ("1e-4", 4.88e-6)])
def test_keras_decay_ends_where_the_article_s_rates_do(decay: str, last: float) -> None:
    """After 195,000 updates: the success and the first failure differ in nothing else."""
    recipe = override(wgan_grid_article(), {"training.learning_rates.generator.decay": decay})
    factor = recipe.training.learning_rates.generator.at(195_000)
    assert 1e-4 * factor == pytest.approx(last, rel=2e-3)
    assert recipe.training.learning_rates.generator.at(0) == 1


def test_every_setting_of_the_article_can_be_set() -> None:
    both = ("generator", "discriminator")
    failures = [(1e-4, 1e-4, 1, 0.1), (1e-4, 1e-4, 1, 0.01), (1e-4, 1e-2, 1, 0.01), (1e-4, 1e-2, 1, 0.1)]
    failures += [(1e-4, 1e-3, 1, 0.1), (1e-4, 1e-3, 5, 0.1)]
    success, free = (1e-5, 1e-4, 1, 0.1), (1e-5, 1e-4, 1, inf)
    recipe = wgan_grid_article()
    for decay, lr, count, bound in (*failures, success, free):
        changes = {f"training.learning_rates.{player}.decay": str(decay) for player in both}
        changes |= {f"optimizers.{player}.lr": str(lr) for player in both}
        changes |= {"updates.0.count": str(count), "clip.bound": "1e999" if bound == inf else str(bound)}
        recipe = override(wgan_grid_article(), changes)
        assert recipe.clip == Clip(bound=bound) and recipe.updates[0].count == count  # type: ignore[union-attr]
        assert (to_json(recipe) == to_json(wgan_grid_article())) == ((decay, lr, count, bound) == success)
    assert to_json(recipe) == to_json(wgan_grid_noclip_article())


def test_every_weight_is_clipped_after_each_critic_update_biases_too() -> None:
    trainer = trainer_of("wgan-grid-article", updates__0__count="3", clip__bound="0.01")
    critic, moved = trainer.networks["discriminator"], []
    trainer.optimizers["discriminator"].register_step_pre_hook(lambda *_: moved.append(largest(critic)))
    assert largest(critic) > 0.01
    trainer.step()
    assert moved[0] > 0.01 and all(before == pytest.approx(0.01) for before in moved[1:])
    for name, parameter in critic.named_parameters():
        assert parameter.detach().abs().max() <= 0.01, name
    assert any(name.endswith("bias") for name, _ in critic.named_parameters())
    assert largest(trainer.networks["generator"]) > 0.01


def test_clipping_before_leaves_the_last_move_beyond_the_bound() -> None:
    trainer = trainer_of("wgan-grid-paper", clip__when="before", optimizers__discriminator__lr="0.01")
    critic, optimizer = trainer.networks["discriminator"], trainer.optimizers["discriminator"]
    before, after = list[float](), list[float]()
    optimizer.register_step_pre_hook(lambda *_: before.append(largest(critic)))
    optimizer.register_step_post_hook(lambda *_: after.append(largest(critic)))
    trainer.step()
    assert before == pytest.approx([0.01] * len(before)) and min(after) > 0.01
    assert largest(critic) == after[-1]


def test_without_a_bound_nothing_is_clipped() -> None:
    free, none = (trainer_of("wgan-grid-noclip-article", **c) for c in ({}, {"clip": "none"}))
    for trainer in (free, none):
        for _ in range(3):
            trainer.step()
    pairs = zip(free.networks["discriminator"].parameters(), none.networks["discriminator"].parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


FRESH_REALS = {"updates__0__real": "none", "updates__1__real": "none"}


def test_critic_updates_share_the_reals_and_have_noise_of_their_own(observed: Callable) -> None:
    def inputs_of_the_critic(**changes: str) -> list[tuple[Tensor, Tensor]]:
        recipe, steps = observed(small("wgan-grid-article", updates__0__count="3", **changes))
        Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp32", "off"))).step()
        return [(step.batch.real, step.draws.latent) for player, step in steps if player == "discriminator"]

    (real, first), (again, second), (third_time, third) = inputs_of_the_critic()
    assert torch.equal(real, again) and torch.equal(real, third_time)
    assert not torch.equal(first, second) and not torch.equal(second, third)
    (real, _), (other, _), _ = inputs_of_the_critic(**FRESH_REALS)
    assert not torch.equal(real, other)


def test_the_clock_counts_the_reals_that_the_critic_saw() -> None:
    for changes, batches in (({}, 1), (FRESH_REALS, 3)):
        trainer = trainer_of("wgan-grid-article", updates__0__count="3", **changes)
        trainer.step()
        assert trainer.clock.images == batches * trainer.recipe.training.batch_size


@pytest.mark.parametrize("name", ["wgan-grid-article", "wgan-gp-grid"])
def test_turning_the_signs_leaves_the_generator_s_path(name: str) -> None:
    """Twenty steps in float64, from a critic and from its negative."""
    trainers: list[Trainer] = []
    for sign in ("low", "high"):
        trainer = trainer_of(name, "fp64", objective__real_scores=sign)
        if sign == "high":
            last = trainer.networks["discriminator"].last
            assert isinstance(last, nn.Linear)
            with torch.no_grad():  # of -D: its last layer turned
                for parameter in last.parameters():
                    parameter.neg_()
        trainers.append(trainer)
    begun = [parameter.detach().clone() for parameter in trainers[0].networks["generator"].parameters()]
    for _ in range(19):
        for trainer in trainers:
            trainer.step()
    logged = [trainer.step() for trainer in trainers]
    assert logged[0]["discriminator.real"].item() == pytest.approx(logged[1]["discriminator.real"].item(), abs=1e-12)
    one, other = (list(trainer.networks["generator"].parameters()) for trainer in trainers)
    for low, high, before in zip(one, other, begun, strict=True):
        torch.testing.assert_close(low, high, rtol=0, atol=1e-10)
        assert not torch.equal(low, before)


def test_the_paper_s_program() -> None:
    recipe: Recipe = wgan_grid_paper()
    assert recipe.updates[0].count == WarmUp(count=5, high=100, steps=25, every=500)  # type: ignore[union-attr]
    assert recipe.optimizers.generator.func is torch.optim.RMSprop
    assert recipe.optimizers.generator.keywords["lr"] == 5e-5 and recipe.training.batch_size == 64
    assert recipe.clip == Clip(bound=0.01) and recipe.latent == Normal(100)
    assert [fresh_batches(recipe.updates, step) for step in (1, 25, 26, 500, 501, 502)] == [100, 100, 5, 5, 100, 5]
    assert replace(recipe, clip=None).clip is None


def test_the_paper_s_networks() -> None:
    """The authors' four linear layers, 512 wide; their N(0, 0.02) is of convolutions, which are not here."""
    wide = {f"{name}__widths": "(512, 512, 512)" for name in PLAYERS}
    trainer, recipe = trainer_of("wgan-grid-paper", **wide), wgan_grid_paper()
    assert recipe.generator.keywords["widths"] == recipe.networks["discriminator"].keywords["widths"] == (512, 512, 512)
    for name, (first, last) in zip(PLAYERS, ((100, 2), (2, 1)), strict=True):
        weights = [p for p in trainer.networks[name].parameters() if p.dim() == 2]
        assert [tuple(p.shape) for p in weights] == [(512, first), (512, 512), (512, 512), (last, 512)]
        assert [p.abs().max().item() for p in weights] == pytest.approx([p.shape[1] ** -0.5 for p in weights], rel=0.1)
        assert sum(isinstance(part, nn.ReLU) for part in trainer.networks[name].modules()) == 3


def test_the_gradient_penalty_s_numbers_in_the_plane() -> None:
    """Those of its authors' toy: 0.1, five critic updates, batches of 256, Adam's betas."""
    recipe = wgan_gp_grid()
    assert recipe.objective == Wasserstein(penalties=(GradientPenalty(strength=0.1),))
    assert recipe.updates == (Update("discriminator", count=5), Update("generator"))
    assert recipe.training.batch_size == 256 and recipe.clip is None
    assert all(recipe.optimizers.of(name).keywords["betas"] == (0.5, 0.9) for name in PLAYERS)
