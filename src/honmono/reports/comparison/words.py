"""A protocol as lines to read. What a newer honmono adds to it is told by its own name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


SHOWN = 12  # letters of a hash: enough to tell two apart by eye; --json has all
HASHES = {"content", "checksum", "means"}
# The metrics' own fields say both of these, and columns of the table the rest.
ELSEWHERE = {"count", "weights", "batch_norm", "features", "fakes.weights", "fakes.batch_norm"}
AT_MOST = {"reals": "reals at most"}
MOST_VALUES = 4


def protocol_in_words(protocol: Mapping[str, Any]) -> list[str]:
    """A line for each thing that numbers are made of: metrics, fakes, reals, feature networks, machine.

    Fields may be missing: they are what several protocols share.
    """
    known = {"metrics": _metrics, "fakes": _fakes, "data": _mixture, "reals": _reals, "features": _features}
    lines = [line for name, tell in known.items() for line in tell(protocol.get(name) or {})]
    machine = {name: protocol[name] for name in ("precision", "device") if name in protocol}
    lines += [_line("Measured with", {**machine, **protocol.get("versions", {})})]
    told = {*known, *machine, "versions", "keys"}
    lines += [_line("Also", {name: value for name, value in protocol.items() if name not in told})]
    return [line for line in lines if line]


def unshared_in_words(fields: Mapping[str, Sequence[Any]]) -> list[str]:
    """A line for what protocols differ in, though their numbers can be compared; [] where there is no such thing."""
    told = {}
    for field, values in fields.items():
        if field not in ELSEWHERE and not field.startswith(("keys.", "fakes.count")) and not field.endswith(".count"):
            more = " or others" if len(values) > MOST_VALUES else ""
            told[field] = " or ".join(value_in_words(field, value) for value in values[:MOST_VALUES]) + more
    return [line] if (line := _line("Not the same for all, but no reason to keep numbers apart", told)) else []


def _metrics(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Those with equal fields share a line."""
    alike: dict[str, list[str]] = {}
    for name, fields in metrics.items():
        # There may be fewer reals than a metric asks for; how many there were stands with the reals.
        shown: dict[str, Any] = {AT_MOST.get(key) or key: value for key, value in fields.items() if key != "features"}
        alike.setdefault(_fields(shown), []).append(name)
    yield from (f"{', '.join(names)}: {fields}." for fields, names in alike.items() if fields)


def _fakes(fakes: Mapping[str, Any]) -> Iterator[str]:
    shown = {name: value for name, value in fakes.items() if name not in ELSEWHERE and value is not None}
    yield _line("Fakes", shown)


def _mixture(mixture: Mapping[str, Any]) -> Iterator[str]:
    yield _line("Mixture", mixture)


def _reals(reals: Mapping[str, Any]) -> Iterator[str]:
    for network, fields in reals.items():
        shown = {name: value for name, value in fields.items() if value is not None}
        yield _line(f"Reals for {network}", shown)


def _features(features: Mapping[str, Any]) -> Iterator[str]:
    yield from (_line(f"Feature network {network}", fields) for network, fields in features.items())


def _line(name: str, fields: Mapping[str, Any]) -> str:
    return f"{name}: {_fields(fields)}." if fields else ""


def _fields(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value_in_words(name, value)}" for name, value in fields.items())


def value_in_words(field: str, value: Any) -> str:
    """A value without brackets and quotes; a hash by its first letters."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return f"({_fields(value)})"
    if isinstance(value, list):
        return _series(value) or " ".join(value_in_words(field, inside) for inside in value)
    if isinstance(value, str) and field.rpartition(".")[2] in HASHES:
        return value[:SHOWN]
    return f"{value:,}" if isinstance(value, int) else str(value)


def _series(values: Sequence[Any]) -> str:
    """`0 to 4` for five seeds in a row."""
    whole = len(values) > 2 and all(isinstance(value, int) for value in values)
    return f"{values[0]} to {values[-1]}" if whole and values == list(range(values[0], values[-1] + 1)) else ""
