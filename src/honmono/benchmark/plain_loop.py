"""A plain training loop as in articles: float32, default layout, separate batches, `float(loss)` every step.

It is the reference of `honmono bench`: the same networks, updates and optimizers, without the engine. It neither clips
weights nor shares named real batches, so that it does less than the step of a recipe that has these.
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
from honmono.recipe.lazy_terms import adapted_optimizer
from honmono.recipe.updates import Update, every_update
from honmono.recipe.value import Recipe, resolve_auto


class PlainPlayer:
    """A network as objectives use it."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, *inputs: Tensor | None) -> Tensor:
        return self.module(*inputs)


class PlainLoop:
    """A recipe in a plain loop. Fakes of named draws are generated once, as in gan-mnist-article."""

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
        recipe = resolve_auto(recipe, list(dataset.class_counts.values()), dataset.length)
        self.recipe, self._device, objective = recipe, device, recipe.objective
        # Separate batches of real and fake in the discriminator, as in the articles.
        joins = isinstance(objective, LogitObjective | Realness)
        self._objective = replace(objective, together=False) if joins else objective
        data_spec = DataSpec(dataset.sample_shape, dataset.classes)
        self._num_classes = len(data_spec.classes)
        dataset.to(device)
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._batches = Batches(dataset, recipe.data, batch_size, seed, conditional=conditional)
        networks = build_networks(recipe, data_spec)
        self.players = Players(*(PlainPlayer(network.to(device)) for network in networks.values()))
        self._optimizers = {name: adapted_optimizer(recipe, name)(one.parameters()) for name, one in networks.items()}
        # It stays as it is at first: an adaptive augmentation takes the same time at any probability.
        first = objective.memory().items()
        self._memory = {name: torch.tensor(value, device=device) for name, value in first}
        self._steps = self._images = self._drawn = 0
        self._batch: Batch | None = None

    def step(self) -> None:
        """One training step: every update of the recipe, in order."""
        named: dict[str, tuple[Draws, Tensor | None]] = {}
        self._batch = None
        self._steps += 1
        for update in every_update(self.recipe.updates):
            for _ in range(update.times(self._steps)):
                self._update(update, named)

    def _update(self, update: Update, named: dict[str, tuple[Draws, Tensor | None]]) -> None:
        if self._batch is None or (update.player == "discriminator" and update.real is None):
            self._batch = self._batches.batch(self._images)
            self._images += len(self._batch.real)
        self._optimizers[update.player].zero_grad()
        draws, fake = named.get(update.draws or "", (None, None))
        draws = draws or self._draws(self._batch)
        if fake is None and "discriminator" in self._optimizers:
            fake = self.players.generator(draws.latent, draws.label)
        generates = update.player == "generator"
        if update.draws:  # a generator's update frees the graph: another one generates the fakes again
            named[update.draws] = draws, None if generates else fake
        real = self._batch if self.recipe.conditional else Batch(self._batch.real, None)
        shared = fake if generates or fake is None else fake.detach()
        step = Step(self.players, real, draws, shared, self._memory, update.terms)
        terms = self._objective.generator_loss(step) if generates else self._objective.discriminator_loss(step)
        minimised = [term for name, term in terms.items() if name not in self._objective.statistics()]
        loss = torch.stack(minimised).sum() * update.weight
        loss.backward()
        self._optimizers[update.player].step()
        float(loss.detach())

    def _draws(self, batch: Batch) -> Draws:
        random = stream(0, "plain", self._drawn)
        self._drawn += 1
        drawn = self.recipe.latent.draw(random, len(batch.real), tuple(batch.real.shape[1:]))
        latent = torch.from_numpy(drawn).to(self._device)
        label = None
        if self.recipe.conditional:
            drawn = torch.from_numpy(random.integers(self._num_classes, size=len(latent))).to(self._device)
            label = batch.label if self.recipe.fake_labels == "real" else drawn
        objective, uniform = self._objective, None
        if each := objective.num_uniform():
            uniform = torch.from_numpy(random.random((len(latent), each), dtype="float32")).to(latent)
        factors = {name: latent.new_tensor(one.at(self._images)) for name, one in objective.schedules().items()}
        factors |= {name: torch.from_numpy(drawn).to(latent) for name, drawn in objective.draw(random).items()}
        return Draws(latent, label, factors, uniform, self._num_classes if self.recipe.conditional else 0)
