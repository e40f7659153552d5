"""The GAN of the advent calendar's article and its "PGGAN", both on MNIST, as their code does a step, written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.training.sample_grids import pixels as pixels_of


STEPS = 5


def mlp_generator(latent_dim: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(latent_dim, 256),
        nn.ReLU(),
        nn.Linear(256, 512),
        nn.ReLU(),
        nn.Linear(512, 1024),
        nn.ReLU(),
        nn.Linear(1024, 28 * 28),
        nn.Tanh(),
        nn.Unflatten(1, (1, 28, 28)),
    )


def mlp_discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(28 * 28, 1024),
        nn.LeakyReLU(0.2),
        nn.Linear(1024, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 1),
        nn.Sigmoid(),
    )


def pggan_generator(latent_dim: int) -> nn.Module:
    """All layers, as `depth` is num_layers - 1 at every call."""
    first = [nn.ConvTranspose2d(latent_dim, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True)]
    second = [nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(True)]
    third = [nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(True)]
    return nn.Sequential(*first, *second, *third, nn.ConvTranspose2d(128, 1, 4, 2, 1, bias=False), nn.Tanh())


def pggan_discriminator() -> nn.Module:
    first = [nn.Conv2d(1, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, inplace=True)]
    second = [nn.Conv2d(128, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.LeakyReLU(0.2, inplace=True)]
    third = [nn.Conv2d(256, 512, 4, 2, 1, bias=False), nn.BatchNorm2d(512), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*first, *second, *third, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())


class Loop:
    """The loop of both GANs.

    betas: those of the second; for the first the article names none. behind: the shape of noise and labels behind the
        batch.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        trained: Any,
        draws: Any,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        self.generator, self.discriminator, self.draws = generator.double(), discriminator.double(), draws
        for player, network in (("generator", generator), ("discriminator", discriminator)):
            with torch.no_grad():
                for parameter, start in zip(network.parameters(), trained.start[player], strict=False):
                    parameter.copy_(start)
        self.batch = trained.recipe.training.batch_size
        self.criterion = nn.BCELoss()
        self.optimizer_G = torch.optim.Adam(generator.parameters(), lr=0.0002, betas=betas)
        self.optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=0.0002, betas=betas)
        self.losses: dict[str, list[float]] = {"discriminator": [], "generator": []}

    def step(self, real_imgs: Tensor, latent_dim: int, behind: tuple[int, ...]) -> None:
        batch_size = real_imgs.size(0)
        real_labels = torch.ones((batch_size, 1, *behind)).double()
        fake_labels = torch.zeros((batch_size, 1, *behind)).double()
        z = self.draws.normal(batch_size, latent_dim).view(batch_size, latent_dim, *behind)
        fake_imgs = self.generator(z)
        self.optimizer_D.zero_grad()
        real_loss = self.criterion(self.discriminator(real_imgs), real_labels)
        fake_loss = self.criterion(self.discriminator(fake_imgs.detach()), fake_labels)
        d_loss = real_loss + fake_loss
        d_loss.backward()
        self.optimizer_D.step()
        self.optimizer_G.zero_grad()
        g_loss = self.criterion(self.discriminator(fake_imgs), real_labels)
        g_loss.backward()
        self.optimizer_G.step()
        self.losses["discriminator"].append(float(d_loss.detach()))
        self.losses["generator"].append(float(g_loss.detach()))

    def run(self, steps: int, pictures: np.ndarray, behind: tuple[int, ...]) -> None:
        """ToTensor, Normalize((0.5,), (0.5,)); a DataLoader with shuffle and without drop_last."""
        order = [
            places[first : first + self.batch]
            for epoch in range(steps)
            for places in (self.draws.permutation(epoch, len(pictures)),)
            for first in range(0, len(pictures), self.batch)
        ]
        for places in order[:steps]:
            self.draws.next_step()
            samples = (torch.from_numpy(pictures[places]).double()[:, None] / 255 - 0.5) / 0.5
            self.step(self.draws.real(samples), 100, behind)
        self.draws.end()

    def differences(self, article: Any, trained: Any) -> dict[str, float]:
        found = {}
        for player, network in (("generator", self.generator), ("discriminator", self.discriminator)):
            named = dict(network.named_parameters())
            named |= {name: one for name, one in network.named_buffers() if "running" in name}
            names = [f"{player}.{name}" for name in named]
            found |= article.differences(names, list(named.values()), trained.now[player])
        return found


def test_a_step_of_the_mlp_gan_is_the_article_s(
    trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    """28x28, as these networks need; the article's loader says 32. Batches of 8, 8 and 6."""
    pictures = pixels(22, 28, 28)
    ours = trained(recipe_on("gan-mnist-article", pictures, 8), STEPS)
    loop = Loop(mlp_generator(100), mlp_discriminator(), ours, article.Draws(ours), (0.9, 0.999))
    loop.run(STEPS, pictures, ())
    assert_agrees(ours, loop.losses)
    assert loop.differences(article, ours) == {}


def test_a_step_of_the_pggan_is_the_article_s(
    trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    """Running statistics too, on pictures that have 32x32 pixels already. Batches of 4, 4 and 2."""
    pictures = pixels(10, 32, 32)
    ours = trained(recipe_on("pggan-mnist-article", pictures, 4, data__expects="none"), STEPS)
    loop = Loop(pggan_generator(100), pggan_discriminator(), ours, article.Draws(ours))
    loop.run(STEPS, pictures, (1, 1))
    assert_agrees(ours, loop.losses)
    assert loop.differences(article, ours) == {}


def test_the_pggan_s_pictures_are_resized_as_in_the_article(recipe_on: Callable, pixels: Callable) -> None:
    """torchvision's Resize(32) of a PIL picture."""
    pictures = pixels(3, 28, 28)
    recipe: Recipe = recipe_on("pggan-mnist-article", pictures, 3)
    ours = recipe.data.open().gather(np.arange(3), np.random.default_rng(0)).real
    resized = [np.asarray(Image.fromarray(x).resize((32, 32), Image.Resampling.BILINEAR)) for x in pictures]
    expected = (torch.from_numpy(np.stack(resized))[:, None] / 255 - 0.5) / 0.5
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("name", ["gan-mnist-article", "pggan-mnist-article"])
def test_saved_pictures_are_the_article_s(name: str) -> None:
    """torchvision's save_image(..., normalize=True)."""
    (grid,) = find(name).make().grids
    samples = torch.from_numpy(np.random.default_rng(0).uniform(-0.9, 0.8, (16, 1, 28, 28)).astype(np.float32))
    generated_imgs = (samples + 1) / 2
    low, high = float(generated_imgs.min()), float(generated_imgs.max())
    normalized = generated_imgs.clamp(low, high).sub(low).div(max(high - low, 1e-5))
    expected = normalized.mul(255).add(0.5).clamp(0, 255).to(torch.uint8).numpy()
    assert (pixels_of(samples, grid, (-1, 1)) == expected).mean() > 0.9999
