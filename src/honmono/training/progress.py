"""Telling how training goes: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


LINE_EVERY = 10.0  # seconds between plain lines


class TrainingProgress:
    """Progress of one run on standard error. A process that does not write stays silent."""

    def __init__(self, steps: int, done: int, silent: bool = False) -> None:
        self._console = Console(stderr=True, quiet=silent, soft_wrap=True, highlight=False)
        self._steps, self._begun, self._first = steps, time.monotonic(), done
        self._last_line = -LINE_EVERY
        columns = (
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
        )
        self._bar = (
            Progress(*columns, console=self._console, transient=True) if sys.stderr.isatty() and not silent else None
        )
        if self._bar:
            self._task = self._bar.add_task("train", total=steps, completed=done, status="")
            self._bar.start()

    def update(self, step: int, losses: Mapping[str, float], images_per_second: float) -> None:
        """Shows where the run stands."""
        shown = "  ".join(f"{_short(name)} {value:.3f}" for name, value in losses.items())
        status = f"{shown}  {images_per_second:,.0f} images/s"
        if self._bar:
            self._bar.update(self._task, completed=step, status=status)
        elif time.monotonic() - self._last_line >= LINE_EVERY or step >= self._steps:
            self._last_line = time.monotonic()
            self._console.print(f"step {step}/{self._steps}  {status}  {self._left(step)}")

    def say(self, line: str) -> None:
        """One line above the bar."""
        self._console.print(line, markup=False)

    def close(self) -> None:
        if self._bar:
            self._bar.stop()

    def _left(self, step: int) -> str:
        seconds = (time.monotonic() - self._begun) / max(step - self._first, 1) * (self._steps - step)
        return f"{int(seconds // 3600)}:{int(seconds // 60 % 60):02d}:{int(seconds % 60):02d} left"


def _short(name: str) -> str:
    player, _, loss = name.partition(".")
    return f"{player[0].upper()}.{loss}"
