"""How a number was measured, as metrics.jsonl keeps it: what two numbers must share to be comparable, and the rest.

A protocol holds for each metric a record of three flat maps. `better`: the metric's numbers by key, each with `higher`,
`lower` or `neither`. `conditions`: two numbers are comparable where these are equal. `context`: recorded and never
compared, as where and by which versions it was measured, and how the run samples from its generator.
`honmono.evaluation.protocol` makes protocols.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from honmono.runs.fields import flat


Record = Mapping[str, dict[str, Any]]
Protocol = Mapping[str, Record]
Differences = Mapping[str, tuple[Any, Any]]

ARROWS = {"higher": "↑", "lower": "↓"}
# Of lines written before protocols were flat: the fields that are context, whatever part they belong to.
CONTEXT = frozenset(
    {
        *("source", "count", "seeds", "weights", "batch_norm", "batch_size", "labels", "resizing"),
        *("versions", "device", "precision"),
    }
)


def record_of(key: str, protocol: Protocol) -> Record:
    """The record of the metric that gave a number: prdc[mnist] gave precision[mnist], and variety[mnist] its parts.

    Where no metric names the number, all of their records in one: it is then comparable only with numbers that were
    measured together with the same others.
    """
    for record in protocol.values():
        if key in record["better"] or whole(key) in record["better"]:
            return record
    records = protocol.items()
    conditions = {f"{name}.{field}": value for name, one in records for field, value in one["conditions"].items()}
    context = {field: value for _, one in records for field, value in one["context"].items()}
    return {"better": {}, "conditions": conditions, "context": context}


def whole(key: str) -> str:
    """The number that a key is a part of, or itself."""
    number, bracket, _ = key.partition("].")
    return f"{number}]" if bracket else key


def better(key: str, record: Record) -> str | None:
    """Which values of a number are better, `higher` or `lower`; None where neither is."""
    direction = record["better"].get(key, record["better"].get(whole(key)))
    return direction if direction in ARROWS else None


def arrow(direction: str | None) -> str:
    """As a sign behind a number's name; nothing where neither direction is better."""
    return ARROWS.get(direction or "", "")


def differences(one: Record, other: Record) -> Differences:
    """The conditions that keep two numbers from being compared, with both values; {} where they are comparable."""
    ours, theirs = one["conditions"], other["conditions"]
    names = sorted({*ours, *theirs})
    return {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}


def shared(records: Iterable[Record]) -> dict[str, dict[str, dict[str, Any]]]:
    """By metric, the conditions and the context that all of its records have in common."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        before = found.get(metric_of(record), record)
        found[metric_of(record)] = {
            part: {name: value for name, value in before[part].items() if record[part].get(name) == value}
            for part in ("conditions", "context")
        }
    return found


def metric_of(record: Record) -> str:
    """The name of the metric that a record is of; "other" where no metric names the number."""
    return record["conditions"].get("metric", "other")


def translated(protocol: Mapping[str, Any]) -> Protocol:
    """A protocol as it is now; one that was nested (what all metrics shared, beside what each had) becomes flat."""
    if all(isinstance(part, Mapping) and "conditions" in part for part in protocol.values()):
        return protocol
    better = protocol.get("keys") or {}
    metrics = protocol.get("metrics") or {"": {}}
    return {name: _record(name, fields, better.get(name) or {}, protocol) for name, fields in metrics.items()}


def _record(name: str, own: Mapping[str, Any], better: Mapping[str, Any], protocol: Mapping[str, Any]) -> Record:
    """Of the networks and the reals only those that this metric looks at."""
    parts = {part: fields for part, fields in protocol.items() if part not in ("metrics", "keys")}
    parts["fakes"] = {field: value for field, value in parts.get("fakes", {}).items() if field != "count"}
    for part in ("features", "reals"):
        parts[part] = parts.get(part, {}).get(own["features"], {}) if part in own and "features" in own else {}
    fields = {field: value for field, value in flat(parts).items() if value is not None}
    context = {field: value for field, value in fields.items() if CONTEXT & {*field.split(".")}}
    conditions = {field: value for field, value in own.items() if value is not None}
    conditions |= {field: value for field, value in fields.items() if field not in context}
    return {"better": dict(better), "conditions": {"metric": name} | conditions, "context": context}
