"""Numbers that are measured for each class by itself, and one number over all classes."""

from collections.abc import Callable, Iterable, Sequence

from honmono.errors import Refused
from honmono.metrics.base import Evidence
from honmono.metrics.refusals import some_of


def by_class(
    evidence: Evidence,
    key: str,
    values: Sequence[float | None],
    overall: Callable[[Iterable[float]], float],
    takes: str,
) -> dict[str, float]:
    """The number under `key`, `overall` of the values, and then each class's, as `variety[mnist].7`.

    values: in the order of the evidence's classes; None for a class of which there are too few samples. Such classes
    are left out, and noted. takes: what each class must have, in words. Raises `Refused` where no class has it.
    """
    measured = {name: value for name, value in zip(evidence.classes, values, strict=True) if value is not None}
    if not measured:
        raise Refused(f"{key}: no class has {takes}: raise fakes and reals")
    if missing := [name for name in evidence.classes if name not in measured]:
        evidence.note(f"{key} leaves out {some_of(missing)}: a class takes {takes}")
    return {key: overall(measured.values())} | {f"{key}.{name}": value for name, value in measured.items()}
