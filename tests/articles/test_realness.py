"""RealnessGAN on CIFAR-10 as its article's code does a step, written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.randomness import stream


STEPS, BATCH, PICTURES = 5, 8, 22


def kl_divergence(p: Tensor, q: Tensor, epsilon: float = 1e-16) -> Tensor:
    return torch.mean(torch.sum(p * torch.log((p + epsilon) / (q + epsilon)), dim=1))


class Reshape(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(*self.shape)


class GAN:
    def __init__(self, trained: Any, draws: Any) -> None:
        self.draws, self.noise_dimension, self.n_outcomes = draws, 100, 20
        down = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)]
        down += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)]
        down += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)]
        down += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), Reshape(-1, 32 * 4 * 4)]
        self.discriminator = nn.Sequential(*down, nn.Linear(32 * 4 * 4, self.n_outcomes)).double()
        up = [nn.Linear(self.noise_dimension, 32 * 4 * 4), Reshape(-1, 32, 4, 4)]
        up += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
        up += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
        up += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
        self.generator = nn.Sequential(*up, nn.Conv2d(32, 3, 3, padding=1), nn.Sigmoid()).double()
        for network, start in ((self.generator, "generator"), (self.discriminator, "discriminator")):
            nn.utils.vector_to_parameters(nn.utils.parameters_to_vector(trained.start[start]), network.parameters())
        adam = {"lr": 0.0001, "betas": (0.0, 0.9)}
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        random = stream(0, "anchors")
        self.real_anchor, self.fake_anchor = (self.histogram(random.normal(mean, 1, 1000)) for mean in (1, -1))

    def histogram(self, normal: np.ndarray) -> Tensor:
        count, _ = np.histogram(normal, self.n_outcomes, (-2, 2))
        return torch.from_numpy(count / sum(count))

    def generate_fakes(self, num: int) -> Tensor:
        return self.generator(self.draws.normal(num, self.noise_dimension))

    def train_discriminator(self, real: Tensor) -> float:
        fake = self.generate_fakes(real.shape[0]).detach()
        real_feature = nn.functional.softmax(self.discriminator(real), dim=1)
        fake_feature = nn.functional.softmax(self.discriminator(fake), dim=1)
        loss = kl_divergence(self.real_anchor, real_feature) + kl_divergence(self.fake_anchor, fake_feature)
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        return float(loss.detach())

    def train_generator(self, real: Tensor, equation: int) -> float:
        fake = self.generate_fakes(real.shape[0])
        real_feature = nn.functional.softmax(self.discriminator(real), dim=1)
        fake_feature = nn.functional.softmax(self.discriminator(fake), dim=1)
        if equation == 18:
            loss = -kl_divergence(self.fake_anchor, fake_feature)
        elif equation == 19:
            loss = kl_divergence(real_feature, fake_feature) - kl_divergence(self.fake_anchor, fake_feature)
        else:
            loss = kl_divergence(self.real_anchor, fake_feature) - kl_divergence(self.fake_anchor, fake_feature)
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()
        return float(loss.detach())


def batches(pictures: np.ndarray, draws: Any) -> Any:
    """RandomHorizontalFlip, ToTensor; a DataLoader in the stored order with drop_last."""
    while True:
        for first in range(0, len(pictures) - BATCH + 1, BATCH):
            mirrored = draws.mirrored(BATCH)
            chosen = [x[:, ::-1] if turn else x for x, turn in zip(pictures[first:], mirrored, strict=False)]
            yield draws.real(torch.from_numpy(np.stack(chosen[:BATCH]).transpose(0, 3, 1, 2).copy()).double() / 255)


@pytest.mark.parametrize("equation", [18, 19, 20])
def test_a_step_is_the_article_s(
    equation: int, trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    pictures = pixels(PICTURES, 32, 32, 3)
    ours = trained(recipe_on("realness-cifar10-article", pictures, BATCH, objective__equation=str(equation)), STEPS)
    draws = article.Draws(ours)
    gan, iterator = GAN(ours, draws), batches(pictures, draws)
    losses: dict[str, list[float]] = {"discriminator": [], "generator": []}
    for _ in range(STEPS):
        draws.next_step()
        real = next(iterator)
        losses["discriminator"].append(gan.train_discriminator(real))
        losses["generator"].append(gan.train_generator(real, equation))
    draws.end()
    assert_agrees(ours, losses)
    for player, network in (("generator", gan.generator), ("discriminator", gan.discriminator)):
        named = dict(network.named_parameters())
        assert article.differences(list(named), list(named.values()), ours.now[player]) == {}
