"""Protocols as they stand in metrics.jsonl: which metric gave a number, which values are better, what keeps two apart.

A protocol is made by `honmono.evaluation.protocol`; here it is read, without anything heavy.
"""

from collections.abc import Mapping
from typing import Any


ARROWS = {"higher": "↑", "lower": "↓"}

# Told, but no reason to keep two numbers apart: where the data lay, on what and by which versions it was measured, and
# what belongs to the generator itself, as its weights, its batch norm and the way from its size to the network's.
ONLY_TOLD = frozenset(
    {
        *("source", "versions", "device", "precision", "weights", "batch_norm", "batch_size", "labels", "resizing"),
        *("seeds", "keys"),
    }
)
# How many reals and fakes a metric was given stands among its own fields; these sum up over all that were measured.
SUMMED_UP = frozenset({"fakes.count", "reals.*.count"})
BY_NAME = ("reals", "features", "metrics")  # by network or metric: one that only one side has makes no difference


def giver(key: str, protocol: Mapping[str, Any]) -> str | None:
    """The metric that gave a number: prdc[mnist] gave precision[mnist]. None where the protocol does not say.

    A part, `variety[mnist].7`, is given by whoever gives `variety[mnist]`.
    """
    named = ((name, keys) for name, keys in _keys(protocol).items() if isinstance(keys, Mapping))
    return next((name for name, keys in named if key in keys or _whole(key) in keys), None)


def better(key: str, protocol: Mapping[str, Any]) -> str | None:
    """Which values of a number are better, `higher` or `lower`; None where neither is, or where nobody said."""
    keys = _keys(protocol).get(giver(key, protocol) or "", {})
    direction = keys.get(key, keys.get(_whole(key)))
    return direction if direction in ("higher", "lower") else None


def arrow(direction: str | None) -> str:
    """As a sign behind a number's name; nothing where neither direction is better."""
    return ARROWS.get(direction or "", "")


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


def concerning(key: str, protocol: Mapping[str, Any]) -> Mapping[str, Any]:
    """A protocol without what only other numbers of the same evaluation hang on."""
    metric = giver(key, protocol)
    if metric is None:
        return protocol
    parts = {part: protocol[part] for part in BY_NAME if isinstance(protocol.get(part), Mapping)}
    own = {
        part: {name: fields for name, fields in named.items() if _concerns(part, name, metric, protocol)}
        for part, named in parts.items()
    }
    return {**protocol, **own}


def _whole(key: str) -> str:
    """The number that a key is a part of, or itself."""
    whole, bracket, _ = key.partition("].")
    return f"{whole}]" if bracket else key


def _keys(protocol: Mapping[str, Any]) -> Mapping[str, Any]:
    keys = protocol.get("keys")
    return keys if isinstance(keys, Mapping) else {}


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
