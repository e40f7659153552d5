"""Whether the discriminator knows its pictures by heart: how it scores pictures that it was never shown.

r = (E D(train) - E D(held-out)) / (E D(train) - E D(fakes)): 0 where it scores held-out pictures as those that it is
trained on, 1 where it takes them for fakes. Source: Karras et al., StyleGAN2-ADA (arXiv:2006.06676), equation 1, r_v.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from honmono.data.base import Dataset
from honmono.data.held_out import held_out
from honmono.data.packing.packed import PackedPictures
from honmono.data.pictures import Pictures
from honmono.errors import Failed, Refused
from honmono.generation.sampling import generate
from honmono.networks.batch_norm import sampling
from honmono.networks.outputs import full
from honmono.objectives.logit import LogitObjective
from honmono.randomness import stream
from honmono.training.trainer import Trainer


SAMPLES = 256  # of each kind
APART = 6.0  # standard errors that reals and fakes must lie apart for the share of it to mean anything


class Memorisation(NamedTuple):
    """r, and what it was computed from."""

    share: float
    train: int
    held_out: int
    fakes: int
    source: str

    @property
    def text(self) -> str:
        return (
            "the discriminator knows its pictures by heart: other real pictures it scores"
            f" {self.share:.2f} of the way from those that it is trained on to fakes, 0 being right; computed from"
            f" the mean scores of {self.train} pictures of the training data, {self.held_out} of {self.source} and"
            f" {self.fakes} fakes"
        )


class MemorisationCheck:
    """Compares the scores of pictures trained on, of held-out ones and of fakes, always by the same draws.

    Only for objectives on scores (`LogitObjective`): of several outcomes, or of potentials, no difference says how real
    a picture looks. Pictures are augmented and packed as in training: others the discriminator was never shown at all.
    Its batch norm goes by the batch, as in training; no buffer moves.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._held: PackedPictures | None = None
        self._looked_for = False

    def look(self) -> Memorisation | None:
        """The share, at this moment; None where nothing is held out, or where D hardly tells reals from fakes."""
        trainer, objective = self._trainer, self._trainer.recipe.objective
        if not isinstance(objective, LogitObjective) or (held := self._held_out()) is None:
            return None
        train, other, fake = self._scores(trainer.dataset), self._scores(held), self._scores(None)
        apart = float(train.mean() - fake.mean())
        error = sqrt(float(train.var()) / len(train) + float(fake.var()) / len(fake))
        if not abs(apart) > APART * error:
            return None
        share = float(train.mean() - other.mean()) / apart
        return Memorisation(share, len(train), len(other), len(fake), held.record["source"])

    def _held_out(self) -> PackedPictures | None:
        """Looked for when first asked for: packing it costs time, which the shortest runs need not spend."""
        if not self._looked_for:
            self._looked_for = True
            trainer, data = self._trainer, self._trainer.recipe.data
            try:
                self._held = held_out(data, trainer.dataset, SAMPLES) if isinstance(data, Pictures) else None
            except (Refused, Failed):  # a warning less, not a training less
                self._held = None
            if self._held is not None:
                self._held.to(trainer.engine.device, trainer.engine.dtype)
        return self._held

    @torch.no_grad()
    def _scores(self, dataset: Dataset | None) -> Tensor:
        """D's scores of samples of a data set; None: of fakes."""
        trainer, random = self._trainer, stream(0, "memory")
        recipe, size = trainer.recipe, trainer.recipe.training.batch_size
        if dataset is None:
            real, label = self._fakes()
        else:
            assert dataset.length is not None
            places = np.sort(random.choice(dataset.length, min(SAMPLES, dataset.length), replace=False))
            real, label = dataset.gather(places, random)
            real = trainer.downsample_real(real)
        label = label if recipe.conditional else None
        discriminator = trainer.networks["discriminator"]
        player, parts = trainer.engine.player(discriminator), -(-len(real) // size)
        labels = [None] * parts if label is None else label.tensor_split(parts)
        with sampling(discriminator, "batch"):
            judged = [
                player(self._seen(sample, part), part)
                for sample, part in zip(real.tensor_split(parts), labels, strict=True)
            ]
        return full(torch.cat(judged)).cpu()

    def _seen(self, sample: Tensor, label: Tensor | None) -> Tensor:
        objective = self._trainer.recipe.objective
        assert isinstance(objective, LogitObjective)
        uniform = None
        if objective.num_uniform():
            numbers = stream(0, "memory").random((len(sample), objective.num_uniform()), dtype=np.float32)
            uniform = torch.from_numpy(numbers).to(sample.device, sample.dtype)
        return objective.augment_and_pack(self._trainer.engine.sample(sample), label, uniform)

    def _fakes(self) -> tuple[Tensor, Tensor | None]:
        """Of the generator that D is trained against, not of its average."""
        trainer, recipe = self._trainer, self._trainer.recipe
        random, classes = stream(recipe.training.seed, "memory"), len(trainer.data_spec.classes)
        latent = recipe.latent.draw(random, SAMPLES)
        labels = random.integers(classes, size=SAMPLES) if recipe.conditional else None
        size = recipe.training.batch_size
        generator = trainer.networks["generator"]
        made = [
            generate(generator, recipe, latent[at : at + size], None if labels is None else labels[at : at + size])
            for at in range(0, SAMPLES, size)
        ]
        label = None if labels is None else torch.from_numpy(labels).to(trainer.engine.device)
        return torch.cat(made), label
