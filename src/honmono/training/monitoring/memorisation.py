"""Whether the discriminator memorises its training pictures: its scores of held-out pictures.

r = (E D(train) - E D(held-out)) / (E D(train) - E D(fakes)): 0 if it scores held-out pictures like training pictures,
1 if it scores them like fakes. Source: Karras et al., StyleGAN2-ADA (arXiv:2006.06676), equation 1, r_v.
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
from honmono.generation.model import Model
from honmono.networks.batch_norm import sampling
from honmono.networks.outputs import full
from honmono.objectives.logit import LogitObjective
from honmono.randomness import stream
from honmono.training.trainer import Trainer


SAMPLES = 256  # of training pictures, held-out pictures and fakes each
MIN_DIFFERENCE = 6.0  # of the mean scores of real and fake, in standard errors, for r to be meaningful


class Memorisation(NamedTuple):
    """r (`ratio`), the numbers of samples that it was computed from, and the source of the held-out ones."""

    ratio: float
    train: int
    held_out: int
    fakes: int
    source: str

    @property
    def text(self) -> str:
        return (
            "the discriminator memorises its training pictures: the mean score of held-out pictures lies"
            f" {self.ratio:.2f} of the way from that of training pictures (0) to that of fakes (1); computed from"
            f" {self.train} pictures of the training data, {self.held_out} of {self.source} and {self.fakes} fakes"
        )


class MemorisationCheck:
    """Compares the scores of training pictures, held-out pictures and fakes, with the same random numbers each time.

    Only for objectives on scores (`LogitObjective`): with several outcomes, or with potentials, no difference measures
    how real a picture looks. Pictures are augmented and packed as in training, and batch norm uses batch statistics;
    no buffer changes.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._held: PackedPictures | None = None
        self._searched = False

    def check(self) -> Memorisation | None:
        """The current ratio; None without held-out pictures, or if D hardly distinguishes real from fake."""
        trainer, objective = self._trainer, self._trainer.recipe.objective
        if not isinstance(objective, LogitObjective) or (held := self._held_out()) is None:
            return None
        train, other, fake = self._scores(trainer.dataset), self._scores(held), self._scores(None)
        difference = float(train.mean() - fake.mean())
        error = sqrt(float(train.var()) / len(train) + float(fake.var()) / len(fake))
        if not abs(difference) > MIN_DIFFERENCE * error:
            return None
        ratio = float(train.mean() - other.mean()) / difference
        return Memorisation(ratio, len(train), len(other), len(fake), held.record["source"])

    def _held_out(self) -> PackedPictures | None:
        """The held-out pictures, searched and packed at the first call only, which takes time that short runs save."""
        if not self._searched:
            self._searched = True
            trainer, data = self._trainer, self._trainer.recipe.data
            try:
                self._held = held_out(data, trainer.dataset, SAMPLES) if isinstance(data, Pictures) else None
            except (Refused, Failed):  # training continues without this warning
                self._held = None
            if self._held is not None:
                self._held.to(trainer.engine.device, trainer.engine.dtype)
        return self._held

    @torch.no_grad()
    def _scores(self, dataset: Dataset | None) -> Tensor:
        """D's scores of samples of a data set; of fakes for None."""
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
            scores = [
                player(self._prepared(sample, part), part)
                for sample, part in zip(real.tensor_split(parts), labels, strict=True)
            ]
        return full(torch.cat(scores)).cpu()

    def _prepared(self, sample: Tensor, label: Tensor | None) -> Tensor:
        objective = self._trainer.recipe.objective
        assert isinstance(objective, LogitObjective)
        uniform = None
        if objective.num_uniform():
            numbers = stream(0, "memory").random((len(sample), objective.num_uniform()), dtype=np.float32)
            uniform = torch.from_numpy(numbers).to(sample.device, sample.dtype)
        sample, memory = self._trainer.engine.sample(sample), self._trainer.memory.values
        return objective.augment_and_pack(sample, label, uniform, memory=memory)

    def _fakes(self) -> tuple[Tensor, Tensor | None]:
        """Fakes of the generator that D is trained against, not of its average."""
        trainer, recipe = self._trainer, self._trainer.recipe
        random, classes = stream(recipe.training.seed, "memory"), len(trainer.data_spec.classes)
        latent = recipe.latent.draw(random, SAMPLES, trainer.data_spec.sample_shape)
        labels = random.integers(classes, size=SAMPLES) if recipe.conditional else None
        size = recipe.training.batch_size
        model = Model(trainer.networks["generator"], recipe, trainer.data_spec)
        made = [
            model.at(latent[at : at + size], None if labels is None else labels[at : at + size])
            for at in range(0, SAMPLES, size)
        ]
        label = None if labels is None else torch.from_numpy(labels).to(trainer.engine.device)
        return trainer.downsample_fake(torch.cat(made)), label
