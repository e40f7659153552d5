"""`honmono interpolate`: a film of samples along a path of latents."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.load import TrainedRun
from honmono.generation.video import refuse_without_encoder, write_mp4
from honmono.randomness import stream
from honmono.recipe.latents import Uniform
from honmono.runs.images import grid, viewable


STEPS_BETWEEN, STOPS, FRAME_MS = 12, 6, 60
LEAST_SINE = 1e-3  # of the angle between latents; smaller ones are not accurate in float32


def write_interpolation(
    trained: TrainedRun,
    out: Path | None = None,
    *,
    seed: int = 0,
    label: str | None = None,
    labels: Sequence[str] = (),
) -> Path:
    """Writes a film of a grid of samples whose latents follow a closed path through random points. Returns its path.

    out: a .gif, .webp or .mp4 file; None: in the run's directory.
    seed: of the path.
    label: the class of all samples.
    labels: several classes, as in `walk`. Without both, each sample has a class of its own, all in turn.
    """
    out = out or trained.run.path / "interpolation.gif"
    ending = out.suffix.lower()
    if ending not in (".gif", ".webp", ".mp4"):
        raise Refused(f"--out {out}: give a .gif, .webp or .mp4 file")
    if len(trained.model.data_spec.sample_shape) == 1:
        raise Refused(
            "interpolate needs pictures, and this run generates points: use honmono plot for a film of its training"
        )
    if ending == ".mp4":
        refuse_without_encoder(out)
    refuse_unwritable(out.parent, "give another path with --out")
    classes = [] if label is None and not labels else _classes_of_film(label, labels)
    columns = len(trained.classes) if 2 <= len(trained.classes) <= 16 and not classes else 8
    steps = walk(trained, columns * 4, [trained.class_number(one) for one in classes], seed=seed)
    frames = [grid(trained.model.pictures(samples), columns) for samples in steps]
    out.parent.mkdir(parents=True, exist_ok=True)
    frames = frames if ending == ".webp" else [viewable(frame) for frame in frames]
    if ending == ".mp4":
        write_mp4(frames, out, FRAME_MS)
    else:
        frames[0].save(out, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return out


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
    for stop, (here, there) in enumerate(zip(stops, stops[1:] + stops[:1], strict=True)):
        for share in np.arange(STEPS_BETWEEN) / STEPS_BETWEEN:
            z = here + share * (there - here) if isinstance(latent, Uniform) else slerp(here, there, share)
            labels = np.arange(number) % every if every else None
            if classes:
                labels = np.full(number, classes[(stop + (share >= 0.5)) % len(classes)])
            yield trained.at(z, labels)


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
