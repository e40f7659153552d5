"""WGAN on 25 Gaussians as its article's Keras code does a step, written out, under all of its settings."""

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


STEPS, BATCH_SIZE, POINTS = 5, 512, 1_200  # epochs of 2 batches, 176 points are left over


class Setting(NamedTuple):
    """A column of the article's tables."""

    decay: float
    lr: float
    n_critic: int
    clip: float


SETTINGS = {
    "failure 1": Setting(1e-4, 1e-4, 1, 0.1),
    "failure 2": Setting(1e-4, 1e-4, 1, 0.01),
    "failure 3": Setting(1e-4, 1e-2, 1, 0.01),
    "failure 4": Setting(1e-4, 1e-2, 1, 0.1),
    "failure 5": Setting(1e-4, 1e-3, 1, 0.1),
    "failure 6": Setting(1e-4, 1e-3, 5, 0.1),
    "success": Setting(1e-5, 1e-4, 1, 0.1),
    "no clipping": Setting(1e-5, 1e-4, 1, inf),
}


def recipe_of(name: str) -> Recipe:
    """The recipe with a setting, which for the last two is the recipe's own; the networks are inferred there."""
    if name == "no clipping":
        return override(find("wgan-grid-noclip-article").make(), {"data.samples": str(POINTS)})
    if name == "success":
        return override(find("wgan-grid-article").make(), {"data.samples": str(POINTS)})
    decay, lr, n_critic, clip = SETTINGS[name]
    changes = {"data.samples": str(POINTS), "updates.0.count": str(n_critic), "clip.bound": str(clip)}
    changes |= {f"optimizers.{player}.lr": str(lr) for player in ("generator", "discriminator")}
    changes["training.learning_rates.generator.decay"] = str(decay)
    changes["training.learning_rates.discriminator.decay"] = str(decay)
    return override(find("wgan-grid-article").make(), changes)


def model(weights: Any, x: Tensor) -> Tensor:
    """Three dense layers with ELUs and a linear one."""
    for layer in (1, 2, 3):
        x = x @ weights[f"w{layer}"] + weights[f"b{layer}"]
        x = torch.where(x > 0, x, x.clamp(max=0).exp() - 1)
    return x @ weights["w4"] + weights["b4"]


def mult_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_pred * y_true).mean(-1)


def raw_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return y_pred.mean(-1)


class WGAN:
    """The two networks, their optimizers, and the loop of the article."""

    def __init__(self, article: Any, trained: Any, setting: Setting) -> None:
        layout = {}
        for layer in (1, 2, 3, 4):
            layout |= {f"w{layer}": torch.t, f"b{layer}": article.as_it_is}
        self.setting = setting
        self.generator = article.Variables(layout, trained.start["generator"])
        self.discriminator = article.Variables(layout, trained.start["discriminator"])
        self.g_opt = article.Adam(self.generator.named.values(), setting.lr, 0.5)
        self.d_opt = article.Adam(self.discriminator.named.values(), setting.lr, 0.5)

    def rate(self, iterations: int) -> float:
        """Keras's factor; its count of updates is moved after the rate is read."""
        return 1 / (1 + self.setting.decay * iterations)

    def train_critic(self, points_real: Tensor, noise: Tensor) -> float:
        points_fake = model(self.generator, noise).detach()
        x = torch.cat([points_real, points_fake])
        y = torch.tensor([1.0] * len(points_real) + [-1.0] * len(points_fake)).double()[:, None]
        loss = mult_loss(y, model(self.discriminator, x)).mean()
        d_loss = self.d_opt.minimize(loss, factor=self.rate(self.d_opt.iterations))
        for weight in self.discriminator.named.values():
            weight.data.clip_(-self.setting.clip, self.setting.clip)
        return d_loss

    def train_generator(self, noise: Tensor) -> float:
        score = model(self.discriminator, model(self.generator, noise))
        loss = raw_loss(torch.ones(len(noise)), score).mean()
        return self.g_opt.minimize(loss, factor=self.rate(self.g_opt.iterations))


def train(name: str, steps: int, trained: Callable, article: Any) -> Any:
    """The trainer's, the article's and its losses, after as many steps."""
    recipe, setting = recipe_of(name), SETTINGS[name]
    points = recipe.data.open().gather(np.arange(POINTS), np.random.default_rng(0)).real.double()
    ours = trained(recipe, steps)
    draws, wgan = article.Draws(ours), WGAN(article, ours, setting)
    num_batches = int(POINTS / BATCH_SIZE)
    losses: dict[str, list[float]] = {"discriminator": [], "generator": []}
    for step in range(steps):
        epoch, index = divmod(step, num_batches)
        shuffled = points[draws.permutation(epoch, POINTS)]
        draws.next_step()
        points_real = draws.real(shuffled[index * BATCH_SIZE : (index + 1) * BATCH_SIZE])
        d_losses = [wgan.train_critic(points_real, draws.uniform(BATCH_SIZE, 4)) for _ in range(setting.n_critic)]
        losses["discriminator"].append(d_losses[-1])
        losses["generator"].append(wgan.train_generator(draws.uniform(BATCH_SIZE, 4)))
    draws.end()
    return ours, wgan, losses


@pytest.mark.parametrize("name", SETTINGS)
def test_a_step_is_the_article_s(name: str, trained: Callable, article: Any, assert_agrees: Callable) -> None:
    ours, wgan, losses = train(name, STEPS, trained, article)
    assert_agrees(ours, losses)
    assert wgan.generator.differences(ours.now["generator"]) == {}
    assert wgan.discriminator.differences(ours.now["discriminator"]) == {}
