"""The training pictures that are nearest to a sample, by their pixels."""

from collections import OrderedDict
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.metrics.neighbours import nearest_reals
from honmono.randomness import stream
from honmono.studio.folders import Folders


MOST_VALUES = 60_000 * 28 * 28  # of the pictures that are searched, as float32: 188 MB
NEIGHBOURS = 6


class TrainingPictures:
    """Of the runs that were last looked at: their training pictures, in memory."""

    def __init__(self, folders: Folders) -> None:
        self._folders, self._turn = folders, Lock()
        self._kept: OrderedDict[str, tuple[Tensor, int]] = OrderedDict()

    def nearest(self, trained: TrainedRun, sample: Tensor) -> tuple[np.ndarray, list[float], str]:
        """The nearest pictures as uint8, their root mean square distances in levels of 255, and what was searched.

        sample: (1, channels, height, width), in the recipe's range.
        """
        if trained.model.range is None:
            raise Refused("this run generates points, which have no training pictures")
        with self._turn:
            reals, length = self._pictures(trained)
        low, high = trained.model.range
        found = nearest_reals(reals, sample.flatten(1).clamp(low, high), min(NEIGHBOURS, len(reals)))
        levels = found.distance[0] / reals.shape[1] ** 0.5 * 255 / (high - low)
        pictures = reals[found.indices[0]].unflatten(1, sample.shape[1:])
        searched = f"{len(reals):,} of {length:,}" if len(reals) < length else f"all {length:,}"
        return trained.model.pictures(pictures), levels.tolist(), f"{searched} training pictures, by pixels"

    def _pictures(self, trained: TrainedRun) -> tuple[Tensor, int]:
        name, data = trained.run.path.name, trained.recipe.data
        if name in self._kept:
            return self._kept[name]
        source = getattr(data, "source", None)
        if not self._folders.allows(source):
            folder = self._folders.data
            raise Refused(
                f"this run's data is not in {folder}: start the studio with --data and the folder of {source}"
            )
        opened = data.open()
        if tuple(opened.sample_shape) != tuple(trained.model.data_spec.sample_shape) or not opened.length:
            raise Refused("this run's data has changed: its pictures have another shape now")
        most = min(opened.length, MOST_VALUES // int(np.prod(opened.sample_shape)))
        places = np.unique(np.linspace(0, opened.length - 1, most).round().astype(int))
        real = opened.gather(places, stream(0, "scatter")).real
        self._kept[name] = real.to(torch.float32).flatten(1), opened.length
        while len(self._kept) > 2:
            self._kept.popitem(last=False)
        return self._kept[name]
