"""The plain loop that articles write: float32, default layout, apart batches, `float(loss)` every step.

It is what `honmono bench` measures against: the same networks, update program and optimizers, none of the engine. It
neither clips weights nor gives updates real batches by name, so that it does less than such a recipe's own step.
"""

import torch
from torch import Tensor, nn

from honmono.data.base import Batch, Dataset, Interface
from honmono.data.batches import Stream
from honmono.objectives.base import ByClock, Draws, DrawsBySample, DrawsByStep, Players
from honmono.objectives.logit import LogitObjective
from honmono.randomness import stream
from honmono.recipe.build import build_networks
from honmono.recipe.updates import Update, every_update
from honmono.recipe.value import Recipe, settled


class PlainPlayer:
    """A bare network under the name that objectives call it by."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.module(sample, label)


class PlainLoop:
    """One recipe in a loop without any craft. Fakes on named draws are made once, as gan-mnist-article has it."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        recipe = settled(recipe, list(dataset.class_counts.values()), dataset.length)
        self._recipe, self._device = recipe, device
        interface = Interface(dataset.sample_shape, dataset.classes)
        self._num_classes = len(interface.classes)
        dataset.to(device)
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._stream = Stream(dataset, recipe.data, batch_size, seed, conditional=conditional)
        generator, discriminator = build_networks(recipe, interface)
        self._players = Players(PlainPlayer(generator.to(device)), PlainPlayer(discriminator.to(device)))
        self._optimizers = {
            "generator": recipe.optimizers.generator(generator.parameters()),
            "discriminator": recipe.optimizers.discriminator(discriminator.parameters()),
        }
        self._images = self._drawn = 0
        self._batch: Batch | None = None

    def step(self) -> None:
        """One pass through the update program, entry by entry."""
        named: dict[str, tuple[Tensor | None, Draws]] = {}
        self._batch = None
        for update in every_update(self._recipe.updates):
            for _ in range(update.times(1)):
                self._update(update, named)

    def _update(self, update: Update, named: dict[str, tuple[Tensor | None, Draws]]) -> None:
        if self._batch is None or (update.player == "discriminator" and update.real is None):
            self._batch = self._stream.batch(self._images)
            self._images += len(self._batch.real)
        self._optimizers[update.player].zero_grad()
        objective = self._recipe.objective
        if isinstance(objective, LogitObjective):
            terms = self._terms_of_scores(objective, update, self._batch, named)
        else:  # fakes are made anew in each update: only an objective on scores says what it does with them
            kept = named.get(update.draws or "", (None, None))[1]
            draws = kept or self._draws(self._batch)
            if update.draws:
                named[update.draws] = None, draws
            real = self._batch if self._recipe.conditional else Batch(self._batch.real, None)
            of = objective.discriminator_loss if update.player == "discriminator" else objective.generator_loss
            terms = of(self._players, real, draws)
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        self._optimizers[update.player].step()
        float(loss.detach())

    def _terms_of_scores(
        self, objective: LogitObjective, update: Update, batch: Batch, named: dict[str, tuple[Tensor | None, Draws]]
    ) -> dict[str, Tensor]:
        fake, draws = named.get(update.draws or "", (None, None))
        draws = draws or self._draws(batch)
        if fake is None:
            fake = self._players.generator(draws.latent, draws.label)
        if update.draws:
            named[update.draws] = fake, draws
        fake = objective.seen(fake, draws.label, draws.chance)
        label = batch.label if draws.label is not None else None
        if update.player == "discriminator":
            batch = Batch(objective.seen(batch.real, label, draws.chance, real=True), label)
            real = self._players.discriminator(batch.real, label)
            terms = objective.discriminator_terms(real, self._players.discriminator(fake.detach(), draws.label))
            for one in objective.penalties:
                if label is not None or not one.of_labels:
                    own = objective.draws_of(one, draws)
                    value = one.value(self._players, batch, own, fake.detach(), real)
                    terms |= {one.name: value * one.schedule.at(self._images)}
            return terms
        score = self._players.discriminator(fake, draws.label)
        if objective.relativistic:
            real = objective.seen(batch.real, label, draws.chance, real=True)
            score = score - self._players.discriminator(real, label).detach()
        if update.draws:  # its graph is used up; a further update makes it anew from the same draws
            named[update.draws] = None, draws
        return objective.generator_terms(score)

    def _draws(self, batch: Batch) -> Draws:
        random = stream(0, "plain", self._drawn)
        self._drawn += 1
        latent = torch.from_numpy(self._recipe.latent.draw(random, len(batch.real))).to(self._device)
        label = None
        if self._recipe.conditional:
            drawn = torch.from_numpy(random.integers(self._num_classes, size=len(latent))).to(self._device)
            label = batch.label if self._recipe.fake_labels == "real" else drawn
        objective, chance = self._recipe.objective, None
        if isinstance(objective, DrawsBySample) and objective.chances:
            chance = torch.from_numpy(random.random((len(latent), objective.chances), dtype="float32")).to(latent)
        factors: dict[str, Tensor] = {}
        if isinstance(objective, ByClock):
            factors |= {name: latent.new_tensor(one.at(self._images)) for name, one in objective.schedules.items()}
        if isinstance(objective, DrawsByStep):
            factors |= {name: torch.from_numpy(given).to(latent) for name, given in objective.draw(random).items()}
        return Draws(latent, label, factors, chance, self._num_classes if self._recipe.conditional else 0)
