"""Which runs' numbers are comparable: those that were measured under equal conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from honmono.errors import Refused, first_of
from honmono.reports.comparison.numbers import Numbers
from honmono.reports.comparison.summary import Summary
from honmono.runs.protocol_text import describe_differences
from honmono.runs.protocols import Differences, Record, better, differences


MOST_NAMED = 3  # fields, or keys, in a message


@dataclass(frozen=True)
class Agreement:
    """For one key, the indices of the comparable runs, and how the conditions of the other runs differ.

    comparable: the largest group of runs with equal conditions, the first of equally large ones.
    incomparable: by index of each other run, how its conditions differ from theirs.
    better: `higher`, `lower` or None.
    """

    key: str
    comparable: Sequence[int]
    incomparable: Mapping[int, Differences]
    better: str | None = None


def agreements(measured: Sequence[Numbers]) -> dict[str, Agreement]:
    """The agreement of each key of any run."""
    keys = dict.fromkeys(key for one in measured for key in one.numbers)
    return {key: _agreement(key, measured) for key in keys}


def _agreement(key: str, measured: Sequence[Numbers]) -> Agreement:
    records = {index: one.numbers[key].record for index, one in enumerate(measured) if key in one.numbers}
    comparable = max(groups(records), key=len)
    reference = records[comparable[0]]
    found = {index: differences(one, reference) for index, one in records.items() if index not in comparable}
    return Agreement(key, comparable, found, better(key, reference))


def groups(records: Mapping[int, Record]) -> list[list[int]]:
    """The indices in groups of equal conditions."""
    distinct: list[Mapping[str, object]] = []
    for one in records.values():
        if one["conditions"] not in distinct:
            distinct.append(one["conditions"])
    return [[index for index, one in records.items() if one["conditions"] == own] for own in distinct]


def refuse_mixed(runs: Sequence[Summary], found: Iterable[Agreement]) -> None:
    """Raises `Refused` where the numbers of a key are not all comparable, naming the conditions that differ."""
    mixed = [one for one in found if one.incomparable]
    if not mixed:
        return
    index, differing = next(iter(mixed[0].incomparable.items()))
    fields = first_of([describe_differences({name: pair}) for name, pair in differing.items()], MOST_NAMED, "; ")
    others = f" (nor are {first_of([one.key for one in mixed[1:]], MOST_NAMED)})" if len(mixed) > 1 else ""
    raise Refused(
        f"{mixed[0].key} of {runs[index].name} and {runs[mixed[0].comparable[0]].name} are not comparable{others}: "
        f"{fields}; evaluate one again with the same --num, --seeds and --reference, or add --mixed to mark them"
    )
