"""Protocols, as in metrics.jsonl: how numbers were measured, and which numbers are comparable.

A protocol has a record of three flat maps for each metric. `better`: by the keys of the metric's numbers, `higher`,
`lower` or `neither`. `conditions`: two numbers are comparable if these are equal. `context`: recorded, but never
compared: versions, hardware, and how the run samples from its generator. `honmono.evaluation.protocol` makes protocols.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from honmono.runs.json_fields import flatten


Record = Mapping[str, dict[str, Any]]
Protocol = Mapping[str, Record]
Differences = Mapping[str, tuple[Any, Any]]

ARROWS = {"higher": "↑", "lower": "↓"}
# Fields that are context in older lines, whose protocols were nested, in any part of them.
CONTEXT = frozenset(
    {
        *("source", "count", "seeds", "weights", "batch_norm", "batch_size", "labels", "resizing"),
        *("versions", "device", "precision"),
    }
)


def record_of(key: str, protocol: Protocol) -> Record:
    """The record of the metric that a number belongs to: precision[mnist] to prdc[mnist], for example.

    Where no metric has this number, a record with the conditions of all metrics: the number is then comparable only
    with numbers that were measured together with the same metrics.
    """
    for record in protocol.values():
        if key in record["better"] or parent_key(key) in record["better"]:
            return record
    records = protocol.items()
    conditions = {f"{name}.{field}": value for name, one in records for field, value in one["conditions"].items()}
    context = {field: value for _, one in records for field, value in one["context"].items()}
    return {"better": {}, "conditions": conditions, "context": context}


def parent_key(key: str) -> str:
    """The key that a detail's key is a part of: `variety[mnist]` for `variety[mnist].7`; other keys are unchanged."""
    number, bracket, _ = key.partition("].")
    return f"{number}]" if bracket else key


def better(key: str, record: Record) -> str | None:
    """The better direction of a number, `higher` or `lower`; None where neither is better."""
    direction = record["better"].get(key, record["better"].get(parent_key(key)))
    return direction if direction in ARROWS else None


def arrow(direction: str | None) -> str:
    """An arrow for the better direction; "" for None."""
    return ARROWS.get(direction or "", "")


def differences(one: Record, other: Record) -> Differences:
    """The conditions that differ, each with both values; {} where the numbers are comparable."""
    first, second = one["conditions"], other["conditions"]
    names = sorted({*first, *second})
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def shared(records: Iterable[Record]) -> dict[str, dict[str, dict[str, Any]]]:
    """By metric, the conditions and the context that all its records share."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        before = found.get(metric_of(record), record)
        found[metric_of(record)] = {
            part: {name: value for name, value in before[part].items() if record[part].get(name) == value}
            for part in ("conditions", "context")
        }
    return found


def metric_of(record: Record) -> str:
    """The metric's name of a record; "other" where `record_of` found no metric."""
    return record["conditions"].get("metric", "other")


def upgrade(protocol: Mapping[str, Any]) -> Protocol:
    """The protocol in the present format: older ones are nested, with a common part and a part for each metric."""
    if all(isinstance(part, Mapping) and "conditions" in part for part in protocol.values()):
        return protocol
    better = protocol.get("keys") or {}
    metrics = protocol.get("metrics") or {"": {}}
    return {name: _upgrade_record(name, fields, better.get(name) or {}, protocol) for name, fields in metrics.items()}


def _upgrade_record(
    name: str,
    own: Mapping[str, Any],
    better: Mapping[str, Any],
    protocol: Mapping[str, Any],
) -> Record:
    """A metric's record, with only the feature network and the reals that it uses."""
    parts = {part: fields for part, fields in protocol.items() if part not in ("metrics", "keys")}
    parts["fakes"] = {field: value for field, value in parts.get("fakes", {}).items() if field != "count"}
    for part in ("features", "reals"):
        parts[part] = parts.get(part, {}).get(own["features"], {}) if part in own and "features" in own else {}
    fields = {field: value for field, value in flatten(parts).items() if value is not None}
    context = {field: value for field, value in fields.items() if CONTEXT & {*field.split(".")}}
    conditions = {field: value for field, value in own.items() if value is not None}
    conditions |= {field: value for field, value in fields.items() if field not in context}
    return {"better": dict(better), "conditions": {"metric": name} | conditions, "context": context}
