"""Which runs' numbers may stand in one column: those measured by protocols that agree in what makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from honmono.errors import Refused
from honmono.reports.comparison.numbers import Numbers
from honmono.reports.comparison.summary import Summary
from honmono.runs.protocols import better, differences, giver


MOST_TOLD = 3  # fields in a message


@dataclass(frozen=True)
class Difference:
    """A field in which a run's protocol is not that of the others."""

    field: str
    value: Any
    others: Any


@dataclass(frozen=True)
class Agreement:
    """For one key: the places of the runs that are measured alike, and how each of the others differs from them.

    reference: the place of the run whose protocol stands for those that are alike. better: `higher`, `lower` or None.
    """

    key: str
    reference: int
    alike: Sequence[int]
    apart: Mapping[int, Sequence[Difference]]
    better: str | None = None


def agreements(measured: Sequence[Numbers]) -> dict[str, Agreement]:
    """For each key of any run, in the order met."""
    keys = dict.fromkeys(key for one in measured for key in one.numbers)
    return {key: _agreement(key, measured) for key in keys}


def refuse_mixed(runs: Sequence[Summary], found: Mapping[str, Agreement]) -> None:
    """Raises `Refused` at the first key whose numbers are not all comparable, naming fields, values and mend."""
    mixed = [agreement for agreement in found.values() if agreement.apart]
    if not mixed:
        return
    place, differences = next(iter(mixed[0].apart.items()))
    one, other = runs[place], runs[mixed[0].reference]
    told = "; ".join(
        f"{d.field}: {tell(d.value)} in {one.name}, {tell(d.others)} in {other.name}" for d in differences[:MOST_TOLD]
    )
    more = f" and {len(differences) - MOST_TOLD} more" if len(differences) > MOST_TOLD else ""
    also = (
        f" (nor can {', '.join(one.key for one in mixed[1:4])}{', ...' if len(mixed) > 4 else ''})" if mixed[1:] else ""
    )
    raise Refused(
        f"{mixed[0].key} of {one.name} and {other.name} cannot be compared{also}: {told}{more}; evaluate one again "
        "with the same --num, --seeds and --reference, or add --mixed to see them side by side with a mark"
    )


def differing(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """What differs between two protocols and makes this number of theirs incomparable; [] where it can be compared."""
    ours, theirs = giver(key, one), giver(key, other)
    if ours != theirs:  # the modes of a mixture and those of stacked digits go by one name
        return [Difference("metric", ours, theirs)]
    return [Difference(field, _at(one, field), _at(other, field)) for field in differences(one, other, ours)]


def tell(value: Any) -> str:
    """A field's value in a line: long lists and hashes are cut."""
    if value is None:
        return "none"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else f"{text[:36]}..."


def shared(protocols: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all the protocols that speak of a field agree on."""
    names = dict.fromkeys(name for protocol in protocols for name in protocol)
    found: dict[str, Any] = {}
    for name in names:
        values = [protocol[name] for protocol in protocols if name in protocol]
        if all(isinstance(value, Mapping) for value in values):
            if inside := shared(values):
                found[name] = inside
        elif all(value == values[0] for value in values):
            found[name] = values[0]
    return found


def unshared(protocols: Sequence[Mapping[str, Any]], prefix: str = "") -> dict[str, list[Any]]:
    """The dotted fields that protocols which speak of them do not agree on, each with the values met."""
    found: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for protocol in protocols for name in protocol):
        values = [protocol[name] for protocol in protocols if name in protocol]
        if all(isinstance(value, Mapping) for value in values):
            found |= unshared(values, f"{prefix}{name}.")
        elif any(value != values[0] for value in values):
            found[f"{prefix}{name}"] = [value for place, value in enumerate(values) if value not in values[:place]]
    return found


def groups(key: str, protocols: Mapping[int, Any]) -> list[list[int]]:
    """Places in groups, one for each protocol as far as `key` goes, in the order given."""
    made: list[list[int]] = []
    for place, protocol in protocols.items():
        for group in made:
            if not differing(key, protocol, protocols[group[0]]):
                group.append(place)
                break
        else:
            made.append([place])
    return made


def _agreement(key: str, measured: Sequence[Numbers]) -> Agreement:
    """The most runs that are alike are the reference, of equally many the first."""
    protocols = {place: one.numbers[key].protocol for place, one in enumerate(measured) if key in one.numbers}
    alike = max(groups(key, protocols), key=len)
    reference = protocols[alike[0]]
    apart = {place: differing(key, protocols[place], reference) for place in protocols if place not in alike}
    return Agreement(key, alike[0], alike, apart, better(key, reference))


def _at(protocol: Any, field: str) -> Any:
    """A dotted field of a protocol, whose own names may hold dots; None where it is not there."""
    if not isinstance(protocol, Mapping) or field in protocol:
        return protocol.get(field) if isinstance(protocol, Mapping) else None
    names = (name for name in protocol if field.startswith(f"{name}."))
    return next((_at(protocol[name], field.removeprefix(f"{name}.")) for name in names), None)
