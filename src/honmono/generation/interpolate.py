"""`honmono interpolate`: a film of samples along a path of latents."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.latents.saved import SavedLatents, read_latents
from honmono.generation.load import TrainedRun, loaded
from honmono.generation.video import refuse_without_encoder, write_mp4
from honmono.randomness import stream
from honmono.recipe.latents import Clusters, Latent, Uniform
from honmono.runs.images import grid, viewable


STEPS_BETWEEN, STOPS, FRAME_MS = 12, 6, 60
LEAST_SINE = 1e-3  # of the angle between latents; smaller ones are not accurate in float32


def write_interpolation(
    run: str | Path | TrainedRun,
    out: str | Path | None = None,
    *,
    seed: int = 0,
    label: str | None = None,
    labels: Sequence[str] = (),
    latents: str | Path | None = None,
) -> Path:
    """Writes a film of a grid of samples whose latents follow a closed path through random points. Returns its path.

    run: a run or its directory, then with its newest checkpoint.
    out: a .gif, .webp or .mp4 file; None: in the run's directory.
    seed: of the path.
    label: the class of all samples.
    labels: several classes, as in `walk`. Without both, each sample has a class of its own, all in turn.
    latents: a file of saved ones: the film shows one sample on its way through them, in place of a grid.
    """
    trained = loaded(run)
    out = trained.run.path / "interpolation.gif" if out is None else Path(out)
    _refuse_film(trained, out)
    classes = [] if label is None and not labels else _classes_of_film(label, labels)
    numbers = [trained.class_number(one) for one in classes]
    if latents is None:
        columns = len(trained.classes) if 2 <= len(trained.classes) <= 16 and not classes else 8
        steps = walk(trained, columns * 4, numbers, seed=seed)
    else:
        columns, steps = 1, _through_saved(trained, read_latents(Path(latents)), numbers)
    frames = [grid(trained.model.pictures(samples), columns) for samples in steps]
    out.parent.mkdir(parents=True, exist_ok=True)
    ending = out.suffix.lower()
    frames = frames if ending == ".webp" else [viewable(frame) for frame in frames]
    if ending == ".mp4":
        write_mp4(frames, out, FRAME_MS)
    else:
        frames[0].save(out, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return out


def _refuse_film(trained: TrainedRun, out: Path) -> None:
    """Raises `Refused` where this film cannot be made."""
    if out.suffix.lower() not in (".gif", ".webp", ".mp4"):
        raise Refused(f"--out {out}: give a .gif, .webp or .mp4 file")
    if len(trained.model.data_spec.sample_shape) == 1:
        raise Refused(
            "interpolate needs pictures, and this run generates points: use honmono plot for a film of its training"
        )
    if out.suffix.lower() == ".mp4":
        refuse_without_encoder(out)
    refuse_unwritable(out.parent, "give another path with --out")


def _classes_of_film(label: str | None, labels: Sequence[str]) -> Sequence[str]:
    """The classes of a film, from --label or --labels."""
    if label is not None and labels:
        raise Refused("--label and --labels: give only one of them")
    if len(labels) == 1:
        raise Refused(f"--labels {labels[0]}: give two classes or more, as in A,B, or one with --label")
    return labels if label is None else [label]


def walk(trained: TrainedRun, number: int, classes: Sequence[int] = (), *, seed: int = 0) -> Iterator[Tensor]:
    """The samples of each frame, (number, *sample_shape). Latents move from stop to stop and back to the first.

    classes: of the stops, in turn. The class changes halfway between two stops, while latents change continuously,
        because generators do not learn labels between two classes. (): each sample has a class of its own.
    """
    latent, every, shape = trained.recipe.latent, len(trained.classes), trained.model.data_spec.sample_shape
    turns = -(-STOPS // max(len(classes), 1))  # repeat all classes until there are enough stops
    count = turns * len(classes) or STOPS
    stops = [latent.draw(stream(seed, "interpolate", stop), number, shape) for stop in range(count)]
    labels = [np.full(number, one) for one in classes] or [np.arange(number) % max(every, 1)]
    return through(trained, stops, labels)


def through(trained: TrainedRun, stops: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> Iterator[Tensor]:
    """The samples of each frame on the closed way through stops, each (number, *latent).

    labels: (number,) of each stop, in turn; they change halfway between two stops.
    """
    for stop, (here, there) in enumerate(zip(stops, [*stops[1:], stops[0]], strict=True)):
        for share in np.arange(STEPS_BETWEEN) / STEPS_BETWEEN:
            z = between(trained.recipe.latent, here, there, share)
            yield trained.at(z, labels[(stop + (share >= 0.5)) % len(labels)])


def _through_saved(trained: TrainedRun, saved: SavedLatents, classes: Sequence[int]) -> Iterator[Tensor]:
    """One sample in each frame. classes: in place of those saved, in turn."""
    saved = saved.fitting(trained.model)
    if len(saved.latents) < 2:
        raise Refused("--latents: a film needs two latents or more, and this file holds one")
    labels = [np.array([one]) for one in classes] or [np.array([one]) for one in saved.labels_of(trained.model)]
    return through(trained, [saved.latents[place : place + 1] for place in range(len(saved.latents))], labels)


def between(latent: Latent, here: np.ndarray, there: np.ndarray, share: float) -> np.ndarray:
    """Latents at a share of the way between two, each (number, *latent): on a line in a cube, else on a sphere."""
    return here + share * (there - here) if isinstance(latent, Uniform | Clusters) else slerp(here, there, share)


def slerp(here: np.ndarray, there: np.ndarray, share: float) -> np.ndarray:
    """Spherical interpolation of rows: normal latents keep their length on the way (White, arXiv:1609.04468).

    Linear between rows of equal directions, where it is the same, and of opposite ones, which have no unique arc.
    """
    rows = [latents.reshape(len(latents), -1) for latents in (here, there)]
    norms = np.linalg.norm(rows[0], axis=1) * np.linalg.norm(rows[1], axis=1)
    cosine = np.clip((rows[0] * rows[1]).sum(1) / norms, -1.0, 1.0)
    angle = np.arccos(cosine).reshape(-1, *[1] * (here.ndim - 1))
    sine = np.sin(angle)
    straight = sine < LEAST_SINE
    arc = (np.sin((1 - share) * angle) * here + np.sin(share * angle) * there) / np.where(straight, 1, sine)
    return np.where(straight, here + share * (there - here), arc)
