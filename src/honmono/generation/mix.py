"""`honmono mix`: a table of samples with some layers' styles from the sample above and the others from the left."""

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.latents.saved import SavedLatents, read_latents
from honmono.generation.load import TrainedRun, loaded
from honmono.generation.model import Model
from honmono.networks.batch_norm import sampling
from honmono.networks.styles import StyleGenerator
from honmono.runs.images import FORMATS, grid, save_picture


THIRDS = ("coarse", "middle", "fine")
MOST = 64  # rows, and columns


def write_mix(
    run: str | Path | TrainedRun,
    out: str | Path | None = None,
    *,
    layers: str = "coarse",
    rows: int = 4,
    columns: int = 6,
    label: str | int | None = None,
    seed: int = 0,
    truncation: float | None = None,
    latents: str | Path | None = None,
) -> Path:
    """Writes a table: above and on the left samples, and in each cell a mix of both. Returns its path.

    run: a run or its directory, then with its newest checkpoint.
    out: a .png, .jpg or .webp file; None: in the run's directory.
    layers: those whose styles come from the sample above: "coarse", "middle" or "fine", a third each, a number from 0,
        or a range such as "0-3".
    label: the class of all samples; None: all in turn. seed: of the samples, those above first.
    truncation: as for `TrainedRun.sample`.
    latents: a file of saved ones, those above first, in place of those of a seed.
    Source: Karras et al., StyleGAN (2018), arXiv:1812.04948, section 3.1 and figure 3.
    """
    trained = loaded(run)
    out = trained.run.path / "mix.png" if out is None else Path(out)
    if out.suffix.lower() not in FORMATS:
        raise Refused(f"--out {out}: give a .png, .jpg or .webp file")
    for option, number in (("--rows", rows), ("--columns", columns)):
        if not 1 <= number <= MOST:
            raise Refused(f"{option} {number}: give 1 to {MOST}")
    refuse_unwritable(out.parent, "give another path with --out")
    model = trained.model.with_truncation(truncation)
    first, last = layers_of(layers, style_generator(model).num_styles)
    styles = _styles(model, _latents(trained, rows + columns, label, seed, latents))
    mixed = styles[columns:, None].repeat(1, columns, 1, 1)  # rows of those on the left
    mixed[:, :, first : last + 1] = styles[:columns, first : last + 1]
    pictures = model.pictures(_pictures(model, torch.cat([styles, mixed.flatten(0, 1)])))
    out.parent.mkdir(parents=True, exist_ok=True)
    save_picture(grid(_table(pictures, rows, columns), columns + 1), out)
    return out


def style_generator(model: Model) -> StyleGenerator:
    """The generator. Raises `Refused` where it makes no styles."""
    if not isinstance(model.generator, StyleGenerator):
        raise Refused(
            "mix needs a generator that makes styles, as StyleGAN's, and this run's makes none: train stylegan2-mnist"
            " or stylegan2-folder"
        )
    return model.generator


def layers_of(text: str, number: int) -> tuple[int, int]:
    """The first and the last layer that are meant, of so many. Raises `Refused` for others."""
    if text in THIRDS:
        ends = [round(number * third / 3) for third in range(4)]
        place = THIRDS.index(text)
        return ends[place], max(ends[place + 1] - 1, ends[place])
    found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, -1)
    if not 0 <= first <= last < number:
        raise Refused(
            f"--layers {text}: give coarse, middle or fine, or layers from 0 to {number - 1}, as in 0-{number // 2}"
        )
    return first, last


def _latents(
    trained: TrainedRun, number: int, label: str | int | None, seed: int, file: str | Path | None
) -> SavedLatents:
    if file is None:
        return trained.saved_latents(number, label=label, seed=seed)
    saved = read_latents(Path(file))
    if len(saved.latents) < number:
        raise Refused(
            f"--latents {file}: {len(saved.latents)} of the {number} latents that are needed: give fewer --rows and"
            " --columns"
        )
    saved = saved.first(number).fitting(trained.model)
    if label is None:
        return saved
    return SavedLatents(saved.latents, (trained.classes[trained.class_number(label)],) * number)


@torch.no_grad()
def _styles(model: Model, saved: SavedLatents) -> Tensor:
    """The styles of latents, truncated as the model says, (number, num_styles, width)."""
    generator = style_generator(model)
    weight = next(generator.parameters())
    label = torch.from_numpy(saved.labels_of(model)).to(weight.device) if model.classes else None
    latent = torch.from_numpy(saved.latents).to(weight)
    psi = latent.new_full((len(latent),), 1.0 if model.truncation is None else model.truncation)
    with sampling(generator, model.recipe.sampling):
        return generator.truncated(latent, label, model.mean_styles, psi)


@torch.no_grad()
def _pictures(model: Model, styles: Tensor) -> Tensor:
    generator = style_generator(model)
    with sampling(generator, model.recipe.sampling):
        return torch.cat([generator.pictures(part) for part in styles.split(model.recipe.training.batch_size)])


def _table(pictures: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """An empty corner and the pictures above; then, row by row, the one on the left and the mixed ones."""
    corner = np.full_like(pictures[:1], 0 if pictures.shape[1] == 4 else 255)
    above, left, mixed = np.split(pictures, [columns, columns + rows])
    lines = [np.concatenate([corner, above])]
    lines += [np.concatenate([one[None], part]) for one, part in zip(left, np.split(mixed, rows), strict=True)]
    return np.concatenate(lines)
