"""Numbers of each class, and one number over all classes."""

from collections.abc import Callable, Iterable, Sequence

from honmono.errors import Refused
from honmono.metrics.base import Evidence
from honmono.metrics.refusals import quoted


def by_class(
    evidence: Evidence,
    key: str,
    values: Sequence[float | None],
    overall: Callable[[Iterable[float]], float],
    needs: str,
) -> dict[str, float]:
    """The number over all classes under `key`, then each class's number, as `variety[mnist].7`.

    values: in the order of the evidence's classes; None for a class with too few samples: it is omitted, with a note.
    overall: computes the number over all classes.
    needs: what a class must have to be measured, in words.
    Raises `Refused` where no class has it.
    """
    measured = {name: value for name, value in zip(evidence.classes, values, strict=True) if value is not None}
    if not measured:
        raise Refused(f"{key}: no class has {needs}: increase fakes and reals")
    if missing := [name for name in evidence.classes if name not in measured]:
        evidence.note(f"{key} omits {quoted(missing)}: a class needs {needs}")
    return {key: overall(measured.values())} | {f"{key}.{name}": value for name, value in measured.items()}
