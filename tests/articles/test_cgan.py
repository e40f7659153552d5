"""The conditional GAN and the GAN of faces as their author's TensorFlow code does a step, written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from honmono.data.pictures import Pictures
from honmono.randomness import stream
from honmono.recipe.registry import find
from honmono.training.sample_grids import pixels as pixels_of


STEPS = 5


class CGAN:
    """cgan.py, or dcgan.py of the faces: without labels and with VALID convolutions.

    sides: of the pictures and of the maps below them. widths: channels of the generator's maps, the smallest first.
    In one run of D its moving averages of reals and of fakes move in no certain order: here reals first.
    """

    def __init__(
        self, article: Any, trained: Any, label_size: int, sides: tuple[int, ...], widths: tuple[int, ...]
    ) -> None:
        self.tf, self.label_size, self.sides, self.width = article.TensorFlow, label_size, sides, widths[0]
        self.levels = len(widths)
        self.padding = "SAME" if label_size else "VALID"
        kernel, same, maps = article.kernel, article.as_it_is, article.to_maps(widths[0])
        layout, moving = {"fc1_w": maps, "fc1_b": maps}, {}
        for level in range(self.levels, 0, -1):
            layout |= {f"deconv{level}_w": kernel, f"deconv{level}_b": same}
            if level > 1:
                layout |= {f"norm{level}_gamma": same, f"norm{level}_beta": same}
                moving |= {f"norm{level}_mean": same, f"norm{level}_variance": same}
        self.g = article.Variables(layout | moving, trained.start["generator"])
        self.g_trained = [self.g[name] for name in layout]
        layout, moving = {}, {}
        for level in range(1, self.levels + 1):
            layout |= {f"conv{level}_w": kernel, f"conv{level}_b": same}
            layout |= {f"norm{level}_gamma": same, f"norm{level}_beta": same}
            moving |= {f"norm{level}_mean": same, f"norm{level}_variance": same}
        layout |= {"fc1_w": article.from_maps(widths[0]), "fc1_b": same}
        self.d = article.Variables(layout | moving, trained.start["discriminator"])
        self.d_trained = [self.d[name] for name in layout]
        self.g_optimizer = article.Adam(self.g_trained, 2e-4, beta1=0.5)
        self.d_optimizer = article.Adam(self.d_trained, 2e-4, beta1=0.5)

    def batch_norm(self, h: Tensor, of: Any, level: int, training: bool = True) -> Tensor:
        """tf.contrib.layers.batch_norm(h, decay=0.9, updates_collections=None, epsilon=1e-5, scale=True).

        That of TensorFlow 1.1, not fused: of variances divided by the number of values.
        """
        gamma, beta = of[f"norm{level}_gamma"], of[f"norm{level}_beta"]
        moving_mean, moving_variance = of[f"norm{level}_mean"], of[f"norm{level}_variance"]
        if not training:
            return self.tf.batch_normalization(h, moving_mean, moving_variance, beta, gamma, 1e-5)
        mean, variance = self.tf.moments(h)
        for average, value in ((moving_mean, mean), (moving_variance, variance)):
            average.data.sub_((1 - 0.9) * (average.data - value.detach()))
        return self.tf.batch_normalization(h, mean, variance, beta, gamma, 1e-5)

    def generator(self, z: Tensor, label: Tensor, training: bool = True) -> Tensor:
        h = torch.cat([z, one_hot(label, self.label_size)], dim=1) if self.label_size else z
        h = (h @ self.g["fc1_w"] + self.g["fc1_b"]).relu()
        h = h.reshape(len(z), self.sides[-1], self.sides[-1], self.width)
        for level in range(self.levels, 0, -1):
            h = self.tf.conv2d_transpose(h, self.g[f"deconv{level}_w"], self.sides[level - 1], 2)
            h = h + self.g[f"deconv{level}_b"]
            if level > 1:
                h = self.batch_norm(h, self.g, level, training).relu()
        return h.tanh()

    def discriminator(self, y: Tensor, label: Tensor) -> Tensor:
        h = y
        if self.label_size:
            k = torch.ones(*y.shape[:3], self.label_size) * one_hot(label, self.label_size)[:, None, None]
            h = torch.cat([y, k], dim=3)
        for level in range(1, self.levels + 1):
            h = self.tf.conv2d(h, self.d[f"conv{level}_w"], 2, self.padding) + self.d[f"conv{level}_b"]
            h = self.batch_norm(h, self.d, level)
            h = torch.maximum(h * 0.1, h)
        return h.reshape(len(y), -1) @ self.d["fc1_w"] + self.d["fc1_b"]

    def entropy(self, logits: Tensor, label: float) -> Tensor:
        return self.tf.sigmoid_cross_entropy_with_logits(logits, torch.full_like(logits, label)).mean()

    def run_generator(self, z: Tensor, label: Tensor) -> float:
        d_fake = self.discriminator(self.generator(z, label), label)
        return self.g_optimizer.minimize(self.entropy(d_fake, 1.0))

    def run_discriminator(self, z: Tensor, label: Tensor, real: Tensor) -> float:
        d_real = self.discriminator(real, label)
        d_fake = self.discriminator(self.generator(z, label).detach(), label)
        return self.d_optimizer.minimize(self.entropy(d_real, 1.0) + self.entropy(d_fake, 0.0))


def digits(pictures: np.ndarray, draws: Any, batch: int) -> tuple[Tensor, Tensor]:
    """getBatch of cgan.py: grey as three channels, and the last picture is never drawn."""
    idx = draws.with_replacement(len(pictures) - 1, batch)
    x, t = torch.from_numpy(pictures[idx]).double() / 255, torch.from_numpy(idx % 10)
    x = ((x - 0.5) / 1.0)[..., None].tile(1, 1, 1, 3)
    draws.real(x.permute(0, 3, 1, 2), t)
    return x, t


def faces(pictures: np.ndarray, draws: Any, batch: int) -> tuple[Tensor, Tensor]:
    """getBatch of dcgan.py; the order of the colours is ours."""
    x = torch.from_numpy(pictures[draws.with_replacement(len(pictures), batch)]).double()
    x = (x - 128.0) / 255.0
    draws.real(x.permute(0, 3, 1, 2))
    return x, torch.zeros(batch, dtype=torch.long)


def train(ours: Any, gan: CGAN, draws: Any, next_batch: Callable[[], tuple[Tensor, Tensor]]) -> dict[str, list[float]]:
    """The article's losses of as many steps as ours has made."""
    losses: dict[str, list[float]] = {"discriminator": [], "generator": []}
    for _ in ours.losses["generator"]:
        draws.next_step()
        batch_images, batch_labels = next_batch()
        batch_z = draws.uniform(len(batch_images), 100)
        gan.run_generator(batch_z, batch_labels)
        losses["generator"].append(gan.run_generator(batch_z, batch_labels))
        losses["discriminator"].append(gan.run_discriminator(batch_z, batch_labels, batch_images))
    draws.end()
    return losses


