"""What is known of a model that is published: its data, command and numbers, without the folders of this machine."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from honmono.data.mixtures import Mixture
from honmono.generation.exports.weights import without_folder
from honmono.generation.load import TrainedRun
from honmono.recipe.record import read_parent
from honmono.reports.comparison.numbers import Number, Numbers, at_step
from honmono.reports.comparison.summary import Summary, read
from honmono.runs import recorded_warnings
from honmono.runs.directory import RunDirectory


DIGITS_LICENSE = "cc-by-4.0"  # of scikit-learn's copy: UCI, Optical Recognition of Handwritten Digits
_OURS = re.compile(r"(?:^|[/\\])honmono(?:\.exe|[/\\]__main__\.py)?$")
_ARGUMENT = re.compile(r"((?:--[\w-]+=)?(?:[\w.]+=)?)(.*)", re.DOTALL)  # an option, a field, and its value


@dataclass(frozen=True)
class Facts:
    """What a run's directory records; for a folder of weights or a model of the hub some fields are empty.

    data: the source. fingerprint: of its content.
    parent: the run, if any, whose weights were the first ones.
    license: of the data, where honmono knows it; "" where the data are drawn by honmono and nobody's. None: unknown.
    """

    data: str
    fingerprint: str | None
    commands: list[str]
    parent: str | None
    license: str | None
    numbers: Numbers | None
    warnings: Mapping[str, list[str]]


def facts_of(trained: TrainedRun) -> Facts:
    """The facts of a run's checkpoint."""
    source = getattr(trained.recipe.data, "source", None)
    data = without_folder(source) if isinstance(source, str) else repr(trained.recipe.data)
    if not RunDirectory.is_run(trained.run.path):
        return Facts(data, None, [], None, None, None, {})
    summary: Summary = read([trained.run.path])[0]
    parent = read_parent(trained.run)
    return Facts(
        data,
        summary.data,
        [public for command in summary.commands if (public := public_command(command))],
        without_folder(str(parent.get("run"))) if parent else None,
        None if parent else _license_of(trained),  # the parent's data count too
        _numbers(trained),
        recorded_warnings.active(trained.run),
    )


def public_command(command: str) -> str:
    """A command as others may see it: of each path only the last part, and of another program, as a script that trained
    from Python, its name alone."""
    try:
        program, *words = shlex.split(command)
    except ValueError:  # none, or none that a shell could read
        return ""
    if not _OURS.search(program):
        return without_folder(program)
    return shlex.join(["honmono", *map(_public_word, words)])


def _public_word(word: str) -> str:
    return _ARGUMENT.sub(lambda match: match[1] + without_folder(match[2]), word, 1)


def _license_of(trained: TrainedRun) -> str | None:
    data: Any = trained.recipe.data
    if isinstance(data, Mixture):
        return ""
    return DIGITS_LICENSE if getattr(data, "source", None) == "digits" else None


def _numbers(trained: TrainedRun) -> Numbers | None:
    """The numbers of these weights at this step, with protocols that name no folder."""
    found = at_step(trained.run, trained.step)
    if found is None:
        return None
    own = {key: _public(number) for key, number in found.numbers.items() if _of_weights(number, trained.weights)}
    return replace(found, numbers=own) if own else None


def _of_weights(number: Number, weights: str) -> bool:
    return number.record["context"].get("fakes.weights", weights) == weights


def _public(number: Number) -> Number:
    record = {
        part: {name: _value(name, value) for name, value in number.record[part].items()} for part in number.record
    }
    return replace(number, record=record)


def _value(name: str, value: Any) -> Any:
    return without_folder(value) if name == "reals.source" and isinstance(value, str) else value
