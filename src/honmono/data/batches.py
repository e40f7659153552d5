"""Batches of real samples as a function of the clock: the one thing that the trainer asks of data."""

from collections.abc import Callable

import numpy as np

from honmono.data.base import Batch, Data, Dataset, Order
from honmono.data.oversampling import Oversampling
from honmono.errors import Refused
from honmono.randomness import stream


WHOLE = slice(None)


class Batches:
    """The real batches of one run: order, augmentation and fresh samples all follow from (seed, images seen).

    sizes: of the batch that starts at so many images, where that is not always `batch_size`.
    conditional: whether labels are learned, and rare classes repeated as `data.oversample` says.
    """

    def __init__(
        self,
        dataset: Dataset,
        data: Data,
        batch_size: int,
        seed: int,
        sizes: Callable[[int], int] | None = None,
        conditional: bool = False,
    ) -> None:
        self._dataset = dataset
        labels = dataset.labels if conditional and data.oversample else None
        self._order = SampleOrder(
            dataset.length,
            order=data.order,
            drop_last=data.drop_last,
            batch_size=batch_size,
            seed=seed,
            sizes=sizes,
            oversampling=None if labels is None else Oversampling(labels, data.oversample),
        )
        self._seed = seed

    @property
    def epoch_length(self) -> int | None:
        """Images seen in one epoch; None where the data is endless."""
        return self._order.epoch_length

    @property
    def least_size(self) -> int:
        """Size of the smallest batch that there will ever be; 1 where sizes vary, as no more is known then."""
        if self._order.sizes is not None:
            return 1
        return min(self.size_at(0), self.size_at(self._order.last_start))

    def size_at(self, images: int) -> int:
        """Size of the global batch that starts at `images`; touches no data."""
        return self._order.size_at(images)

    def batch(self, images: int, part: slice = WHOLE) -> Batch:
        """The rows `part` (contiguous) of the global batch that starts when `images` images have been seen.

        Parts put together are the whole batch exactly, augmentation included. Stored data gathers only its part: as
        `Dataset.gather` takes one `random.random()` for each index, the draws of the rows before are passed over.
        Endless data makes the whole batch and is cut, because one normal number takes a varying amount of randomness.
        """
        random = stream(self._seed, "augment", images)
        if self._dataset.length is None:
            whole = self._dataset.gather(self._order.indices(images), random)
            return Batch(whole.real[part], None if whole.label is None else whole.label[part])
        start, _, step = part.indices(self.size_at(images))
        assert step == 1, "a part is contiguous"
        random.random(start)
        return self._dataset.gather(self._order.indices(images)[part], random)


class SampleOrder:
    """Which samples make up the batch that starts when `images` images have been seen.

    The clock is a position in an endless row of epochs, and every position names one sample:

    - "shuffled": epoch e is the permutation of `stream(seed, "order", e)`; "fixed": every epoch is that of epoch 0;
      "stored": every epoch is 0, 1, 2, ...
    - with `drop_last` an epoch keeps its first `length // batch_size * batch_size` places, so that every batch is full.
      Data with fewer samples than one batch loses nothing: a batch then runs through as many epochs as it needs.
    - without `drop_last` a batch ends with its epoch, and the last one may be smaller.
    - "replacement": a batch is drawn from `stream(seed, "order", images)` and is always full.
    - endless data (`length` None) is numbered by the position itself, never repeats, and has no epochs.
    - with `oversampling` an epoch holds each sample as often as that says, in place of once; it is shuffled or fixed.
    - where `sizes` gives the size of the batch that starts at a position, in place of `batch_size`, nothing is dropped:
      with `drop_last` a batch that its epoch cannot fill continues with the next.
    """

    def __init__(
        self,
        length: int | None,
        *,
        order: Order,
        drop_last: bool,
        batch_size: int,
        seed: int,
        sizes: Callable[[int], int] | None = None,
        oversampling: Oversampling | None = None,
    ) -> None:
        assert batch_size > 0 and (length is None or length > 0)
        if oversampling is not None and order not in ("shuffled", "fixed"):
            raise Refused(
                f"data.oversample repeats rare classes in a shuffled epoch, and data.order is {order}: use --set"
                " data.order=shuffled, or --set data.oversample=0"
            )
        self._oversampling = oversampling
        self.length = length if oversampling is None else len(oversampling)
        self.order: Order = order
        self.drop_last = drop_last
        self.batch_size, self.sizes = batch_size, sizes
        self.seed = seed
        self._permutation: tuple[int, np.ndarray] | None = None  # of one epoch: a cache, never state

    @property
    def epoch_length(self) -> int | None:
        """Images seen in one epoch; None where the data is endless."""
        if self.length is None or self.order == "replacement" or not self.drop_last or self.sizes is not None:
            return self.length
        return max(self.length // self.batch_size * self.batch_size, min(self.length, self.batch_size))

    @property
    def last_start(self) -> int:
        """Where the last batch of the first epoch starts; 0 where there are no epochs."""
        return 0 if self.epoch_length is None else (self.epoch_length - 1) // self.batch_size * self.batch_size

    def size_at(self, images: int) -> int:
        """Size of the batch that starts at `images`: a full one, or what is left of its epoch without `drop_last`."""
        assert images >= 0
        full = self.batch_size if self.sizes is None else self.sizes(images)
        if self.epoch_length is None or self.order == "replacement" or self.drop_last:
            return full
        return min(full, self.epoch_length - images % self.epoch_length)

    def indices(self, images: int) -> np.ndarray:
        """The (`size_at(images)`,) int64 numbers of the samples in the batch that starts at `images`."""
        size = self.size_at(images)
        if self.length is None or self.epoch_length is None:
            return np.arange(images, images + size)
        if self.order == "replacement":
            return stream(self.seed, "order", images).integers(self.length, size=size)
        pieces = []
        while size > 0:
            epoch, start = divmod(images, self.epoch_length)
            piece = self._epoch(epoch)[start : min(start + size, self.epoch_length)]
            pieces.append(piece)
            images, size = images + len(piece), size - len(piece)
        return np.concatenate(pieces)

    def _epoch(self, epoch: int) -> np.ndarray:
        assert self.length is not None
        if self.order == "stored":
            return np.arange(self.length)
        epoch = 0 if self.order == "fixed" else epoch
        cached = self._permutation  # read once: another thread may prefetch the next epoch meanwhile
        if cached is None or cached[0] != epoch:
            cached = (epoch, self._shuffled(epoch))
            self._permutation = cached
        return cached[1]

    def _shuffled(self, epoch: int) -> np.ndarray:
        assert self.length is not None
        order = stream(self.seed, "order", epoch).permutation(self.length)
        return order if self._oversampling is None else self._oversampling.samples(self.seed, epoch)[order]
