"""The protocol record: all that a number depends on besides the generator, told with it.

`honmono.runs.protocols` reads it again, and compares two before their numbers are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

from honmono.data.mixtures import Mixture
from honmono.evaluation.evidence import Subject
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import Reference
from honmono.metrics.base import Metric


Protocol = dict[str, Any]

SHOWN = 8  # hexadecimal digits of a hash


def protocol_of(
    subject: Subject,
    metrics: Sequence[Metric],
    seeds: Sequence[int],
    weights: str,
    reference: Reference,
    networks: Networks,
) -> Protocol:
    """The record of an evaluation once it has been made; strict JSON."""
    recipe = subject.recipe
    made = {
        "count": {metric.name: metric.fakes for metric in metrics},
        "seeds": list(seeds),
        "weights": weights,
        "batch_norm": recipe.sampling,
        "batch_size": recipe.training.batch_size,
        "truncation": subject.truncation,
        "quantized": "uint8" if subject.range else None,
        "labels": "in turn" if subject.classes else None,
    }
    protocol: Protocol = {"reals": reference.told(), "fakes": made, "features": _features(reference, networks)}
    if isinstance(recipe.data, Mixture):
        protocol["data"] = _mixture(recipe.data)
    return protocol | {
        "metrics": {metric.name: _fields(metric) for metric in metrics},
        "keys": {metric.name: metric.keys() for metric in metrics},
        "versions": _versions(),
        "device": networks.device.type,
        "precision": str(next(subject.generator.parameters()).dtype).removeprefix("torch."),
    }


def _features(reference: Reference, networks: Networks) -> dict[str, Any]:
    told = {}
    for name, network in networks.used.items():
        size = "any size" if network.size is None else f"{network.size}x{network.size}"
        told[name] = {
            "checksum": network.checksum(),
            "input": f"{network.channels}x{size}" if network.size else f"{network.channels} channels, {size}",
            "resizing": reference.conforming(name).resizing,
        }
    return told


def _mixture(data: Mixture) -> dict[str, Any]:
    means = np.ascontiguousarray(data.means(), dtype="<f8")
    digest = hashlib.blake2b(means.round(9).tobytes(), digest_size=16).hexdigest()
    return {"modes": len(means), "means": digest, "sigma": data.sigma}


def _fields(metric: Metric) -> dict[str, Any]:
    values = {field.name: getattr(metric, field.name) for field in fields(metric)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _versions() -> dict[str, str]:
    versions = {"torch": str(torch.__version__), "numpy": np.__version__}
    with suppress(PackageNotFoundError):  # imported from somewhere that was not installed
        versions = {"honmono": version("honmono")} | versions
    return versions


def told(protocol: Mapping[str, Any]) -> str:
    """The protocol as a paragraph, to stand under the numbers."""
    fakes = protocol["fakes"]
    counts = sorted(set(fakes["count"].values()))
    seeds = fakes["seeds"]
    parts = [
        f"{' or '.join(f'{count:,}' for count in counts)} fakes",
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}",
        f"{'averaged' if fakes['weights'] == 'average' else 'raw'} weights",
        f"batch norm {fakes['batch_norm']}",
        *([f"truncation {fakes['truncation']:g}"] if fakes["truncation"] is not None else []),
        *([f"labels {fakes['labels']}"] if fakes["labels"] else []),
        *([f"quantized to {fakes['quantized']}"] if fakes["quantized"] else []),
    ]
    sentences = [", ".join(parts)]
    for name, reals in protocol["reals"].items():
        split = f", {reals['split']}" if reals["split"] and not reals["source"].endswith(f"@{reals['split']}") else ""
        content = f"content {reals['content'][:SHOWN]}"
        sentences.append(
            f"{reals['count']:,} of {reals['total']:,} reals of {reals['source']}{split} ({content}) for {name}"
        )
    for name, network in protocol["features"].items():
        resizing = "" if network["resizing"] == "none" else f", fakes resized: {network['resizing']}"
        sentences.append(f"features {name} (sha {network['checksum'][:SHOWN]}, {network['input']}{resizing})")
    if mixture := protocol.get("data"):
        sentences.append(f"{mixture['modes']} modes of sigma {mixture['sigma']:g} (means {mixture['means'][:SHOWN]})")
    versions = ", ".join(f"{name} {number}" for name, number in protocol["versions"].items())
    return "; ".join([*sentences, f"{protocol['precision']} on {protocol['device']}, {versions}"])
