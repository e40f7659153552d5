"""A dry run before a run is created: the gradients of every player are computed once, without side effects."""

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.objectives.base import PlayerName
from honmono.randomness import preserve_rng_state
from honmono.training.engine import Engine, out_of_memory


# Torch's message for an operation without a second derivative.
NO_SECOND_DERIVATIVE = re.compile(r"derivative for '?(?:aten::)?_?(\w+?)_backward'? is not implemented")
# Operations that only rearrange or average their input, by their names in autograd's graph.
REARRANGING = re.compile(r"(View|UnsafeView|ReshapeAlias|(Uns|S)queeze|Select|Slice|Permute|Transpose|T|Clone|Mean).*")
HIDDEN_FRAMES = (Path(torch.__file__).parent, Path(__file__).parent)  # frames of a traceback that do not help the user


class Untrainable(Refused):
    """A player whose gradients cannot be computed; in another precision they may."""


@contextmanager
def rehearsal(networks: Mapping[PlayerName, nn.Module], engine: Engine) -> Iterator[None]:
    """A context for trial computations: buffers, gradients, default random generators and device memory are
    restored."""
    parts = list(networks.values())
    buffers = [(buffer, buffer.clone()) for network in parts for buffer in network.buffers()]
    scoring = [network for name, network in networks.items() if name == "discriminator"]
    handles = [network.register_forward_hook(_refuse_bfloat16_sigmoid) for network in scoring]
    try:
        with preserve_rng_state(engine.device):
            yield
    finally:
        for handle in handles:
            handle.remove()
        for network in parts:
            network.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        engine.release_memory()


@contextmanager
def refusing(name: PlayerName, batch: int, engine: Engine) -> Iterator[None]:
    """Turns any error in a player's update, also of a user's own network or objective, into a `Refused`."""
    try:
        yield
    except Refused:
        raise  # its message already says what to change
    except Exception as error:
        if out_of_memory(error) and engine.choices.compile != "off":
            return  # a compiled loss needs less memory than this: it may still fit
        if out_of_memory(error):
            raise Refused(
                f"an update of the {name} with {batch} samples needs more memory than {engine.device} has left: use a"
                " smaller --batch-size, or --set training.accumulate=2 (the same batches in two parts)"
            ) from error
        raise Untrainable(f"the {name}'s {_explained(error)}") from error


def take_gradients(
    name: PlayerName, network: nn.Module, losses: Mapping[str, Tensor], statistics: Mapping[str, Tensor]
) -> None:
    """Computes the gradients of a player's losses. Raises `Refused` where they are missing, NaN or infinite."""
    for term, value in {**losses, **statistics}.items():
        if value.dim():
            raise Refused(f"the {name}'s loss '{term}' has shape {tuple(value.shape)}: make it a scalar (.mean())")
    total = torch.stack(list(losses.values())).sum()
    if not total.requires_grad:
        raise Refused(
            f"the {name}'s loss does not depend on its parameters: look for .detach(), .item() or torch.no_grad()"
        )
    total.backward()
    values = {f"loss '{term}'": loss.detach() for term, loss in losses.items()}
    gradients = [(f"gradient of {part}", parameter.grad) for part, parameter in network.named_parameters()]
    checked = values | {what: one for what, one in gradients if one is not None and not one.is_sparse}
    finite = torch.stack([value.isfinite().all() for value in checked.values()]).tolist()
    if not all(finite):
        raise Untrainable(
            f"the {name}'s {list(checked)[finite.index(False)]} is NaN or infinite in the first step, often because a"
            " root,"
            " norm or distance has an infinite gradient at 0: add a small number under the root (+ 1e-8)"
        )


def _explained(error: Exception) -> str:
    """What cannot be computed, where, and how to fix it if that is known."""
    if found := NO_SECOND_DERIVATIVE.search(str(error)):
        ours = "use attention or SelfAttention2d of honmono.networks.attention"
        fix = ours if "attention" in found[1] else "use other operations"
        return (
            "gradients cannot be computed: a penalty needs second derivatives, and torch has none for"
            f' {found[1]}: {fix}, or remove the penalty (--set "objective.penalties=()")'
        )
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    places = [
        f"{path.name}, line {line}: " for path, line in frames if not any(map(path.is_relative_to, HIDDEN_FRAMES))
    ]
    what = f"{places[-1] if places else ''}{type(error).__name__}: {shorten(str(error), 200, placeholder='...')}"
    return f"loss or its gradients cannot be computed in this recipe ({what})"


def _refuse_bfloat16_sigmoid(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
    """A forward hook on the discriminator: bfloat16 rounds a sigmoid to 1 early, where its gradient is 0."""
    if not isinstance(output, Tensor) or output.dtype != torch.bfloat16:
        return
    node = output.grad_fn
    while node is not None and REARRANGING.fullmatch(node.name()):
        node = node.next_functions[0][0]
    if node is not None and node.name().startswith("Sigmoid"):
        raise Untrainable(
            "the discriminator ends in a sigmoid in bfloat16, which has no numbers between 0.996 and 1, so its"
            " gradient is 0 for logits above 6.5: end it with honmono.networks.outputs.bounded(x, 'sigmoid')"
        )
