"""Article 002, the conditional GAN on MNIST (Qiita, in Japanese) and its author's TensorFlow code, in eager PyTorch.

The author's code is conditionalGAN v1.0, to which the article refers for all details. Left out: summaries, prints and
pictures after every 10th or 100th step.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from articles.tensorflow_layers import AdamOptimizer, Conv2D, Conv2DTranspose
from torch import Tensor, nn
from torch.nn.functional import batch_norm, binary_cross_entropy_with_logits, one_hot


LEARN_RATE = 2e-4
BETA_1 = 0.5
Z_DIM = 100
LABEL_SIZE = 10


class BatchNorm(nn.Module):
    """tf.contrib.layers.batch_norm(h, decay=0.9, updates_collections=None, epsilon=1e-5, scale=True), in training.

    Its moving variance averages variances divided by n; torch computes those divided by n - 1.
    """

    moving_mean: Tensor
    moving_variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_variance", torch.ones(channels))

    def forward(self, h: Tensor) -> Tensor:
        mean, variance = torch.zeros_like(self.moving_mean), torch.zeros_like(self.moving_variance)
        normalised = batch_norm(h, mean, variance, self.gamma, self.beta, training=True, momentum=1.0, eps=1e-5)
        n = h.numel() // h.shape[1]
        with torch.no_grad():
            self.moving_mean.lerp_(mean, 1 - 0.9)
            self.moving_variance.lerp_(variance * ((n - 1) / n), 1 - 0.9)
        return normalised


def initialise(network: nn.Module) -> None:
    """xavier_initializer() and xavier_initializer_conv2d(); biases are 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | Conv2D | Conv2DTranspose):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(Z_DIM + LABEL_SIZE, 256 * 4 * 4)
        self.deconv3, self.norm3 = Conv2DTranspose(256, 128, 5, 7), BatchNorm(128)
        self.deconv2, self.norm2 = Conv2DTranspose(128, 64, 5, 14), BatchNorm(64)
        self.deconv1 = Conv2DTranspose(64, 3, 5, 28)
        initialise(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        h = torch.cat([z, one_hot(label, LABEL_SIZE).to(z.dtype)], dim=1)
        h = torch.relu(self.fc1(h))
        h = h.reshape(-1, 256, 4, 4)
        h = torch.relu(self.norm3(self.deconv3(h)))
        h = torch.relu(self.norm2(self.deconv2(h)))
        return torch.tanh(self.deconv1(h))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = Conv2D(3 + LABEL_SIZE, 64, 5), BatchNorm(64)
        self.conv2, self.norm2 = Conv2D(64, 128, 5), BatchNorm(128)
        self.conv3, self.norm3 = Conv2D(128, 256, 5), BatchNorm(256)
        self.fc1 = nn.Linear(256 * 4 * 4, 1)
        initialise(self)

    def leaky_relu(self, x: Tensor) -> Tensor:
        return nn.functional.leaky_relu(x, 0.1)  # tf.maximum(x * 0.1, x)

    def forward(self, y: Tensor, label: Tensor) -> Tensor:
        maps = one_hot(label, LABEL_SIZE).to(y.dtype)[:, :, None, None].expand(-1, -1, 28, 28)
        h = torch.cat([y, maps], dim=1)
        h = self.leaky_relu(self.norm1(self.conv1(h)))
        h = self.leaky_relu(self.norm2(self.conv2(h)))
        h = self.leaky_relu(self.norm3(self.conv3(h)))
        return self.fc1(h.flatten(1))


def cross_entropy(logits: Tensor, label: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


class CGAN:
    def __init__(self, device: str = "cpu") -> None:
        self.generator, self.discriminator = Generator().to(device), Discriminator().to(device)
        self.g_optimizer = AdamOptimizer(self.generator.parameters(), LEARN_RATE, beta1=BETA_1)
        self.d_optimizer = AdamOptimizer(self.discriminator.parameters(), LEARN_RATE, beta1=BETA_1)

    def run_g_optimizer(self, z: Tensor, label: Tensor) -> float:
        d_fake = self.discriminator(self.generator(z, label), label)
        return float(self.g_optimizer.minimize(cross_entropy(d_fake, 1.0)))

    def run_d_optimizer(self, z: Tensor, label: Tensor, y_real: Tensor) -> float:
        with torch.no_grad():  # the generator is not among the variables of this update
            y_fake = self.generator(z, label)
        d_real = self.discriminator(y_real, label)
        d_fake = self.discriminator(y_fake, label)
        return float(self.d_optimizer.minimize(cross_entropy(d_real, 1.0) + cross_entropy(d_fake, 0.0)))

    def step(self, batch_images: Tensor, batch_labels: Tensor, batch_z: Tensor) -> tuple[float, float]:
        self.run_g_optimizer(batch_z, batch_labels)
        g_loss = self.run_g_optimizer(batch_z, batch_labels)
        d_loss = self.run_d_optimizer(batch_z, batch_labels, batch_images)
        return d_loss, g_loss


class Arrays:
    """The article's data: NumPy arrays, drawn with replacement but for the last picture. pictures: (number, 28, 28)."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, device: str) -> None:
        self.pictures, self.labels = pictures.astype(np.float32) / 255, labels.astype(np.int64)
        self.device = device

    def get_batch(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Grey pictures from -0.5 to 0.5 as three equal channels, their labels, and latents."""
        rows = np.random.randint(0, len(self.pictures) - 1, number)
        colours = np.repeat(self.pictures[rows][:, None] - np.float32(0.5), 3, axis=1)
        latents = np.random.uniform(-1, 1, (number, Z_DIM)).astype(np.float32)
        images, labels, z = (torch.from_numpy(one).to(self.device) for one in (colours, self.labels[rows], latents))
        return images, labels, z


class InMemory:
    """The same from a tensor that holds all pictures as the networks take them, with torch's random numbers."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, device: str) -> None:
        self.pictures = (torch.from_numpy(pictures)[:, None].float() / 255 - 0.5).to(device).expand(-1, 3, -1, -1)
        self.labels, self.device = torch.from_numpy(labels.astype(np.int64)).to(device), device

    def get_batch(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.randint(0, len(self.pictures) - 1, (number,), device=self.device)
        return self.pictures[rows], self.labels[rows], torch.rand(number, Z_DIM, device=self.device) * 2 - 1


def loop(
    pictures: np.ndarray,
    labels: np.ndarray,
    data: Literal["memory", "article"] = "memory",
    *,
    device: str = "cpu",
    batch_size: int = 64,
) -> Iterator[tuple[float, float]]:
    """The losses of D and G after each step, without an end; pictures: (number, 28, 28) uint8."""
    batches = (Arrays if data == "article" else InMemory)(pictures, labels, device)
    gan = CGAN(device)
    while True:
        batch_images, batch_labels, batch_z = batches.get_batch(batch_size)
        yield gan.step(batch_images, batch_labels, batch_z)
