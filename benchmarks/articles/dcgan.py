"""Article 004, DCGAN on MNIST (FaBo's documentation, in Japanese), its TensorFlow code in eager PyTorch.

Left out: losses, checkpoints and pictures at the end of an epoch.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from articles.tensorflow_layers import AdamOptimizer, Conv2D, Conv2DTranspose
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu


class BatchNorm(nn.Module):
    """tf.nn.moments and tf.nn.batch_normalization. `is_train`, a placeholder, is never False in training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale, self.offset = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, X: Tensor) -> Tensor:
        epsilon = 1e-5
        return nn.functional.batch_norm(X, None, None, self.scale, self.offset, training=True, eps=epsilon)


def initialise(network: nn.Module) -> None:
    """tf.random_normal(stddev=0.02), biases too."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | Conv2D | Conv2DTranspose):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.normal_(layer.bias, std=0.02)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gen0 = nn.Linear(100, 4 * 4 * 256)
        self.gen1, self.norm1 = Conv2DTranspose(256, 128, 4, 7), BatchNorm(128)
        self.gen2, self.norm2 = Conv2DTranspose(128, 64, 4, 14), BatchNorm(64)
        self.gen3 = Conv2DTranspose(64, 1, 4, 28)
        initialise(self)

    def forward(self, z: Tensor) -> Tensor:
        h0 = torch.relu(self.gen0(z)).reshape(-1, 256, 4, 4)
        h1 = leaky_relu(self.norm1(self.gen1(h0)), 0.2)
        h2 = leaky_relu(self.norm2(self.gen2(h1)), 0.2)
        return torch.tanh(self.gen3(h2))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dis1 = Conv2D(1, 64, 4)
        self.dis2 = Conv2D(64, 128, 4)
        self.dis3 = Conv2D(128, 256, 4)
        self.dis4 = nn.Linear(4 * 4 * 256, 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        input_layer = x.reshape(-1, 1, 28, 28)
        h1 = leaky_relu(self.dis1(input_layer), 0.2)
        h2 = leaky_relu(self.dis2(h1), 0.2)
        h3 = leaky_relu(self.dis3(h2), 0.2)
        h3_flat = h3.reshape(-1, 4 * 4 * 256)
        return torch.sigmoid(self.dis4(h3_flat))


def l2_loss(weight: Tensor) -> Tensor:
    return weight.square().sum() / 2


def cross_entropy(logits: Tensor, label: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


class DCGAN:
    def __init__(self, device: str = "cpu") -> None:
        self.generator, self.discriminator = Generator().to(device), Discriminator().to(device)
        self.opt_d = AdamOptimizer(self.discriminator.parameters(), 0.0002, beta1=0.1)
        self.opt_g = AdamOptimizer(self.generator.parameters(), 0.0002, beta1=0.5)

    def run_opt_d(self, X_batch: Tensor, noise_z: Tensor) -> Tensor:
        with torch.no_grad():  # the generator is not among the variables of this update
            generated = self.generator(noise_z)
        input_X = self.discriminator(X_batch)
        generated_X = self.discriminator(generated)
        dis_norm_term = l2_loss(self.discriminator.dis2.weight) + l2_loss(self.discriminator.dis3.weight)
        dis_lambda_ = 0.001
        # outputs of a sigmoid are taken for logits, as in the article
        dis_loss = cross_entropy(input_X, 1.0) + cross_entropy(generated_X, 0.0) + dis_norm_term * dis_lambda_
        return self.opt_d.minimize(dis_loss)

    def run_opt_g(self, noise_z: Tensor) -> Tensor:
        generated_X = self.discriminator(self.generator(noise_z))
        return self.opt_g.minimize(cross_entropy(generated_X, 1.0))


class Arrays:
    """The article's data: NumPy arrays. The whole set is permuted anew for every batch, and only the batch is used."""

    def __init__(self, pictures: np.ndarray, device: str) -> None:
        self.X_train, self.device = (pictures.reshape(-1, 28 * 28).astype(np.float32) / 255 - 0.5) / 0.5, device
        self.perm = np.arange(len(self.X_train))

    def shuffle(self) -> None:
        self.perm = np.random.permutation(len(self.X_train))

    def batch(self, k: int, batch_size: int) -> Tensor:
        return torch.from_numpy(self.X_train[self.perm][k * batch_size : (k + 1) * batch_size]).to(self.device)

    def noise(self, batch_size: int) -> Tensor:
        noise_z = np.random.uniform(-1, 1, size=[batch_size, 100]).astype(np.float32)
        return torch.from_numpy(noise_z).to(self.device)


class InMemory:
    """The same with tensors, and of each batch only its own rows."""

    def __init__(self, pictures: np.ndarray, device: str) -> None:
        self.X_train = (torch.from_numpy(pictures).reshape(-1, 28 * 28).float() / 255 - 0.5).div_(0.5).to(device)
        self.perm, self.device = torch.arange(len(self.X_train), device=device), device

    def shuffle(self) -> None:
        self.perm = torch.randperm(len(self.X_train), device=self.device)

    def batch(self, k: int, batch_size: int) -> Tensor:
        return self.X_train[self.perm[k * batch_size : (k + 1) * batch_size]]

    def noise(self, batch_size: int) -> Tensor:
        return torch.rand(batch_size, 100, device=self.device) * 2 - 1


def loop(
    pictures: np.ndarray,
    labels: np.ndarray | None = None,
    data: Literal["memory", "article"] = "memory",
    *,
    device: str = "cpu",
    batch_size: int = 100,
) -> Iterator[tuple[Tensor, Tensor]]:
    """The losses of D and G after each step, without an end; pictures: (number, 28, 28) uint8, without labels."""
    arrays = (Arrays if data == "article" else InMemory)(pictures, device)
    gan = DCGAN(device)
    step = len(pictures) // batch_size
    while True:
        arrays.shuffle()
        for k in range(step):
            X_batch = arrays.batch(k, batch_size)
            # train the discriminator
            dis_loss = gan.run_opt_d(X_batch, arrays.noise(batch_size))
            # train the generator
            gen_loss = gan.run_opt_g(arrays.noise(batch_size))
            yield dis_loss, gen_loss
