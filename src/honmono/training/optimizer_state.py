"""An optimizer's state as flat tensors, for checkpoints."""

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as tensors by "<parameter index>.<name>". Its parameter groups follow from the recipe."""
    state: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    named = {f"{place}.{key}": value for place, values in state.items() for key, value in values.items()}
    assert all(value is None or isinstance(value, Tensor) for value in named.values())
    return {name: value for name, value in named.items() if value is not None}


def restore(optimizer: Optimizer, named: dict[str, Tensor]) -> None:
    """Loads a state that `tensors` returned."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in named.items():
        place, name = key.split(".", 1)
        like = parameters[int(place)]
        # A fused kernel pairs a parameter with its state by position in memory: both need the same memory format.
        if value.dim() > 1 and value.shape == like.shape:
            value = torch.empty_like(like, dtype=value.dtype).copy_(value)
        state.setdefault(int(place), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
