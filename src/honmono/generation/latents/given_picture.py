"""`honmono project`: a picture of the user's, the nearest sample of a run, and its latent as JSON."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.packing.decode import Levels, decode
from honmono.data.packing.fit import fitted
from honmono.data.packing.opening import Unusable
from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.latents.project import Projection, project
from honmono.generation.latents.saved import write_latents
from honmono.generation.load import TrainedRun, loaded
from honmono.generation.model import Model
from honmono.runs.images import grid, save_picture


def write_projection(
    run: str | Path | TrainedRun,
    picture: str | Path,
    out: str | Path | None = None,
    *,
    label: str | None = None,
    steps: int = 300,
    seed: int = 0,
) -> tuple[Path, Path, Projection]:
    """Writes the given picture, the nearest random sample and the projection side by side, and the latent beside it.

    run: a run or its directory, then with its newest checkpoint.
    out: a .png file; None: in the run's directory. The rest as for `project`.
    Returns the paths of picture and latent, and what was found.
    """
    trained = loaded(run)
    out = trained.run.path / "projection.png" if out is None else Path(out)
    if out.suffix != ".png":
        raise Refused(f"--out {out}: give a .png file; the latent is written beside it, as .json")
    refuse_unwritable(out.parent, "give another path with --out")
    target = read_picture(Path(picture), trained.model)
    found = project(trained, target, label=label, steps=steps, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_picture(grid(trained.model.pictures(torch.cat([target, found.before, found.sample])), 3), out)
    facts = {
        "recipe": trained.name,
        "picture": Path(picture).name,
        "distance": found.distance,
        "features": found.features,
        "error": found.error,
    }
    return out, write_latents(found.latents, out.with_suffix(".json"), facts), found


def read_picture(path: Path, model: Model) -> Float[Tensor, "1 channels height width"]:
    """A picture file as a sample: of the generator's size, colours and range. Raises `Refused` where it is none."""
    if model.range is None:
        raise Refused("project needs pictures, and this run generates points")
    if not path.is_file():
        raise Refused(f"{path}: there is no such picture")
    channels, height, width = model.data_spec.sample_shape
    levels = Levels(ground=None) if channels == 4 else Levels()
    try:
        image, _, _ = decode(str(path), max(height, width), levels)
    except Unusable as error:
        raise Refused(f"{path} cannot be read as a picture ({error}): give a PNG or JPEG file") from error
    colours = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    image = fitted(image.convert(colours), f"{height}x{width}", getattr(model.recipe.data, "fit", "crop"))
    pixels = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)
    low, high = model.range
    return torch.from_numpy(pixels.astype(np.float32))[None] * ((high - low) / 255) + low
