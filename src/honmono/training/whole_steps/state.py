"""The tensors that a step changes: weights, buffers, optimizer states, averages and an objective's memory, by place."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from honmono.objectives.base import PlayerName, Players
from honmono.recipe.value import Recipe
from honmono.training.ema import AveragedGenerator
from honmono.training.engine import Engine
from honmono.training.memory import Memory
from honmono.training.whole_steps.optimizers import Formula, formula_of, state_of


class Place(NamedTuple):
    """Where a tensor is kept.

    of: the player whose weight or optimizer state it is; "average" or "memory".
    name: of a weight, buffer or number in the memory.
    key: in the optimizer's state of that parameter; "" where it is the weight itself.
    """

    of: PlayerName | Literal["average", "memory"]
    name: str
    key: str = ""


class Parts(NamedTuple):
    """What a trainer trains. average: None where there is none."""

    recipe: Recipe
    engine: Engine
    players: Players
    networks: Mapping[PlayerName, nn.Module]
    optimizers: Mapping[PlayerName, Optimizer]
    average: AveragedGenerator | None
    memory: Memory


class State:
    """The tensors that the steps of a trainer change in place."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.formulas: dict[PlayerName, Formula] = {name: formula_of(one) for name, one in parts.optimizers.items()}

    def examples(self) -> dict[Place, Tensor]:
        """All tensors, with zeros for optimizer states that do not exist yet."""
        parts, places = self._parts, dict[Place, Tensor]()
        for player, network in parts.networks.items():
            places |= {Place(player, name): tensor for name, tensor in _tensors(network).items()}
            for name, parameter in network.named_parameters():
                for key in self.formulas[player].state():
                    places[Place(player, name, key)] = torch.zeros_like(parameter)
        if parts.average is not None:
            places |= {Place("average", name): tensor for name, tensor in _tensors(parts.average.module).items()}
        places |= {Place("memory", name): tensor for name, tensor in parts.memory.values.items()}
        return {place: tensor.detach() for place, tensor in places.items()}

    def at(self, places: list[Place]) -> list[Tensor]:
        """The tensors at these places; a state that its optimizer does not hold yet is made."""
        parts = self._parts
        modules = {**parts.networks, **({} if parts.average is None else {"average": parts.average.module})}
        weights = {name: dict(_tensors(module)) for name, module in modules.items()}
        found = []
        for of, name, key in places:
            if of == "memory":
                found.append(parts.memory.values[name])
            elif key:
                assert of != "average", "it has no optimizer"
                found.append(self._optimizer_state(of, weights[of][name])[key])
            else:
                found.append(weights[of][name].detach())
        return found

    def counters(self, player: PlayerName, names: Sequence[str]) -> list[Tensor]:
        """The optimizer's counts of the steps of these parameters; [] for an optimizer that does not count."""
        if not self.formulas[player].counts:
            return []
        parameters = dict(self._parts.networks[player].named_parameters())
        return [self._optimizer_state(player, parameters[name])["step"] for name in names]

    def _optimizer_state(self, player: PlayerName, parameter: Tensor) -> dict[str, Tensor]:
        return state_of(self._parts.optimizers[player], self.formulas[player], parameter)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}
