"""A whole step as a function of tensors: what `Trainer.step` computes, written so that it can be traced."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from honmono.objectives.base import PlayerName, Step
from honmono.recipe.updates import Update
from honmono.runs.log import by_column
from honmono.training.shared_fakes import names_of_shared
from honmono.training.turns import Turns
from honmono.training.whole_steps.inputs import Given
from honmono.training.whole_steps.state import Parts, Place, State


Groups = list[tuple[Update, ...]]


class TracedStep(nn.Module):
    """The updates of a step, on weights that its caller puts in place of the networks' own.

    columns: the names of what it returns, once it has been called.
    updated: by player, the names of the parameters that had a gradient, in each of its optimizer's steps.
    """

    def __init__(self, parts: Parts, state: State, groups: Groups, averages: bool) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({**parts.networks})
        self._parts, self._state, self._groups, self._averages = parts, state, groups, averages
        self._shared = names_of_shared(parts.recipe)
        self._turns = Turns(parts.recipe, parts.networks)
        self.columns: list[str] = []
        self.updated: dict[PlayerName, list[tuple[str, ...]]] = {player: [] for player in parts.networks}

    def forward(self, places: Mapping[Place, Tensor], given: list[Given], numbers: Tensor) -> Tensor:
        """The losses and statistics of the step, one for each of `columns`. Changes the tensors in `places`.

        numbers: those of `Formula.numbers` for each optimizer step in turn, and at the end 1 - decay of the average.
        """
        self._places, self._made = places, dict[tuple[str, int], Tensor]()
        *of_optimizers, self._average_weight = numbers.unbind()
        self._numbers = iter(of_optimizers)
        self._gradients: dict[tuple[PlayerName, str], Tensor] = {}
        logged, inputs = dict[str, Tensor](), iter(given)
        for group in self._groups:
            for update in group:  # all gradients before any weights change
                logged |= self._update(update, next(inputs))
            for player in self._parts.networks:
                if any(update.player == player for update in group):
                    self._optimizer_step(player)
        if self._averages:
            self._average()
        self.columns = list(logged)
        return torch.stack([value.to(numbers.dtype) for value in logged.values()])

    def _update(self, update: Update, given: Given) -> dict[str, Tensor]:
        """Adds an update's gradients to those of its player; returns what is logged of it."""
        parts, player = self._parts, update.player
        self._clip(player, "before")
        self._turns.set_statistics(player)
        fake = self._shared_fake(update, given)
        memory = {place.name: tensor for place, tensor in self._places.items() if place.of == "memory"}
        step = Step(parts.players, given.batch, given.draws, fake, memory, update.terms)
        objective = parts.recipe.objective
        results = objective.generator_loss(step) if player == "generator" else objective.discriminator_loss(step)
        losses, statistics = parts.memory.split(results)
        total = torch.stack(list(losses.values())).sum() * update.weight
        weights = self._weights(player)
        through = [fake] if fake is not None and player == "generator" else []
        found = torch.autograd.grad(total, [*through, *weights.values()], allow_unused=True)
        if through:
            made = self._made.pop((str(update.draws), len(given.draws.latent)))
            if found[0] is not None:
                self._add(player, weights, torch.autograd.grad(made, [*weights.values()], found[0], allow_unused=True))
        self._add(player, weights, found[len(through) :])
        # Statistics may be tensors of the memory, which moves now.
        logged = {name: value.detach().clone() for name, value in by_column(player, losses, statistics).items()}
        self._remember(memory, statistics, given.size)
        return logged

    def _shared_fake(self, update: Update, given: Given) -> Tensor | None:
        """The fakes that an update shares with others, as `SharedFakes` has them."""
        if update.draws is None or update.draws not in self._shared:
            return None
        key = (update.draws, len(given.draws.latent))
        if update.player == "generator":
            return self._made[key].detach().requires_grad_() if key in self._made else None
        if key not in self._made:
            self._made[key] = self._parts.players.generator(given.draws.latent, given.draws.label)
        return self._made[key].detach()

    def _add(self, player: PlayerName, weights: Mapping[str, Tensor], found: Any) -> None:
        for name, gradient in zip(weights, found, strict=True):
            if gradient is not None:
                known = self._gradients.get((player, name))
                self._gradients[player, name] = gradient if known is None else known + gradient

    @torch.no_grad()
    def _remember(self, memory: Mapping[str, Tensor], statistics: Mapping[str, Tensor], size: int) -> None:
        if memory and statistics:
            after = self._parts.recipe.objective.remember(dict(memory), statistics, size)
            for name, value in {name: after[name].clone() for name in memory}.items():
                memory[name].copy_(value)

    @torch.no_grad()
    def _optimizer_step(self, player: PlayerName) -> None:
        formula = self._state.formulas[player]
        numbers = [next(self._numbers) for _ in formula.numbers(1.0, 1)]
        weights = self._weights(player)
        names = tuple(name for name in weights if (player, name) in self._gradients)
        for name in names:
            state = [self._places[Place(player, name, key)] for key in formula.state()]
            formula.apply(weights[name], self._gradients.pop((player, name)), state, numbers)
        self.updated[player].append(names)
        self._clip(player, "after")
        if player == "generator":
            self._made.clear()

    @torch.no_grad()
    def _clip(self, player: PlayerName, when: str) -> None:
        clip = self._parts.recipe.clip
        if clip and (clip.player, clip.when) == (player, when):
            for weight in self._weights(player).values():
                weight.clamp_(-clip.bound, clip.bound)
            if player == "generator":
                self._made.clear()

    @torch.no_grad()
    def _average(self) -> None:
        for place, averaged in self._places.items():
            if place.of == "average":
                current = self._places[Place("generator", place.name)]
                if averaged.is_floating_point():
                    averaged.lerp_(current, self._average_weight)
                else:  # counters such as num_batches_tracked
                    averaged.copy_(current)

    def _weights(self, player: PlayerName) -> dict[str, Tensor]:
        return dict(self._parts.networks[player].named_parameters())
