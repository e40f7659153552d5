"""What an objective keeps between updates, on the device."""

from collections.abc import Mapping

import torch
from torch import Tensor

from honmono.objectives.base import Objective
from honmono.training.engine import Engine


class Memory:
    """The current values of an objective's memory, the same in all processes.

    They are inputs of the losses: a compiled loss is not compiled again when they change.
    """

    def __init__(self, objective: Objective, engine: Engine) -> None:
        self._objective, self._engine = objective, engine
        self._statistics = objective.statistics()
        self.values: dict[str, Tensor] = {
            name: torch.tensor(first, device=engine.device, dtype=engine.dtype)
            for name, first in objective.memory().items()
        }

    def split(self, terms: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """(losses, statistics) of the results of a loss."""
        losses = {name: value for name, value in terms.items() if name not in self._statistics}
        return losses, {name: value for name, value in terms.items() if name in self._statistics}

    @torch.no_grad()
    def remember(self, statistics: Mapping[str, Tensor], images: int) -> None:
        """Changes the values after an update of so many real samples in all processes.

        statistics: weighted by this process's part of the batch.
        """
        if not self.values or not statistics:
            return
        everywhere = self._engine.total(torch.stack(list(statistics.values())))
        after = self._objective.remember(self.values, dict(zip(statistics, everywhere.unbind(), strict=True)), images)
        assert set(after) == set(self.values), "an objective remembers what its `memory` names"
        self.values = {name: after[name].to(value).clone() for name, value in self.values.items()}

    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Loads the values of a checkpoint."""
        self.values = {name: values[name].to(value) for name, value in self.values.items()}
