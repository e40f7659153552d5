"""A generator and its sampler as one ONNX graph without randomness, by torch's exporter."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.generation.exports import onnx_calls
from honmono.generation.model import Model
from honmono.networks.batch_norm import sampling
from honmono.networks.styles import StyleGenerator
from honmono.recipe.samplers import DiffusionOutput, Stepwise


if TYPE_CHECKING:  # an extra
    import onnx

OPSET = 18  # the version of ONNX's operators: the exporter's own, which needs no conversion
LARGEST = 2**31 - 2**20  # bytes of a file of Protocol Buffers, less some room for the graph
BATCH = "batch"  # the name of the inputs' and the output's first axis, which has any size


@final
class Graph(nn.Module):
    """latents, and labels, noise and truncations where there are any -> samples.

    noise: (batch, steps, *sample_shape), for samplers that add some: N(0, 1) for each step that does.
    truncation: (batch,), for generators that make styles, how far these are from their means: 1 as far as they are.
    """

    def __init__(self, model: Model, network: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network, self.sampler = network, model.sampler
        objective = model.recipe.objective
        self.schedule = objective.noise_schedule()
        self.returns: DiffusionOutput = objective.network_returns()
        self.means = model.mean_styles if model.makes_styles else None

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        noise: Tensor | None = None,
        truncation: Tensor | None = None,
    ) -> Tensor:
        def draw(step: int) -> Tensor:
            assert noise is not None, "this sampler adds noise, which is an input"
            return noise[:, step]

        if isinstance(self.sampler, Stepwise):
            return self.sampler(self.network, latent, label, schedule=self.schedule, draw=draw, returns=self.returns)
        if truncation is not None:
            assert isinstance(self.network, StyleGenerator) and self.means is not None
            return self.network.pictures(self.network.truncated(latent, label, self.means, truncation))
        return self.network(latent, label)


def to_onnx(model: Model, inputs: Mapping[str, Tensor]) -> "onnx.ModelProto":
    """The graph for any batch size, with batch norm in the recipe's sampling mode and the sampler's steps unrolled.

    inputs: examples, by their names: a batch of latents, and of labels, noise and truncations where the model takes
        them.
    Raises `Refused` where the network cannot be exported, with the reason.
    """
    network = model.generator
    if (size := sum(tensor.nbytes for tensor in network.state_dict().values())) > LARGEST:
        raise Refused(f"one ONNX file holds 2 GiB, and these weights have {size / 2**30:.1f} GiB: use --to safetensors")
    # Batch norm must have its mode here: the exporter's `training=` changes nothing.
    with sampling(network, model.recipe.sampling), torch.no_grad(), _quiet():
        if model.sampler.evaluations == 1:
            return _trace(Graph(model, network), inputs)
        proto = _trace(Graph(model, onnx_calls.call), inputs)
        # Traced once, not in each step: a hundred times the work.
        noisy = {"x": inputs["latent"], "t": torch.zeros(len(inputs["latent"]))}
        labelled = {"label": inputs["label"]} if "label" in inputs else {}
        given = {onnx_calls.WITH_LABEL: {**noisy, **labelled}, onnx_calls.WITHOUT_LABEL: noisy}
        called = {name: _trace(onnx_calls.Network(network), given[name]) for name in onnx_calls.names_called(proto)}
    onnx_calls.add_functions(proto, called)
    return proto


def _trace(module: nn.Module, inputs: Mapping[str, Tensor]) -> "onnx.ModelProto":
    try:
        program = torch.onnx.export(
            module,
            kwargs=dict(inputs),
            dynamo=True,
            opset_version=OPSET,
            output_names=["samples"],
            dynamic_shapes={name: {0: torch.export.Dim(BATCH)} for name in inputs},
            external_data=False,  # else weights of any size go to a second file
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        raise Refused(f"torch cannot export this network to ONNX ({cause[0]}): use --to safetensors") from error
    assert program is not None
    proto = program.model_proto
    _refuse_unfaithful(proto)
    _forget_source(proto)
    return proto


def _refuse_unfaithful(proto: "onnx.ModelProto") -> None:
    """Raises `Refused` for a graph that would not do what the network does."""
    drawing = {
        node.op_type for node in _nodes(proto) if node.op_type.startswith(("Random", "Bernoulli", "Multinomial"))
    }
    if drawing:
        raise Refused(
            f"this network draws random numbers itself ({', '.join(sorted(drawing))}), which would be the same in every"
            " process that opens the file: make them a part of the latent, or use --to safetensors"
        )
    if not all(one.type.tensor_type.shape.dim[0].dim_param for one in proto.graph.input):
        raise Refused(
            "this network fixes the size of the batch while it is exported, as `len(x)` and convolutions with"
            " groups = batch do: use `x.shape[0]`, or --to safetensors"
        )


def _nodes(proto: "onnx.ModelProto") -> Iterator["onnx.NodeProto"]:
    yield from proto.graph.node
    for function in proto.functions:
        yield from function.node


def _forget_source(proto: "onnx.ModelProto") -> None:
    """Removes what the exporter notes for debugging: stack traces, with this machine's paths."""
    for part in (proto, proto.graph, *_nodes(proto), *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for function in proto.functions:
        function.ClearField("metadata_props")
        function.ClearField("doc_string")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's warnings, which concern its own code and packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
