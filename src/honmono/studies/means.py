"""Means over the seeds of a study's cases, for its tables."""

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean

from honmono.reports.comparison.agreement import Agreement
from honmono.reports.comparison.numbers import UNKNOWN, mean_and_deviation
from honmono.reports.comparison.table import best_of
from honmono.reports.html import Cell


def mean_cell(values: Sequence[float], best: bool = False, sign: str = "") -> Cell:
    """The mean of a number in several runs, with its standard deviation."""
    if not values:
        return Cell(UNKNOWN)
    if not all(map(isfinite, values)):
        return Cell("not finite")
    return Cell(*mean_and_deviation(values), best, sign)


def best_cases(values: Mapping[str, Sequence[float]], found: Agreement) -> set[str]:
    """The labels of the cases with the best mean of a number; none where fewer than two have a finite one."""
    means = {label: fmean(own) for label, own in values.items() if own and all(map(isfinite, own))}
    return best_of(means, found) if len(means) > 1 else set()
