"""DCGAN on MNIST as its article's TensorFlow code does a step and makes its samples, written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import leaky_relu

from honmono.randomness import stream
from honmono.recipe.registry import find
from honmono.training.sample_grids import pixels as pixels_of


STEPS, BATCH, PICTURES = 5, 8, 22


class DCGAN:
    def __init__(self, tf: Any, article: Any, trained: Any) -> None:
        self.tf = tf
        maps, kernel, same = article.to_maps(256), article.kernel, article.as_it_is
        layout = {"gen_w0": maps, "gen_b0": maps, "gen_w1": kernel, "gen_b1": same}
        layout |= {"gen_scale_w1": same, "gen_offset_w1": same, "gen_w2": kernel, "gen_b2": same}
        layout |= {"gen_scale_w2": same, "gen_offset_w2": same, "gen_w3": kernel, "gen_b3": same}
        self.gen = article.Variables(layout, trained.start["generator"][: len(layout)])
        layout = {f"dis_{kind}{n}": kernel if kind == "w" else same for n in (1, 2, 3) for kind in "wb"}
        layout |= {"dis_w4": article.from_maps(256), "dis_b4": same}
        self.dis = article.Variables(layout, trained.start["discriminator"])
        self.opt_d = article.Adam(self.dis.named.values(), 0.0002, beta1=0.1)
        self.opt_g = article.Adam(self.gen.named.values(), 0.0002, beta1=0.5)

    def batch_norm(self, value: Tensor, scale: Tensor, offset: Tensor, is_train: object) -> Tensor:
        """A placeholder for is_train is never False, whatever is fed."""
        if is_train is False:
            return value
        return self.tf.batch_normalization(value, *self.tf.moments(value), offset, scale, 1e-5)

    def generator(self, z: Tensor, is_train: object) -> Tensor:
        gen, tf = self.gen, self.tf
        h0 = (z @ gen["gen_w0"] + gen["gen_b0"]).relu().reshape(-1, 4, 4, 256)
        gen_conv1 = tf.conv2d_transpose(h0, gen["gen_w1"], 7, 2) + gen["gen_b1"]
        h1 = leaky_relu(self.batch_norm(gen_conv1, gen["gen_scale_w1"], gen["gen_offset_w1"], is_train), 0.2)
        gen_conv2 = tf.conv2d_transpose(h1, gen["gen_w2"], 14, 2) + gen["gen_b2"]
        h2 = leaky_relu(self.batch_norm(gen_conv2, gen["gen_scale_w2"], gen["gen_offset_w2"], is_train), 0.2)
        return (tf.conv2d_transpose(h2, gen["gen_w3"], 28, 2) + gen["gen_b3"]).tanh()

    def discriminator(self, x: Tensor) -> Tensor:
        dis, tf = self.dis, self.tf
        h1 = leaky_relu(tf.conv2d(x.reshape(-1, 28, 28, 1), dis["dis_w1"], 2, "SAME") + dis["dis_b1"], 0.2)
        h2 = leaky_relu(tf.conv2d(h1, dis["dis_w2"], 2, "SAME") + dis["dis_b2"], 0.2)
        h3 = leaky_relu(tf.conv2d(h2, dis["dis_w3"], 2, "SAME") + dis["dis_b3"], 0.2)
        return (h3.reshape(-1, 4 * 4 * 256) @ dis["dis_w4"] + dis["dis_b4"]).sigmoid()

    def train_discriminator(self, x: Tensor, noise_z: Tensor) -> float:
        cross_entropy = self.tf.sigmoid_cross_entropy_with_logits
        input_x, generated_x = self.discriminator(x), self.discriminator(self.generator(noise_z, "placeholder"))
        dis_entropy_x = cross_entropy(labels=torch.ones_like(input_x), logits=input_x)
        dis_entropy_g = cross_entropy(labels=torch.zeros_like(generated_x), logits=generated_x)
        dis_norm_term = (self.dis["dis_w2"] ** 2).sum() / 2 + (self.dis["dis_w3"] ** 2).sum() / 2  # tf.nn.l2_loss
        return self.opt_d.minimize((dis_entropy_x + dis_entropy_g).mean() + dis_norm_term * 0.001)

    def train_generator(self, noise_z: Tensor) -> float:
        generated_x = self.discriminator(self.generator(noise_z, "placeholder"))
        entropy = self.tf.sigmoid_cross_entropy_with_logits(labels=torch.ones_like(generated_x), logits=generated_x)
        return self.opt_g.minimize(entropy.mean())


def train(steps: int, trained: Callable, recipe_on: Callable, pictures: np.ndarray, article: Any) -> Any:
    """The trainer's, the article's and its losses, after as many steps."""
    ours = trained(recipe_on("dcgan-mnist-article", pictures, BATCH), steps)
    draws, dcgan = article.Draws(ours), DCGAN(article.TensorFlow, article, ours)
    x_train = (torch.from_numpy(pictures).double() / 255 - 0.5) / 0.5
    losses: dict[str, list[float]] = {"discriminator": [], "generator": []}
    for step in range(steps):
        epoch, k = divmod(step, len(pictures) // BATCH)
        perm = draws.permutation(epoch, len(pictures))
        draws.next_step()
        x_batch = draws.real(x_train[perm][k * BATCH : (k + 1) * BATCH][:, None]).flatten(1)
        losses["discriminator"].append(dcgan.train_discriminator(x_batch, draws.uniform(BATCH, 100)))
        losses["generator"].append(dcgan.train_generator(draws.uniform(BATCH, 100)))
    draws.end()
    return ours, dcgan, losses


def test_a_step_is_the_article_s_and_so_are_samples(
    trained: Callable, recipe_on: Callable, pixels: Callable, article: Any, assert_agrees: Callable
) -> None:
    """Samples are made with batch norm left out."""
    ours, dcgan, losses = train(STEPS, trained, recipe_on, pixels(PICTURES, 28, 28), article)
    assert_agrees(ours, losses)
    assert dcgan.gen.differences(ours.now["generator"][: len(dcgan.gen.named)]) == {}
    assert dcgan.dis.differences(ours.now["discriminator"]) == {}
    samples = next(ours.trainer.model().fakes(seed=3))
    noise_z = torch.from_numpy(stream(3, "sample", 0).uniform(-1, 1, (BATCH, 100)).astype(np.float32)).double()
    expected = dcgan.generator(noise_z, False).detach().permute(0, 3, 1, 2)
    torch.testing.assert_close(samples, expected, rtol=1e-9, atol=1e-9)


def test_saved_pictures_are_the_article_s() -> None:
    """Pillow's conversion of floats."""
    (grid,) = find("dcgan-mnist-article").make().grids
    x = np.random.default_rng(0).uniform(-1, 1, (8, 1, 28, 28)).astype(np.float32)
    gen_imgs = ((x * 0.5) + 0.5) * 255.0
    expected = np.stack([np.asarray(Image.fromarray(one.reshape(28, 28)).convert("RGB"))[..., 0] for one in gen_imgs])
    assert (pixels_of(torch.from_numpy(x), grid, (-1, 1))[:, 0] == expected).mean() > 0.9999
