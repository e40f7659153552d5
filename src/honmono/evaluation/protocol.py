"""The protocol of an evaluation: for each metric, what its numbers depend on besides the generator.

`honmono.runs.protocols` describes its three maps and reads them.
"""

import hashlib
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

from honmono.data.mixtures import Mixture
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import Reference
from honmono.generation.model import Model
from honmono.metrics.base import Metric
from honmono.recipe.samplers import Direct, Sampler
from honmono.runs.json_fields import flatten
from honmono.runs.protocols import Protocol, Record


def protocol_of(
    model: Model, metrics: Sequence[Metric], seeds: Sequence[int], reference: Reference, networks: Networks
) -> Protocol:
    """By metric, its record, after it was measured; strict JSON."""
    recipe = model.recipe
    conditions = {
        "fakes.truncation": model.truncation,
        "fakes.sampler": None if model.chosen is None else repr(model.chosen),
        "fakes.quantized": "uint8" if model.range else None,
        **(_mixture(recipe.data) if isinstance(recipe.data, Mixture) else {}),
    }
    context = {
        "fakes.seeds": list(seeds),
        "fakes.weights": model.weights,
        "fakes.batch_norm": recipe.sampling,
        "fakes.batch_size": recipe.training.batch_size,
        **({} if isinstance(model.sampler, Direct) else _steps(model.sampler)),
        "fakes.labels": "in turn" if model.classes else None,
        **flatten(_versions(), "versions"),
        "device": networks.device.type,
        "precision": str(next(model.generator.parameters()).dtype).removeprefix("torch."),
    }
    return {metric.name: _record(metric, conditions, context, reference, networks) for metric in metrics}


def _record(
    metric: Metric, conditions: dict[str, Any], context: dict[str, Any], reference: Reference, networks: Networks
) -> Record:
    own = {field.name: getattr(metric, field.name) for field in fields(metric)}
    conditions = {"metric": metric.name} | {name: _json(value) for name, value in own.items()} | conditions
    context = dict(context)
    if network := networks.used.get(own.get("features", "")):
        size = "any size" if network.size is None else f"{network.size}x{network.size}"
        conditions["features.checksum"] = network.checksum()
        conditions["features.input"] = (
            f"{network.channels}x{size}" if network.size else f"{network.channels} channels, {size}"
        )
        context["features.resizing"] = reference.preprocessing(network.name).resizing
    if (reals := reference.used.get(own.get("features", ""))) and "reals" in own:
        stored = reals.stored
        conditions |= {"reals.split": stored.split, "reals.content": stored.content, "reals.total": stored.total}
        context |= {"reals.source": stored.source, "reals.count": reals.used}
    return {"better": metric.keys(), "conditions": _known(conditions), "context": _known(context)}


def _steps(sampler: Sampler) -> dict[str, Any]:
    """evaluations: how often the network is evaluated for one sample."""
    return {"fakes.sampled_by": repr(sampler), "fakes.evaluations": sampler.evaluations}


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _mixture(data: Mixture) -> dict[str, Any]:
    means = np.ascontiguousarray(data.means(), dtype="<f8")
    digest = hashlib.blake2b(means.round(9).tobytes(), digest_size=16).hexdigest()
    return {"data.modes": len(means), "data.means": digest, "data.sigma": data.sigma}


def _json(value: Any) -> Any:
    """A metric's field as strict JSON: a number that is not finite becomes text."""
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _versions() -> dict[str, str]:
    versions = {"torch": str(torch.__version__), "numpy": np.__version__}
    with suppress(PackageNotFoundError):  # imported from a source tree that is not installed
        versions = {"honmono": version("honmono")} | versions
    return versions
