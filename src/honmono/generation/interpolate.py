"""A film from latent to latent."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.load import TrainedRun
from honmono.generation.video import refuse_without_encoder, write_mp4
from honmono.randomness import stream
from honmono.recipe.latents import Normal
from honmono.runs.images import grid, to_uint8


STEPS_BETWEEN, STOPS, FRAME_MS = 12, 6, 60
LEAST_SINE = 1e-3  # of the angle between latents; float32 cannot tell smaller angles


def write_interpolation(
    trained: TrainedRun,
    out: Path | None = None,
    *,
    seed: int = 0,
    label: str | None = None,
    labels: Sequence[str] = (),
) -> Path:
    """A film of a grid of samples whose latents walk a closed path through random stops.

    label: one class by its name. labels: several, as in `walk`. Without them each sample keeps its class, all in turn.
    """
    out = out or trained.run.path / "interpolation.gif"
    ending = out.suffix.lower()
    if ending not in (".gif", ".webp", ".mp4"):
        raise Refused(f"--out {out}: a film ends in .gif, .webp or .mp4")
    if len(trained.interface.sample_shape) == 1:
        raise Refused("interpolate makes films of pictures, and this run makes points: honmono plot films its training")
    if ending == ".mp4":
        refuse_without_encoder(out)
    refuse_unwritable(out.parent, "name another place with --out")
    asked = [] if label is None and not labels else _walked(label, labels)
    columns = len(trained.classes) if 2 <= len(trained.classes) <= 16 and not asked else 8
    steps = walk(trained, columns * 4, [trained.class_number(one) for one in asked], seed=seed)
    frames = [grid(to_uint8(samples, trained.range), columns) for samples in steps]
    out.parent.mkdir(parents=True, exist_ok=True)
    if ending == ".mp4":
        write_mp4(frames, out, FRAME_MS)
    else:
        frames[0].save(out, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return out


def _walked(label: str | None, labels: Sequence[str]) -> Sequence[str]:
    """The classes that a film goes through."""
    if label is not None and labels:
        raise Refused("--label is for a film of one class, --labels for one of several: give one of them")
    if len(labels) == 1:
        raise Refused(f"--labels {labels[0]}: name two classes or more, as in A,B; --label is for one")
    return labels if label is None else [label]


def walk(trained: TrainedRun, number: int, classes: Sequence[int] = (), *, seed: int = 0) -> Iterator[Tensor]:
    """The samples of each frame (number, *sample_shape), whose latents go from stop to stop and back to the first.

    classes: that of each stop in turn. Halfway between two stops the class changes at once, while the latents walk on:
    generators learn nothing between two classes. (): each sample keeps its class, all in turn.
    """
    latent, every = trained.recipe.latent, len(trained.classes)
    turns = -(-STOPS // max(len(classes), 1))  # as often through all classes as makes enough stops
    count = turns * len(classes) or STOPS
    stops = [latent.draw(stream(seed, "interpolate", stop), number) for stop in range(count)]
    for stop, (here, there) in enumerate(zip(stops, stops[1:] + stops[:1], strict=True)):
        for share in np.arange(STEPS_BETWEEN) / STEPS_BETWEEN:
            z = slerp(here, there, share) if isinstance(latent, Normal) else here + share * (there - here)
            labels = np.arange(number) % every if every else None
            if classes:
                labels = np.full(number, classes[(stop + (share >= 0.5)) % len(classes)])
            yield trained.at(z, labels)


def slerp(here: np.ndarray, there: np.ndarray, share: float) -> np.ndarray:
    """Spherical interpolation of rows: normal latents keep their length on the way (White, arXiv:1609.04468).

    Straight between rows of equal directions, where both are the same, and of opposite ones, where no arc is given.
    """
    norms = np.linalg.norm(here, axis=1) * np.linalg.norm(there, axis=1)
    angle = np.arccos(np.clip((here * there).sum(1) / norms, -1.0, 1.0))[:, None]
    sine = np.sin(angle)
    straight = sine < LEAST_SINE
    arc = (np.sin((1 - share) * angle) * here + np.sin(share * angle) * there) / np.where(straight, 1, sine)
    return np.where(straight, here + share * (there - here), arc)
