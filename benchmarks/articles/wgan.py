"""Article 003, WGAN on 25 Gaussians (a blog article of 3 December 2017), its Keras code in eager PyTorch.

The parameters are those of its successful run. Its networks are in files that the article does not show: three layers
of 128 with ELUs are inferred, as are latents from -1 to 1. Left out: printing both losses after each step, and the
plots after each epoch.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from articles.tensorflow_layers import AdamOptimizer
from torch import Tensor, nn


BATCH_SIZE = 128 * 4

adam_decay = 1e-5
adam_lr = 1e-4
adam_beta_1 = 0.5
weight_clip = 0.1
n_repeat_update_D = 1


def mult_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return torch.mean(y_pred * y_true)


def raw_loss(y_pred: Tensor) -> Tensor:
    return torch.mean(y_pred)


def model_elu(inputs: int, outputs: int) -> nn.Sequential:
    """Keras's initial weights: Glorot-uniform, biases 0."""
    model = nn.Sequential(
        nn.Linear(inputs, 128), nn.ELU(), nn.Linear(128, 128), nn.ELU(), nn.Linear(128, 128), nn.ELU(),
        nn.Linear(128, outputs),
    )  # fmt: skip
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


class WGAN:
    def __init__(self, device: str = "cpu") -> None:
        self.generator, self.discriminator = model_elu(4, 2).to(device), model_elu(2, 1).to(device)
        self.d_opt = AdamOptimizer(self.discriminator.parameters(), adam_lr, beta1=adam_beta_1, decay=adam_decay)
        self.g_opt = AdamOptimizer(self.generator.parameters(), adam_lr, beta1=adam_beta_1, decay=adam_decay)

    def update_discriminator(self, points_real: Tensor, noise: Tensor) -> float:
        with torch.no_grad():
            points_fake = self.generator(noise)
        X = torch.cat((points_real, points_fake))
        Y = torch.cat((torch.ones(len(points_real), 1), -torch.ones(len(points_fake), 1))).to(X.device)
        d_loss = self.d_opt.minimize(mult_loss(Y, self.discriminator(X)))
        with torch.no_grad():
            for w in self.discriminator.parameters():
                w.clamp_(-weight_clip, weight_clip)
        return float(d_loss)

    def update_generator(self, noise: Tensor) -> float:
        return float(self.g_opt.minimize(raw_loss(self.discriminator(self.generator(noise)))))


class Arrays:
    """The article's data: a NumPy array shuffled in place for every epoch, NumPy's noise for every update."""

    def __init__(self, points: np.ndarray, device: str) -> None:
        self.X_train, self.device = points.astype(np.float32), device

    def shuffle(self) -> None:
        np.random.shuffle(self.X_train)

    def points(self, start: int, stop: int) -> Tensor:
        return torch.from_numpy(self.X_train[start:stop]).to(self.device)

    def noise(self, number: int) -> Tensor:
        return torch.from_numpy(np.random.uniform(-1, 1, (number, 4)).astype(np.float32)).to(self.device)


class InMemory:
    """The same with tensors."""

    def __init__(self, points: np.ndarray, device: str) -> None:
        self.X_train, self.device = torch.from_numpy(points.astype(np.float32)).to(device), device

    def shuffle(self) -> None:
        self.X_train = self.X_train[torch.randperm(len(self.X_train), device=self.device)]

    def points(self, start: int, stop: int) -> Tensor:
        return self.X_train[start:stop]

    def noise(self, number: int) -> Tensor:
        return torch.rand(number, 4, device=self.device) * 2 - 1


def loop(
    points: np.ndarray,
    labels: np.ndarray | None = None,
    data: Literal["memory", "article"] = "memory",
    *,
    device: str = "cpu",
    batch_size: int = BATCH_SIZE,
) -> Iterator[tuple[float, float]]:
    """The losses of D and G after each step, without an end; points: (number, 2), without labels."""
    arrays = (Arrays if data == "article" else InMemory)(points, device)
    gan = WGAN(device)
    num_batches = int(len(points) / batch_size)
    while True:
        arrays.shuffle()
        for index in range(num_batches):
            d_loss = 0.0
            for _ in range(n_repeat_update_D):
                noise = arrays.noise(batch_size)
                points_real = arrays.points(index * batch_size, (index + 1) * batch_size)
                d_loss = gan.update_discriminator(points_real, noise)
            # update generator
            noise = arrays.noise(batch_size)
            g_loss = gan.update_generator(noise)
            yield d_loss, g_loss
