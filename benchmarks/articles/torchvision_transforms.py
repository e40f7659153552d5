"""The part of torchvision that the articles use, written with Pillow, since torchvision is often missing or broken.

Each transform does what torchvision's does to a Pillow picture or to the tensor made of it, with the same calls.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset


class Pictures(Dataset):
    """As torchvision's MNIST and CIFAR10: uint8 (number, height, width[, 3]) in memory, given out as Pillow's."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, transform: Callable[[Any], Any]) -> None:
        self.pictures, self.labels, self.transform = pictures, labels, transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.pictures[index])), int(self.labels[index])


class Compose:
    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, picture: Any) -> Any:
        for transform in self.transforms:
            picture = transform(picture)
        return picture


class Resize:
    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, picture: Image.Image) -> Image.Image:
        return picture.resize((self.size, self.size), Image.Resampling.BILINEAR)


class RandomHorizontalFlip:
    def __call__(self, picture: Image.Image) -> Image.Image:
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else picture


class ToTensor:
    def __call__(self, picture: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
        pixels = pixels.view(picture.height, picture.width, len(picture.getbands()))
        return pixels.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)


class Normalize:
    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean, self.std = mean, std

    def __call__(self, tensor: Tensor) -> Tensor:
        mean, std = torch.as_tensor(self.mean, dtype=tensor.dtype), torch.as_tensor(self.std, dtype=tensor.dtype)
        return tensor.clone().sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))
