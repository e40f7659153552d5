"""The protocol record: all that a number depends on besides the generator, told with it and compared before it is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

import honmono
from honmono.data.mixtures import Mixture
from honmono.evaluation.evidence import Subject
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import Reference
from honmono.metrics.base import Metric


Protocol = dict[str, Any]

# Told, but no reason to keep two numbers apart: where the data lay, on what and by which versions it was measured, and
# what belongs to the generator itself, as its weights, its batch norm and the way from its size to the network's.
ONLY_TOLD = frozenset(
    {"source", "versions", "device", "precision", "weights", "batch_norm", "batch_size", "labels", "resizing", "seeds"}
)
# How many reals and fakes a metric was given stands among its own fields; these sum up over all that were measured.
SUMMED_UP = frozenset({"fakes.count", "reals.*.count"})
BY_NAME = ("reals", "features", "metrics")  # by network or metric: one that only one side has makes no difference
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
        "versions": _versions(metrics),
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


def _versions(metrics: Sequence[Metric]) -> dict[str, str]:
    versions = {"honmono": honmono.__version__, "torch": str(torch.__version__), "numpy": np.__version__}
    for package in sorted({metric.needs for metric in metrics if metric.needs}):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # imported from somewhere that was not installed
            continue
    return versions


def differences(one: Mapping[str, Any], other: Mapping[str, Any], metric: str | None = None) -> list[str]:
    """The dotted fields in which two protocols differ so that their numbers cannot be compared; [] where they can.

    metric: only its own numbers are in question: `fid[mnist]`. What only one protocol measured, or looked through,
    makes no difference to the other's numbers.
    """
    found: list[str] = []
    for part in dict.fromkeys([*one, *other]):
        ours, theirs = one.get(part), other.get(part)
        if part in BY_NAME:
            ours, theirs = dict(ours or {}), dict(theirs or {})
            for name in ours.keys() & theirs.keys():
                if metric is None or _concerns(part, name, metric, one):
                    found += _differing(ours[name], theirs[name], f"{part}.{name}", f"{part}.*")
        else:
            found += _differing(ours, theirs, part, part)
    return sorted(found)


def _concerns(part: str, name: str, metric: str, protocol: Mapping[str, Any]) -> bool:
    """Whether a metric's numbers hang on what a part of the protocol says of a network, or of a metric."""
    if part == "metrics":
        return name == metric
    own = protocol.get("metrics", {}).get(metric, {})
    return name == own.get("features") and (part != "reals" or "reals" in own)


def _differing(ours: Any, theirs: Any, path: str, pattern: str) -> list[str]:
    if pattern.rpartition(".")[2] in ONLY_TOLD or pattern in SUMMED_UP:
        return []
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        names = dict.fromkeys([*ours, *theirs])
        return [
            field
            for name in names
            for field in _differing(ours.get(name), theirs.get(name), f"{path}.{name}", f"{pattern}.{name}")
        ]
    return [] if ours == theirs else [path]


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
