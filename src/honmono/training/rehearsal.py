"""The rehearsal: both players' gradients are taken once before a run is created, and nothing of it remains."""

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
from honmono.randomness import preserve_rng_state
from honmono.recipe.updates import PlayerName
from honmono.training.engine import Engine, out_of_memory


# Torch's words for an operation that it can differentiate once: its backward pass has no derivative.
NO_SECOND_DERIVATIVE = re.compile(r"derivative for '?(?:aten::)?_?(\w+?)_backward'? is not implemented")
# Operations that only arrange or average what they are given, as autograd's graph names them.
ARRANGING = re.compile(r"(View|UnsafeView|ReshapeAlias|(Uns|S)queeze|Select|Slice|Permute|Transpose|T|Clone|Mean).*")
NOT_OURS = (Path(torch.__file__).parent, Path(__file__).parent)  # places in a traceback that tell a user nothing


class Untrainable(Refused):
    """A player without usable gradients. In another precision it may have them."""


@contextmanager
def rehearsal(networks: Mapping[PlayerName, nn.Module], engine: Engine) -> Iterator[None]:
    """Within it the networks can be computed with; afterwards all is as before: their buffers and gradients, the
    default random generators, and the device's memory."""
    parts = list(networks.values())
    buffers = [(buffer, buffer.clone()) for network in parts for buffer in network.buffers()]
    watch = networks["discriminator"].register_forward_hook(_refuse_bfloat16_sigmoid)
    try:
        with preserve_rng_state(engine.device):
            yield
    finally:
        watch.remove()
        for network in parts:
            network.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        engine.release_memory()


@contextmanager
def refusing(name: PlayerName, batch: int, engine: Engine) -> Iterator[None]:
    """Within it, whatever a user's own network or objective raises in one player's update is a refusal."""
    try:
        yield
    except Refused:
        raise  # it says already what to mend
    except Exception as error:
        if out_of_memory(error) and engine.choices.compile:
            return  # compiled, the loss takes less memory than here: the training will tell
        if out_of_memory(error):
            raise Refused(
                f"an update of the {name} with {batch} samples needs more memory than {engine.device} has left: take"
                " smaller batches (--batch-size, or --set training.accumulate=2 for the same batches in parts)"
            ) from error
        raise Untrainable(f"the {name}'s {_explained(error)}") from error


def take_gradients(name: PlayerName, network: nn.Module, losses: Mapping[str, Tensor]) -> None:
    """Differentiates a player's losses; refuses those of which nothing can be learned."""
    for term, loss in losses.items():
        if loss.dim():
            raise Refused(f"the {name}'s loss '{term}' has shape {tuple(loss.shape)}: make it a scalar (.mean())")
    total = torch.stack(list(losses.values())).sum()
    if not total.requires_grad:
        raise Refused(
            f"the {name}'s loss does not depend on its parameters: look for .detach(), .item() or torch.no_grad()"
        )
    total.backward()
    values = {f"loss '{term}'": loss.detach() for term, loss in losses.items()}
    gradients = [(f"gradient of {part}", parameter.grad) for part, parameter in network.named_parameters()]
    found = values | {what: one for what, one in gradients if one is not None and not one.is_sparse}
    finite = torch.stack([value.isfinite().all() for value in found.values()]).tolist()
    if not all(finite):
        raise Untrainable(
            f"the {name}'s {list(found)[finite.index(False)]} is NaN or infinite in the first step, most often from the"
            " slope of a root, a norm or a distance at 0: add a small number under the root (+ 1e-8)"
        )


def _explained(error: Exception) -> str:
    """What cannot be computed, where, and how to mend it where that is known."""
    if found := NO_SECOND_DERIVATIVE.search(str(error)):
        ours = "take attention or SelfAttention2d of honmono.networks.attention"
        mend = ours if "attention" in found[1] else "write it in other operations"
        return (
            "gradients cannot be computed: a penalty takes second derivatives, and torch has none of"
            f' {found[1]}: {mend}, or leave the penalty out (--set "objective.penalties=()")'
        )
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    places = [f"{path.name}, line {line}: " for path, line in frames if not any(map(path.is_relative_to, NOT_OURS))]
    what = f"{places[-1] if places else ''}{type(error).__name__}: {shorten(str(error), 200, placeholder='...')}"
    return f"loss or its gradients cannot be computed in this recipe ({what})"


def _refuse_bfloat16_sigmoid(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
    """A hook on the discriminator. bfloat16 rounds a sigmoid to 1 early, and the gradient of that is 0."""
    if not isinstance(output, Tensor) or output.dtype != torch.bfloat16:
        return
    node = output.grad_fn
    while node is not None and ARRANGING.fullmatch(node.name()):
        node = node.next_functions[0][0]
    if node is not None and node.name().startswith("Sigmoid"):
        raise Untrainable(
            "the discriminator ends in a sigmoid in bfloat16, which has no numbers between 0.996 and 1, so that its"
            " gradient is 0 from a logit of 6.5 on: end it with honmono.networks.outputs.bounded(x, 'sigmoid')"
        )
