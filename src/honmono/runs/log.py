"""The log of a run: a row for each logged step, in log.csv for tables and in log.jsonl for programs.

Columns are `step`, `images` (seen), `seconds` (of training, without evaluations), `images_per_second` (the average over
the steps whose losses were transferred from the device together), one for each loss, `discriminator.real`, one for each
statistic of an adaptive objective, `statistic.real_sign`, one for each player's learning rate,
`learning_rate.discriminator`, and one for each measured number, `metric.fid[mnist]`. A step with an evaluation always
has a row. A number that is not finite is `nan` in the CSV and null in the JSONL. A number that a step does not have is
an empty cell in the CSV and absent from the JSONL.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Self, TypeVar

from honmono.files import atomic_write_bytes
from honmono.runs.directory import RunDirectory
from honmono.runs.json_lines import JsonLines, write_errors, write_whole


T = TypeVar("T")
Row = Mapping[str, int | float]
METRIC = "metric"  # prefix of the columns of measured numbers
STATISTIC = "statistic"  # prefix of the columns of an objective's statistics


def by_column(player: str, losses: Mapping[str, T], statistics: Mapping[str, T]) -> dict[str, T]:
    """The losses of a player, and the statistics that its objective adapts to or what it adapts, by their columns."""
    columns = {f"{player}.{name}": loss for name, loss in losses.items()}
    return columns | {f"{STATISTIC}.{name}": value for name, value in statistics.items()}


def learning_rate_column(player: str) -> str:
    """The column of a player's learning rate."""
    return f"learning_rate.{player}"


def metric_column(key: str) -> str:
    """The column of a measured number."""
    return f"{METRIC}.{key}"


class Log:
    """Appends rows to a run's log.jsonl and log.csv; opening removes an incomplete line that a killed process left.

    The first row determines the order of the CSV's columns. A name that first appears later (a penalty of every 16th
    step, a player that waits for the other's warm-up) adds a column, with empty cells in earlier rows.
    """

    def __init__(self, run: RunDirectory):
        self._path, self._lines = run.log_csv, JsonLines(run.log_jsonl)
        # Unbuffered: the operating system has a row once append returns, and close cannot fail.
        self._file = open(self._path, "ab", buffering=0)
        self.truncate(None)

    def append(self, rows: Sequence[Row]) -> None:
        """Writes rows of ascending steps."""
        for row in rows:
            assert row["step"] > self._last_step, f"step {row['step']} after step {self._last_step}"
            self._last_step = row["step"]
        strict = [{name: _json_number(value) for name, value in row.items()} for row in rows]
        self._lines.append(strict)
        if {name for row in rows for name in row} <= {*self._columns}:
            with write_errors(self._path):
                write_whole(self._file, self._csv(strict))
        else:
            self._rewrite_csv()

    def truncate(self, step: int | None) -> None:
        """Truncates both files to the complete rows up to and including `step`; None: all complete rows."""
        self._lines.truncate(math.inf if step is None else step)
        self._rewrite_csv()

    def sync(self) -> None:
        """Flushes the rows to disk. Call it before saving a checkpoint, so that the log is not behind it."""
        self._lines.sync()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rewrite_csv(self) -> None:
        rows = self._lines.read()
        self._last_step = rows[-1]["step"] if rows else -math.inf
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        header = self._csv([dict(zip(self._columns, self._columns, strict=True))]) if rows else b""
        table = header + self._csv(rows)
        if self._path.read_bytes() != table:
            self._file.close()
            with write_errors(self._path):
                atomic_write_bytes(self._path, table)
            self._file = open(self._path, "ab", buffering=0)

    def _csv(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writerows({name: "nan" if value is None else value for name, value in row.items()} for row in rows)
        return text.getvalue().encode()


def read(run: RunDirectory) -> dict[str, list[int | float | None]]:
    """The columns of a log: None where a step does not have a number, NaN where it is not finite.

    {} before the first row. The run may still be training.
    """
    rows = JsonLines(run.log_jsonl).read()
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_number(row[name]) if name in row else None for row in rows] for name in names}


def last_step(run: RunDirectory) -> int:
    """The step of the newest row; 0 before the first. The run may still be training."""
    row = JsonLines(run.log_jsonl).newest()
    return int(row["step"]) if row else 0


def _number(value: int | float | None) -> int | float:
    return math.nan if value is None else value


def _json_number(value: int | float) -> int | float | None:
    if isinstance(value, Integral):
        return int(value)
    return float(value) if math.isfinite(value) else None
