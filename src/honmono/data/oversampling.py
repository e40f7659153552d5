"""Repeating rare classes within an epoch, so that a class of few pictures is seen often enough to be learned."""

import numpy as np

from honmono.errors import Refused
from honmono.randomness import stream


class Oversampling:
    """Samples of each class in an epoch: its size * max(1, (mean size / its size) ** strength), rounded.

    labels: (length,) class indices. strength: `Data.oversample`, from 0 to 1. Classes without a picture do not count.
    Source: repeat factor sampling (Gupta et al., LVIS, 2019, arXiv:1908.03195, appendix B), there with 0.5.
    """

    def __init__(self, labels: np.ndarray, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise Refused(f"data.oversample={strength}: give a number from 0 (as stored) to 1 (as often as the mean)")
        sizes = np.bincount(labels)
        self._members = [np.flatnonzero(labels == one) for one in np.flatnonzero(sizes)]
        sizes = sizes[sizes > 0]
        self._places = np.round(sizes * np.maximum(1.0, sizes.mean() / sizes) ** strength).astype(np.int64)

    def __len__(self) -> int:
        """Places in an epoch, the same in each."""
        return int(self._places.sum())

    def samples(self, seed: int, epoch: int) -> np.ndarray:
        """(len,) the samples of an epoch, in no useful order: each as often as its class needs, or once more.

        Which ones are used once more is drawn for each epoch.
        """
        random = stream(seed, "oversample", epoch)
        chosen = []
        for members, places in zip(self._members, self._places.tolist(), strict=True):
            whole, rest = divmod(places, len(members))
            chosen += [np.tile(members, whole), random.permutation(members)[:rest]]
        return np.concatenate(chosen)
