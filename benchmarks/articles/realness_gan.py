"""Article 000, RealnessGAN on CIFAR-10 (Qiita, in Japanese): its `realness_gan.py`.

Left out: printing both losses after each step, and saving 64 fakes at the beginning of each epoch.
"""

from collections.abc import Iterator
from typing import Literal

import numpy
import torch
from articles import torchvision_transforms as transforms
from torch import Tensor


# KL divergence; epsilon keeps NaN out of the logarithm
def kl_divergence(p: Tensor, q: Tensor, epsilon: float = 1e-16) -> Tensor:
    return torch.mean(torch.sum(p * torch.log((p + epsilon) / (q + epsilon)), dim=1))


# reshape as a part of torch.nn.Sequential
class Reshape(torch.nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(*self.shape)


class GAN:
    def __init__(self, device: str = "cpu") -> None:
        self.noise_dimension = 100
        self.n_outcomes = 20
        self.device = torch.device(device)

        self.discriminator = torch.nn.Sequential(
            torch.nn.Conv2d(3, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.AvgPool2d(2),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.AvgPool2d(2),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.AvgPool2d(2),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            Reshape(-1, 32 * 4 * 4),
            torch.nn.Linear(32 * 4 * 4, self.n_outcomes),
        ).to(self.device)
        self.generator = torch.nn.Sequential(
            torch.nn.Linear(self.noise_dimension, 32 * 4 * 4),
            Reshape(-1, 32, 4, 4),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Upsample(scale_factor=2),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Upsample(scale_factor=2),
            torch.nn.Conv2d(32, 32, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Upsample(scale_factor=2),
            torch.nn.Conv2d(32, 3, 3, padding=1),
            torch.nn.Sigmoid(),
        ).to(self.device)

        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), lr=0.0001, betas=(0.0, 0.9))
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), lr=0.0001, betas=(0.0, 0.9))

        # anchors: histograms of normal random numbers, as in the authors' code
        normal = numpy.random.normal(1, 1, 1000)
        count, _ = numpy.histogram(normal, self.n_outcomes, (-2, 2))
        self.real_anchor = torch.Tensor(count / sum(count)).to(self.device)
        normal = numpy.random.normal(-1, 1, 1000)
        count, _ = numpy.histogram(normal, self.n_outcomes, (-2, 2))
        self.fake_anchor = torch.Tensor(count / sum(count)).to(self.device)

    def generate_fakes(self, num: int) -> Tensor:
        mean = torch.zeros(num, self.noise_dimension, device=self.device)
        std = torch.ones(num, self.noise_dimension, device=self.device)
        noise = torch.normal(mean, std)
        return self.generator(noise)

    def train_discriminator(self, real: Tensor) -> float:
        batch_size = real.shape[0]
        fake = self.generate_fakes(batch_size).detach()

        # softmax makes probabilities of the discriminator's outputs
        real_feature = torch.nn.functional.softmax(self.discriminator(real), dim=1)
        fake_feature = torch.nn.functional.softmax(self.discriminator(fake), dim=1)

        # equation (3) of the paper
        loss = kl_divergence(self.real_anchor, real_feature) + kl_divergence(self.fake_anchor, fake_feature)

        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()

        return float(loss.detach())

    def train_generator(self, real: Tensor) -> float:
        batch_size = real.shape[0]
        fake = self.generate_fakes(batch_size)

        real_feature = torch.nn.functional.softmax(self.discriminator(real), dim=1)
        fake_feature = torch.nn.functional.softmax(self.discriminator(fake), dim=1)

        # equation (19) of the paper
        loss = kl_divergence(real_feature, fake_feature) - kl_divergence(self.fake_anchor, fake_feature)

        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()

        return float(loss.detach())

    def step(self, real: Tensor) -> tuple[float, float]:
        real = real.to(self.device)

        discriminator_loss = self.train_discriminator(real)
        generator_loss = self.train_generator(real)

        return discriminator_loss, generator_loss


def in_memory(pictures: numpy.ndarray, batch_size: int, device: str) -> Iterator[tuple[Tensor, None]]:
    """One epoch of the loader below, from a tensor."""
    reals = torch.from_numpy(pictures).to(device)
    for first in range(0, len(reals) - batch_size + 1, batch_size):
        real = reals[first : first + batch_size].permute(0, 3, 1, 2).float() / 255
        mirrored = torch.rand(batch_size, device=device) < 0.5
        yield torch.where(mirrored[:, None, None, None], real.flip(3), real), None


def loop(
    pictures: numpy.ndarray,
    labels: numpy.ndarray,
    data: Literal["memory", "article"] = "memory",
    *,
    device: str = "cpu",
    batch_size: int = 128,
) -> Iterator[tuple[float, float]]:
    """The losses of D and G after each step, without an end; pictures: (number, 32, 32, 3) uint8."""
    transformer = transforms.Compose(
        [
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
        ]
    )

    dataset = transforms.Pictures(pictures, labels, transform=transformer)

    iterator = torch.utils.data.DataLoader(dataset, batch_size=batch_size, drop_last=True)

    gan = GAN(device)

    while True:
        for batch in iterator if data == "article" else in_memory(pictures, batch_size, device):
            real = batch[0].float()
            yield gan.step(real)