def test_a_step_of_the_cgan_is_the_article_s_and_so_are_samples(
    trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    """Moving averages are compared, too: samples are made by them."""
    pictures = pixels(22, 28, 28)
    ours = trained(recipe_on("cgan-mnist-article", pictures, 8, data__limit="21"), STEPS)
    gan, draws = CGAN(article, ours, 10, (28, 14, 7, 4), (256, 128, 64)), article.Draws(ours)
    losses = train(ours, gan, draws, lambda: digits(pictures, draws, 8))
    assert_agrees(ours, losses)
    assert gan.g.differences(ours.now["generator"]) == {}
    assert gan.d.differences(ours.now["discriminator"]) == {}
    samples = next(ours.trainer.model().fakes(seed=3))
    z1 = torch.from_numpy(stream(3, "sample", 0).uniform(-1, 1, (8, 100)).astype(np.float32)).double()
    l0 = torch.tensor([x % 10 for x in range(8)])
    expected = gan.generator(z1, l0, training=False).detach().permute(0, 3, 1, 2)
    torch.testing.assert_close(samples, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["cgan-mnist-article", "dcgan-faces-article"])
def test_saved_pictures_are_the_article_s(name: str) -> None:
    """OpenCV's imwrite of x * 255 + 128: it rounds and clips."""
    recipe = find(name).make()
    assert isinstance(recipe.data, Pictures)
    x = torch.tensor(np.random.default_rng(0).uniform(-0.6, 0.6, (8, 3, 28, 28)), dtype=torch.float32)
    expected = np.rint(x.numpy() * np.float32(255) + np.float32(128)).clip(0, 255)
    for grid in recipe.grids:
        assert (pixels_of(x, grid, recipe.data.range) == expected).mean() > 0.9999


def test_a_step_of_the_face_gan_is_the_article_s_and_so_are_samples(
    trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    """At half its width; samples are made by the batch's statistics, as its saved pictures are."""
    pictures, half = pixels(6, 108, 108, 3), {"generator.width": "32", "discriminator.width": "32"}
    ours = trained(recipe_on("dcgan-faces-article", pictures, 2, **half), STEPS)
    gan, draws = CGAN(article, ours, 0, (108, 54, 27, 14, 7), (256, 128, 64, 32)), article.Draws(ours)
    losses = train(ours, gan, draws, lambda: faces(pictures, draws, 2))
    assert_agrees(ours, losses)
    assert gan.g.differences(ours.now["generator"]) == {}
    assert gan.d.differences(ours.now["discriminator"]) == {}
    samples = next(ours.trainer.model().fakes(seed=3))
    z = torch.from_numpy(stream(3, "sample", 0).uniform(-1, 1, (2, 100)).astype(np.float32)).double()
    expected = gan.generator(z, torch.zeros(2), training=True).detach().permute(0, 3, 1, 2)
    torch.testing.assert_close(samples, expected, rtol=1e-9, atol=1e-9)
