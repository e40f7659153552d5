"""One kind of step, traced and compiled."""

import torch
from torch import Tensor, fx
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from honmono.devices import one_line
from honmono.errors import Refused
from honmono.objectives.base import PlayerName
from honmono.training.whole_steps.inputs import Given, flatten, refill
from honmono.training.whole_steps.products import CPU_PRODUCTS
from honmono.training.whole_steps.replay import Replayed
from honmono.training.whole_steps.state import Parts, Place, State
from honmono.training.whole_steps.traced import TracedStep
from honmono.training.whole_steps.uncapturable import Uncapturable


class Program:
    """A compiled step: a graph of all operations of the step, without Python between them.

    places: of the tensors that it takes, in order.
    columns: the names of the numbers that it returns.
    updated: by player, the parameters that its optimizer moves.
    """

    def __init__(self, parts: Parts, state: State, step: TracedStep, given: list[Given], numbers: Tensor) -> None:
        graph, places = _trace(parts, state, step, given, numbers)
        used = [bool(node.users) for node in graph.graph.find_nodes(op="placeholder")][: len(places)]
        self.places = [place for place, keep in zip(places, used, strict=True) if keep]
        self.columns = step.columns
        self.updated: dict[PlayerName, tuple[str, ...]] = {
            name: _same(name, sets) for name, sets in step.updated.items()
        }
        _remove_unused(graph, len(places))
        self._run = Replayed(parts.engine.compiled_graph(graph), parts.engine.record)

    def __call__(self, state: list[Tensor], given: list[Given], numbers: Tensor) -> dict[str, Tensor]:
        """Changes the state in place; returns the losses and statistics of the step by column of the log."""
        (values,) = self._run(state, [*flatten(given), numbers])
        return dict(zip(self.columns, values.unbind(), strict=True))


def _trace(
    parts: Parts, state: State, step: TracedStep, given: list[Given], numbers: Tensor
) -> tuple[fx.GraphModule, list[Place]]:
    """The graph of a step, traced on fake tensors: nothing is computed."""
    examples = state.examples()
    places = list(examples)

    def run(*tensors: Tensor) -> tuple[Tensor]:
        *inner, last = tensors
        at = {place: tensor for place, tensor in zip(places, inner, strict=False)}
        weights = {}
        for place, tensor in at.items():
            if place.of in parts.networks and not place.key:
                weights[f"networks.{place.of}.{place.name}"] = at[place] = _leaf(tensor, place, parts)
        others = refill(given, inner[len(places) :])
        return (functional_call(step, weights, (at, others, last)),)

    try:
        forms = CPU_PRODUCTS if parts.engine.device.type == "cpu" else {}
        trace = make_fx(run, forms, tracing_mode="fake", _allow_non_fake_inputs=True)
        graph = trace(*examples.values(), *flatten(given), numbers)
    except Refused:
        raise
    except Exception as error:  # of any type, from a user's own network or objective too
        raise Uncapturable(f"its losses do more than compute tensors from tensors ({one_line(error)})") from error
    for node in graph.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload) and torch.Tag.nondeterministic_seeded in node.target.tags:
            raise Uncapturable("its networks draw random numbers, as dropout does")
    return graph, places


def _leaf(tensor: Tensor, place: Place, parts: Parts) -> Tensor:
    """A tensor in place of a weight or buffer of a network."""
    assert place.of != "average" and place.of != "memory", "only weights of players are trained"
    trained = place.name in dict(parts.networks[place.of].named_parameters())
    return tensor.detach().requires_grad_(trained and tensor.is_floating_point())


def _same(player: PlayerName, sets: list[tuple[str, ...]]) -> tuple[str, ...]:
    if len({*sets}) > 1:
        raise Uncapturable(f"some weights of the {player} are not trained in all of its updates")
    return sets[0] if sets else ()


def _remove_unused(graph: fx.GraphModule, places: int) -> None:
    for node in list(graph.graph.find_nodes(op="placeholder"))[:places]:
        if not node.users:
            graph.graph.erase_node(node)
    graph.recompile()
