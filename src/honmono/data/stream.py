"""Batches of real samples as a function of the clock: the one thing that the trainer asks of data."""

from collections.abc import Callable

from honmono.data.base import Batch, Data, Dataset
from honmono.data.order import SampleOrder
from honmono.data.oversampling import Oversampling
from honmono.randomness import stream


WHOLE = slice(None)


class Stream:
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
