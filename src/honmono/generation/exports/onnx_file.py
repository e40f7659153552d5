"""A generator as one ONNX file that was compared with PyTorch, and says what it needs and what it is."""

import copy
import importlib.util
import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Failed, Refused
from honmono.files import atomic_write_bytes
from honmono.generation.exports.onnx_graph import to_onnx
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model, latents, step_noise
from honmono.randomness import stream
from honmono.recipe.serialize import to_json


PACKAGES = ("onnx", "onnxscript", "onnxruntime")
MANY = 40  # evaluations of the network by a sampler: 20 of a small U-Net were opened in 3 s, 100 in 48 s
COMPARED = 8  # latents
TOLERANCE = 1e-4  # the largest difference, if black is -1 and white is 1


def refuse_without_onnx(to: str) -> None:
    """Raises `Refused` where a package of the extra is missing. to: the form that needs it."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise Refused(f"--to {to} needs {' and '.join(missing)}: pip install 'honmono[onnx]'")


def write_onnx(trained: TrainedRun, out: Path) -> None:
    """Writes the file, with the errors of `compared_onnx`."""
    refuse_without_onnx("onnx")
    if (evaluations := trained.model.sampler.evaluations) > MANY:
        warnings.warn(
            f"the sampler evaluates the network {evaluations} times, and onnxruntime copies it as often when it opens"
            " the file, which may take a minute: fewer --sampler-steps are faster",
            stacklevel=4,
        )
    atomic_write_bytes(out, compared_onnx(trained))


def compared_onnx(trained: TrainedRun) -> bytes:
    """The content of the file, once it was compared with PyTorch.

    Raises `Refused` where the network cannot be exported, `Failed` where onnxruntime's samples are not PyTorch's.
    """
    from onnx.helper import set_model_props

    model = replace(trained.model, generator=copy.deepcopy(trained.model.generator).cpu().float())
    inputs = examples(model)
    proto = to_onnx(model, inputs)
    found = difference(model, inputs, proto.SerializeToString())
    if not found <= TOLERANCE:
        raise Failed(
            f"onnxruntime's samples differ from PyTorch's by {found:.2g}, more than {TOLERANCE:g}: no file written"
            f" (PyTorch's own in float32 and in float64 differ by {rounding(model, inputs):.2g})"
        )
    facts = {**describe(trained), "parity": _parity(found)}
    set_model_props(proto, {name: fact if isinstance(fact, str) else json.dumps(fact) for name, fact in facts.items()})
    return proto.SerializeToString()


def examples(model: Model) -> dict[str, Tensor]:
    """Fixed inputs of the graph, by their names: those of the samples that seed 0 begins with."""
    shape = model.data_spec.sample_shape
    inputs = {"latent": torch.from_numpy(latents(model.recipe.latent, stream(0, "sample", 0), COMPARED, shape, None))}
    if model.classes:
        inputs["label"] = torch.arange(COMPARED) % len(model.classes)
    if steps := model.sampler.noises():
        drawn = [step_noise((0, 0), step, (COMPARED, *shape)) for step in range(steps)]
        inputs["noise"] = torch.from_numpy(np.stack(drawn, axis=1))
    if model.makes_styles:
        inputs["truncation"] = torch.linspace(0, 1, COMPARED)
    return inputs


@torch.no_grad()
def difference(model: Model, inputs: Mapping[str, Tensor], data: bytes) -> float:
    """The largest difference between onnxruntime's samples and PyTorch's, if black is -1 and white is 1.

    data: the content of an ONNX file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    return _largest(model, np.asarray(made), _samples(model, inputs))


@torch.no_grad()
def rounding(model: Model, inputs: Mapping[str, Tensor]) -> float:
    """The largest difference between PyTorch's samples in float32 and in float64, if black is -1 and white is 1."""
    exact = replace(model, generator=copy.deepcopy(model.generator).double())
    return _largest(model, _samples(model, inputs), _samples(exact, inputs))


def _samples(model: Model, inputs: Mapping[str, Tensor]) -> np.ndarray:
    """PyTorch's, in float64."""
    model = model.with_truncation(1.0) if model.makes_styles else model
    samples = model.ready(inputs["latent"], inputs.get("label"), psi=inputs.get("truncation"))
    return samples.double().numpy()


def _largest(model: Model, samples: np.ndarray, others: np.ndarray) -> float:
    low, high = model.range or (-1.0, 1.0)
    return float(np.abs(samples - others).max()) * 2 / (high - low)


def describe(trained: TrainedRun) -> dict[str, Any]:
    """What a user of the file has to know, as text and JSON: how to make inputs, and what the outputs are."""
    model = trained.model
    return {
        "honmono": version("honmono"),
        "recipe": PurePath(trained.name).name,
        "classes": list(model.classes),
        "range": model.range,
        "latent": to_json(model.recipe.latent),
        "batch_norm": model.recipe.sampling,
        "sampler": to_json(model.sampler),
        "weights": model.weights,
        "step": trained.step,
        "images": trained.images,
    }


def _parity(found: float) -> dict[str, Any]:
    import onnxruntime

    return {
        "largest_difference": found,
        "tolerance": TOLERANCE,
        "latents": COMPARED,
        "seed": 0,
        "torch": str(torch.__version__),
        "onnxruntime": onnxruntime.__version__,
    }
