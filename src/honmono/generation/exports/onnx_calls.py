"""The network of a sampler that evaluates it many times, as one ONNX function that is called each time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn


if TYPE_CHECKING:  # an extra
    import onnx

DOMAIN = "honmono"  # of the functions
WITH_LABEL, WITHOUT_LABEL = "Network", "NetworkWithoutLabel"  # guidance calls both


def call(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
    """Stands for a network of noisy samples while its sampler is traced: a node that calls a function."""
    name, inputs = (WITHOUT_LABEL, (x, t)) if label is None else (WITH_LABEL, (x, t, label))
    return torch.onnx.ops.symbolic(f"{DOMAIN}::{name}", inputs, dtype=x.dtype, shape=x.shape, version=1)


@final
class Network(nn.Module):
    """A network of noisy samples with its inputs by name."""

    def __init__(self, wrapped: nn.Module) -> None:
        super().__init__()
        self.wrapped = wrapped

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return self.wrapped(x, t, label)


def names_called(proto: "onnx.ModelProto") -> set[str]:
    """Which functions the graph of a sampler calls."""
    return {node.op_type for node in proto.graph.node if node.domain == DOMAIN}


def add_functions(proto: "onnx.ModelProto", functions: Mapping[str, "onnx.ModelProto"]) -> None:
    """Adds networks that were exported alone to the graph of a sampler, as the functions that it calls.

    A function holds no weights: they are in the graph, once, and each call passes them on.
    """
    from onnx.helper import make_function

    held = dict[bytes, str]()  # initializers, whole, and their names in the graph: two functions share their weights
    for name, exported in functions.items():
        graph, weights = exported.graph, list[str]()
        for one in graph.initializer:
            if (content := one.SerializeToString()) not in held:
                held[content] = f"{name}.{one.name}"
                copied = proto.graph.initializer.add()
                copied.CopyFrom(one)
                copied.name = held[content]
            weights.append(held[content])
        inputs = [*(one.name for one in graph.input), *(one.name for one in graph.initializer)]
        outputs = [one.name for one in graph.output]
        proto.functions.append(make_function(DOMAIN, name, inputs, outputs, graph.node, exported.opset_import))
        proto.functions.extend(exported.functions)
        for node in proto.graph.node:
            if (node.domain, node.op_type) == (DOMAIN, name):
                node.input.extend(weights)
