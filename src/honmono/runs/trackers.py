"""Optional trackers, which copy a run's log to TensorBoard or Weights & Biases."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from honmono.errors import Refused, did_you_mean
from honmono.files import atomic_write_bytes
from honmono.runs.directory import RunDirectory
from honmono.runs.log import Row


class Tracker(ABC):
    """Shows a run's rows and pictures elsewhere; the run directory is complete without it."""

    @abstractmethod
    def row(self, row: Row) -> None:
        """Shows one row of the log."""

    @abstractmethod
    def picture(self, step: int, path: Path) -> None:
        """Shows the picture that was saved at `path`."""

    @abstractmethod
    def close(self) -> None:
        """Writes what is pending."""


class TensorBoard(Tracker):
    """Event files in the run's `tensorboard` directory.

    step: where the run starts or resumes; later steps in earlier event files are hidden.
    """

    def __init__(self, run: RunDirectory, step: int):
        try:
            from torch.utils.tensorboard.writer import SummaryWriter
        except ImportError as error:
            raise _missing("tensorboard") from error
        self._writer = SummaryWriter(str(run.path / "tensorboard"), purge_step=step + 1 if step else None)

    def row(self, row: Row) -> None:
        for name, value in row.items():
            if name != "step":
                # TensorBoard groups by the part before a slash.
                self._writer.add_scalar(name.replace(".", "/"), value, int(row["step"]))

    def picture(self, step: int, path: Path) -> None:
        import numpy as np

        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        self._writer.add_image("samples", pixels, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases(Tracker):
    """A W&B run with the name of the run directory. W&B's own settings apply: `WANDB_MODE=offline` needs no network.

    Not covered by the tests, which have no `wandb`. W&B does not replace rows: steps that are repeated after a resume
    keep their first values there, and have the last ones in the run directory.
    """

    def __init__(self, run: RunDirectory, step: int):
        try:
            import wandb  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise _missing("wandb") from error
        # W&B identifies a run by an id, stored here: names as 00001-dcgan-mnist are not unique across machines.
        identity = run.path / "wandb" / "id"
        if not step or not identity.exists():
            identity.parent.mkdir(exist_ok=True)
            atomic_write_bytes(identity, secrets.token_hex(8).encode())
        self._wandb = wandb
        self._run = wandb.init(
            project="honmono",
            name=run.path.resolve().name,
            id=identity.read_text(),
            resume="allow",
            dir=str(run.path),
        )

    def row(self, row: Row) -> None:
        self._run.log({name: value for name, value in row.items() if name != "step"}, step=int(row["step"]))

    def picture(self, step: int, path: Path) -> None:
        self._run.log({"samples": self._wandb.Image(str(path))}, step=step)

    def close(self) -> None:
        self._run.finish()


TRACKERS: dict[str, type[TensorBoard] | type[WeightsAndBiases]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
}


def open_trackers(names: Iterable[str], run: RunDirectory, step: int) -> list[Tracker]:
    """The trackers of these names for a run that starts or resumes at `step`."""
    names = list(names)
    check_trackers(names)
    return [TRACKERS[name](run, step) for name in names]


def check_trackers(names: Iterable[str]) -> None:
    """Raises `Refused` for unknown trackers and for those whose package is not installed; imports nothing."""
    for name in names:
        if name not in TRACKERS:
            known = ", ".join(TRACKERS)
            raise Refused(f"there is no tracker '{name}'{did_you_mean(name, TRACKERS)}; there are {known}")
        if find_spec(name) is None:  # each has its package's name
            raise _missing(name)


def _missing(package: str) -> Refused:
    return Refused(f"the tracker needs the package {package}: pip install 'honmono[track]'")
