"""Article 001, its "PGGAN" on MNIST (NTT TechnoCross advent calendar 2024, day 20, in Japanese), which never grows.

The article states neither epochs nor batch size of this one: those of its first GAN are used.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from articles import torchvision_transforms as transforms
from PIL import Image
from torch import Tensor


latent_dim = 100
num_layers = 4


def prepare_dataloader(pictures: np.ndarray, labels: np.ndarray, batch_size: int) -> Iterable[Any]:
    transform = transforms.Compose(
        [
            transforms.Resize(32),
            transforms.ToTensor(),
            transforms.Normalize((0.5,), (0.5,)),
        ]
    )
    return torch.utils.data.DataLoader(
        transforms.Pictures(pictures, labels, transform=transform), batch_size=batch_size, shuffle=True
    )


class Generator(nn.Module):
    def __init__(self, latent_dim: int, num_layers: int) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.layers = nn.ModuleList()
        self.layers.append(
            nn.Sequential(nn.ConvTranspose2d(latent_dim, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(True))
        )
        self.layers.append(
            nn.Sequential(nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(True))
        )
        self.layers.append(
            nn.Sequential(nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(True))
        )
        self.layers.append(nn.Sequential(nn.ConvTranspose2d(128, 1, 4, 2, 1, bias=False), nn.Tanh()))

    def forward(self, x: Tensor, depth: int) -> Tensor:
        for i in range(depth + 1):
            x = self.layers[i](x)
        return x


class Discriminator(nn.Module):
    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.layers = nn.ModuleList()
        self.layers.append(
            nn.Sequential(nn.Conv2d(1, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, inplace=True))
        )
        self.layers.append(
            nn.Sequential(
                nn.Conv2d(128, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.LeakyReLU(0.2, inplace=True)
            )
        )
        self.layers.append(
            nn.Sequential(
                nn.Conv2d(256, 512, 4, 2, 1, bias=False), nn.BatchNorm2d(512), nn.LeakyReLU(0.2, inplace=True)
            )
        )
        self.layers.append(nn.Sequential(nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid()))

    def forward(self, x: Tensor, depth: int) -> Tensor:
        for i in range(depth + 1):
            x = self.layers[i](x)
        return x


def train_pggan(
    generator: nn.Module,
    discriminator: nn.Module,
    criterion: nn.Module,
    optimizer_G: optim.Optimizer,
    optimizer_D: optim.Optimizer,
    dataloader: Iterable[Any],
    device: str,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch."""
    for real_imgs, _ in dataloader:
        batch_size = real_imgs.size(0)
        real_imgs = real_imgs.to(device)
        real_labels = torch.ones((batch_size, 1, 1, 1), device=device)
        fake_labels = torch.zeros((batch_size, 1, 1, 1), device=device)
        # noise
        z = torch.randn((batch_size, latent_dim, 1, 1), device=device)
        fake_imgs = generator(z, num_layers - 1)
        # the discriminator's update
        optimizer_D.zero_grad()
        real_loss = criterion(discriminator(real_imgs, num_layers - 1), real_labels)
        fake_loss = criterion(discriminator(fake_imgs.detach(), num_layers - 1), fake_labels)
        d_loss = real_loss + fake_loss
        d_loss.backward()
        optimizer_D.step()
        # the generator's update
        optimizer_G.zero_grad()
        g_loss = criterion(discriminator(fake_imgs, num_layers - 1), real_labels)
        g_loss.backward()
        optimizer_G.step()
        yield d_loss.detach(), g_loss.detach()


class InMemory:
    """The batches of `prepare_dataloader`, from a tensor that holds all pictures as the networks take them."""

    def __init__(self, pictures: np.ndarray, batch_size: int, device: str) -> None:
        resize = transforms.Resize(32)
        resized = np.stack([np.asarray(resize(Image.fromarray(picture))) for picture in pictures])
        self.images = (torch.from_numpy(resized)[:, None].float() / 255 - 0.5).div_(0.5).to(device)
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
    generator = Generator(latent_dim, num_layers).to(device)
    discriminator = Discriminator(num_layers).to(device)
    criterion = nn.BCELoss()
    optimizer_G = optim.Adam(generator.parameters(), lr=0.0002, betas=(0.5, 0.999))
    optimizer_D = optim.Adam(discriminator.parameters(), lr=0.0002, betas=(0.5, 0.999))
    if data == "article":
        dataloader = prepare_dataloader(pictures, labels, batch_size)
    else:
        dataloader = InMemory(pictures, batch_size, device)
    while True:
        yield from train_pggan(generator, discriminator, criterion, optimizer_G, optimizer_D, dataloader, device)
