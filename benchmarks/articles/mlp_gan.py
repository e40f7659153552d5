"""Article 001, the GAN of fully connected layers on MNIST (NTT TechnoCross advent calendar 2024, day 20, in Japanese).

The article's loader resizes to 32x32, which its own 28x28 networks cannot use: here pictures stay 28x28. It names no
loss and no optimizer for this GAN: the loss of its second one is used, and Adam with torch's betas. Left out: saving 16
fakes in every tenth epoch.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from articles import torchvision_transforms as transforms
from torch import Tensor


latent_dim = 100
learning_rate = 0.0002


def prepare_dataloader(pictures: np.ndarray, labels: np.ndarray, batch_size: int) -> Iterable[Any]:
    transform = transforms.Compose(
        [
            transforms.ToTensor(),
            transforms.Normalize((0.5,), (0.5,)),
        ]
    )
    return torch.utils.data.DataLoader(
        transforms.Pictures(pictures, labels, transform=transform), batch_size=batch_size, shuffle=True
    )


class Generator(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Linear(1024, 28 * 28),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.model(z).view(-1, 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(28 * 28, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 1),
            nn.Sigmoid(),
        )

    def forward(self, img: Tensor) -> Tensor:
        return self.model(img)


def train_gan(
    generator: nn.Module,
    discriminator: nn.Module,
    dataloader: Iterable[Any],
    criterion: nn.Module,
    optimizer_G: optim.Optimizer,
    optimizer_D: optim.Optimizer,
    latent_dim: int,
    device: str,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch."""
    for real_imgs, _ in dataloader:
        batch_size = real_imgs.size(0)
        real_imgs = real_imgs.to(device)
        # labels
        real_labels = torch.ones((batch_size, 1), device=device)
        fake_labels = torch.zeros((batch_size, 1), device=device)
        # noise
        z = torch.randn((batch_size, latent_dim), device=device)
        fake_imgs = generator(z)
        # the discriminator's update
        optimizer_D.zero_grad()
        real_loss = criterion(discriminator(real_imgs), real_labels)
        fake_loss = criterion(discriminator(fake_imgs.detach()), fake_labels)
        d_loss = real_loss + fake_loss
        d_loss.backward()
        optimizer_D.step()
        # the generator's update
        optimizer_G.zero_grad()
        g_loss = criterion(discriminator(fake_imgs), real_labels)
        g_loss.backward()
        optimizer_G.step()
        yield d_loss.detach(), g_loss.detach()


class InMemory:
    """The batches of `prepare_dataloader`, from a tensor that holds all pictures as the networks take them."""

    def __init__(self, pictures: np.ndarray, batch_size: int, device: str) -> None:
        self.images = (torch.from_numpy(pictures)[:, None].float() / 255 - 0.5).div_(0.5).to(device)
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, None]]:
        for chosen in torch.randperm(len(self.images), device=self.images.device).split(self.batch_size):
            yield self.images[chosen], None


def loop(
    pictures: np.ndarray,
    labels: np.ndarray,
    data: Literal["memory", "article"] = "memory",
    *,
    device: str = "cpu",
    batch_size: int = 64,
) -> Iterator[tuple[Tensor, Tensor]]:
    """The losses of D and G after each step, without an end; pictures: (number, 28, 28) uint8."""
    generator, discriminator = Generator(latent_dim).to(device), Discriminator().to(device)
    optimizer_G = optim.Adam(generator.parameters(), lr=learning_rate)
    optimizer_D = optim.Adam(discriminator.parameters(), lr=learning_rate)
    if data == "article":
        dataloader = prepare_dataloader(pictures, labels, batch_size)
    else:
        dataloader = InMemory(pictures, batch_size, device)
    while True:
        yield from train_gan(
            generator, discriminator, dataloader, nn.BCELoss(), optimizer_G, optimizer_D, latent_dim, device
        )
