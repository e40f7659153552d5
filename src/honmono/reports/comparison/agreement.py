"""Which runs' numbers may share a column: those that were measured under equal conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from honmono.errors import Refused
from honmono.reports.comparison.numbers import Numbers
from honmono.reports.comparison.summary import Summary
from honmono.runs.protocol_text import contrasted
from honmono.runs.protocols import Differences, Record, better, differences


MOST_NAMED = 3  # fields in a message


@dataclass(frozen=True)
class Agreement:
    """For one key: the places of the runs that are comparable, and how the conditions of each other run differ.

    Most runs are comparable with the first of `comparable`; of equally large groups the first is taken.
    better: `higher`, `lower` or None.
    """

    key: str
    comparable: Sequence[int]
    incomparable: Mapping[int, Differences]
    better: str | None = None


def agreements(measured: Sequence[Numbers]) -> dict[str, Agreement]:
    """For each key of any run, in the order met."""
    keys = dict.fromkeys(key for one in measured for key in one.numbers)
    return {key: _agreement(key, measured) for key in keys}


def _agreement(key: str, measured: Sequence[Numbers]) -> Agreement:
    records = {place: one.numbers[key].record for place, one in enumerate(measured) if key in one.numbers}
    comparable = max(groups(records), key=len)
    reference = records[comparable[0]]
    found = {place: differences(one, reference) for place, one in records.items() if place not in comparable}
    return Agreement(key, comparable, found, better(key, reference))


def groups(records: Mapping[int, Record]) -> list[list[int]]:
    """Places in groups of equal conditions, in the order given."""
    distinct: list[Mapping[str, object]] = []
    for one in records.values():
        if one["conditions"] not in distinct:
            distinct.append(one["conditions"])
    return [[place for place, one in records.items() if one["conditions"] == own] for own in distinct]


def refuse_mixed(runs: Sequence[Summary], found: Iterable[Agreement]) -> None:
    """Raises `Refused` at the first key whose numbers are not all comparable, naming fields, values and mend."""
    mixed = [one for one in found if one.incomparable]
    if not mixed:
        return
    place, differing = next(iter(mixed[0].incomparable.items()))
    first = dict([*differing.items()][:MOST_NAMED])
    more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
    others = ", ".join(one.key for one in mixed[1 : 1 + MOST_NAMED])
    also = f" (nor can {others}{', ...' if len(mixed) > 1 + MOST_NAMED else ''})" if others else ""
    raise Refused(
        f"{mixed[0].key} of {runs[place].name} and {runs[mixed[0].comparable[0]].name} cannot be compared{also}: "
        f"{contrasted(first)}{more}; evaluate one again with the same --num, --seeds and --reference, or add --mixed "
        "to see them side by side with a mark"
    )
