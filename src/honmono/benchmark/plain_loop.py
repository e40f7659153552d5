"""The plain loop that articles write: float32, default layout, apart batches, `float(loss)` every step.

It is what `honmono bench` measures against: the same networks, update program and optimizers, none of the engine. It
neither clips weights nor gives updates real batches by name, so that it does less than such a recipe's own step.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from honmono.data.base import Batch, Dataset, DataSpec
from honmono.data.batches import Batches
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.logit import LogitObjective
from honmono.objectives.realness import Realness
from honmono.randomness import stream
from honmono.recipe.build import build_networks
from honmono.recipe.updates import Update, every_update
from honmono.recipe.value import Recipe, resolve_auto


class PlainPlayer:
    """A bare network under the name that objectives call it by."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.module(sample, label)


class PlainLoop:
    """One recipe in a loop without any craft. Fakes on named draws are made once, as gan-mnist-article has it."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        recipe = resolve_auto(recipe, list(dataset.class_counts.values()), dataset.length)
        self._recipe, self._device, objective = recipe, device, recipe.objective
        # Real and fake go through the discriminator apart, as the articles have it.
        joins = isinstance(objective, LogitObjective | Realness)
        self._objective = replace(objective, together=False) if joins else objective
        data_spec = DataSpec(dataset.sample_shape, dataset.classes)
        self._num_classes = len(data_spec.classes)
        dataset.to(device)
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._batches = Batches(dataset, recipe.data, batch_size, seed, conditional=conditional)
        generator, discriminator = build_networks(recipe, data_spec)
        self._players = Players(PlainPlayer(generator.to(device)), PlainPlayer(discriminator.to(device)))
        self._optimizers = {
            "generator": recipe.optimizers.generator(generator.parameters()),
            "discriminator": recipe.optimizers.discriminator(discriminator.parameters()),
        }
        self._images = self._drawn = 0
        self._batch: Batch | None = None

    def step(self) -> None:
        """One pass through the update program, entry by entry."""
        named: dict[str, tuple[Draws, Tensor | None]] = {}
        self._batch = None
        for update in every_update(self._recipe.updates):
            for _ in range(update.times(1)):
                self._update(update, named)

    def _update(self, update: Update, named: dict[str, tuple[Draws, Tensor | None]]) -> None:
        if self._batch is None or (update.player == "discriminator" and update.real is None):
            self._batch = self._batches.batch(self._images)
            self._images += len(self._batch.real)
        self._optimizers[update.player].zero_grad()
        draws, fake = named.get(update.draws or "", (None, None))
        draws = draws or self._draws(self._batch)
        fake = self._players.generator(draws.latent, draws.label) if fake is None else fake
        generates = update.player == "generator"
        if update.draws:  # a generator's update uses up the graph: a further one makes it anew from the same draws
            named[update.draws] = draws, None if generates else fake
        real = self._batch if self._recipe.conditional else Batch(self._batch.real, None)
        step = Step(self._players, real, draws, fake if generates else fake.detach())
        terms = self._objective.generator_loss(step) if generates else self._objective.discriminator_loss(step)
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        self._optimizers[update.player].step()
        float(loss.detach())

    def _draws(self, batch: Batch) -> Draws:
        random = stream(0, "plain", self._drawn)
        self._drawn += 1
        latent = torch.from_numpy(self._recipe.latent.draw(random, len(batch.real))).to(self._device)
        label = None
        if self._recipe.conditional:
            drawn = torch.from_numpy(random.integers(self._num_classes, size=len(latent))).to(self._device)
            label = batch.label if self._recipe.fake_labels == "real" else drawn
        objective, uniform = self._objective, None
        if each := objective.num_uniform():
            uniform = torch.from_numpy(random.random((len(latent), each), dtype="float32")).to(latent)
        factors = {name: latent.new_tensor(one.at(self._images)) for name, one in objective.schedules().items()}
        factors |= {name: torch.from_numpy(drawn).to(latent) for name, drawn in objective.draw(random).items()}
        return Draws(latent, label, factors, uniform, self._num_classes if self._recipe.conditional else 0)
