"""Which classes of a data set are rare, and which samples are of some classes."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from honmono.errors import Refused


SMALL = 10_000  # pictures: a fifth of CIFAR-10, below which Zhao et al. (arXiv:2006.10738) gain the most (table 3)
SMALL_CLASS = 1_000  # pictures of one class, in the same proportion: CIFAR-10 has ten classes


def is_small(length: int | None) -> bool:
    """Whether a data set has fewer than 10,000 pictures. length: their number; None where the data is infinite."""
    return length is not None and length < SMALL


def rare_classes(length: int | None, sizes: Sequence[int]) -> tuple[int, ...]:
    """The labels of classes of fewer than 1,000 pictures, where the data is not small.

    length: as of `is_small`. sizes: the number of pictures in each class.
    """
    return () if is_small(length) else tuple(label for label, size in enumerate(sizes) if 0 < size < SMALL_CLASS)


def refuse_unknown(field: str, classes: Sequence[int], sizes: Sequence[int]) -> None:
    """Raises `Refused` where a field names classes that the data does not have. sizes: () where no labels are used."""
    if sizes and (unknown := [one for one in classes if not 0 <= one < len(sizes)]):
        raise Refused(f"{field} holds {unknown[0]}, and the data has {len(sizes)} classes: give 0 to {len(sizes) - 1}")


def among(label: Int[Tensor, " batch"], classes: Sequence[int]) -> Bool[Tensor, " batch"]:
    """Whether each label is one of these."""
    return (label[:, None] == torch.tensor(classes, device=label.device)).any(1)
