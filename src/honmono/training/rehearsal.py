"""The rehearsal: one trial of each player's loss before a run is created, which leaves no trace."""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.recipe import PlayerName


@contextmanager
def without_trace(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Afterwards every buffer is as it was."""
    buffers = [(buffer, buffer.clone()) for network in networks for buffer in network.buffers()]
    yield
    with torch.no_grad():
        for buffer, value in buffers:
            buffer.copy_(value)


@contextmanager
def refusing(name: PlayerName) -> Iterator[None]:
    """Within it, whatever a user's own network or objective raises is a refusal."""
    try:
        yield
    except Refused:
        raise  # it says already what to mend
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(where.filename).name}, line {where.lineno}: {type(error).__name__}"
        raise Refused(f"the {name}'s loss cannot be computed in this recipe ({at}: {error})") from error


def refuse_shapes(name: PlayerName, losses: Mapping[str, Tensor]) -> None:
    """Refuses losses that are not scalars."""
    for term, loss in losses.items():
        if loss.dim():
            raise Refused(f"the {name}'s loss '{term}' has shape {tuple(loss.shape)}: make it a scalar (.mean())")
