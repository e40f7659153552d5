"""The gallery of docs/: the newest pictures of real runs, each with the command, data, cost and numbers of its run.

    python benchmarks/gallery.py RUN ...    # puts these runs in, in place of earlier ones of the same recipes
    python benchmarks/gallery.py            # writes the page anew

What the page tells of a run is kept in results/gallery.json. Recipes without a run are listed as not trained.
"""

import argparse
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faults import faults
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_write_bytes, write_json
from honmono.recipe.registry import entries, find
from honmono.recipe.serialize import to_json
from honmono.recipe.value import AUTO_FIELDS
from honmono.reports.comparison import summary
from honmono.reports.figures.film import frames
from honmono.reports.figures.landscape import drawn, load
from honmono.reports.figures.style import png
from honmono.runs import evaluations
from honmono.runs.checkpoints import read_newest
from honmono.runs.evaluations import is_detail
from honmono.runs.fields import flat
from honmono.runs.images import GAP


KEPT = Path(__file__).parent / "results" / "gallery.json"
FULL_SIZE = KEPT.parent / "full-size.json"
PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"
PICTURES = PAGE.parent / "images" / "gallery"
SIDE = 700  # pixels of a picture at most
PANEL = 3.0  # inches of a landscape's panel
MOST_BYTES = 120 * 1024
HEAD = """# Gallery

What recipes draw: the last pictures of one real run each, and what that run took. Below them stands what is wrong with
them, as far as the run's numbers say it; where nothing stands, they say nothing. Runs under other seeds, where there
are any, are in the [quality tables](../benchmarks/README.md). Seconds are of training alone, on a machine shared with
other work. Protocols of the numbers are in the runs' `metrics.jsonl`. Made by `python benchmarks/gallery.py RUN ...`.

`cifar10_jpg.tar.gz` is CIFAR-10 (JPEG), a lossy copy, and `mnist` the directory of MNIST's own files; `fid[cifar10]`
and `fid[mnist]` are distances in features of our own, with which no paper's numbers compare. Of points two panels
stand side by side: the generator's over the real ones, and contours of what the discriminator gives them, with the
least and the greatest; of a Coulomb GAN also those of the true potential.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes docs/gallery.md from runs.")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    PICTURES.mkdir(parents=True, exist_ok=True)
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for run in summary.read(parser.parse_args().runs):
        shown = pictures(run)
        kept[run.recipe] = told(run, list(shown))
        for path in PICTURES.glob(f"{run.recipe}.*"):
            path.unlink()
        for name, data in shown.items():
            atomic_write_bytes(PICTURES / name, data)
    write_json(KEPT, dict(sorted(kept.items())))
    atomic_write_bytes(PAGE, page(kept).encode())


def told(run: summary.Summary, files: list[str]) -> dict[str, Any]:
    """What the page says of a run, by its newest pictures, which lie in these files."""
    step = newest(run)
    saved, _ = read_newest(run.run.checkpoints)
    if saved is None or saved.state["step"] != step:
        raise Refused(f"{run.run.path} has a picture of step {step} and no newest checkpoint of it: let it end")
    lines = [line for line in evaluations.read(run.run) if line["step"] == step]
    numbers = {key: value for line in lines for key, value in line["metrics"].items() if not is_detail(key)}
    if not numbers and find(run.recipe).make().metrics:
        raise Refused(f"{run.run.path} was not measured at step {step}: honmono evaluate {run.run.path}")
    return {
        "command": command(run, step),
        "data": named(run.fields.get("data.source")),
        "seed": run.fields["training.seed"],
        "batch_size": run.fields["training.batch_size"],
        "commit": json.loads(run.run.environment_json.read_text(encoding="utf-8"))["git_commit"],
        "pictures": files,
        "step": step,
        "images": saved.state["images"],
        "seconds": saved.state["seconds"],
        "precision": run.precision,
        "hardware": run.hardware,
        "metrics": {key: round(value, 4) for key, value in numbers.items() if value is not None},
    }


def newest(run: summary.Summary) -> int:
    return int(newest_frame(run).stem)


def newest_frame(run: summary.Summary) -> Path:
    shown = frames(run.run.samples)
    if not shown:
        raise Refused(f"{run.run.path} has no pictures yet")
    return shown[-1]


def named(source: Any) -> str | None:
    """Data as others may read of them: where files of one's own lie is nobody's business."""
    if source is None or source.startswith("hf:"):
        return source
    return re.sub(r"/.*/|/", "", source)


def command(run: summary.Summary, step: int) -> str:
    """What trains it again: the fields that differ from the recipe's own, and where its data are one's own files."""
    own = flat(to_json(find(run.recipe).make()))
    source = run.fields.get("data.source")
    words = [f"honmono train {run.recipe}"]
    words += [f"--data {named(source)}"] if source != own.get("data.source") and source is not None else []
    if run.fields["training.seed"] != own["training.seed"]:
        words.append(f"--seed {run.fields['training.seed']}")
    words += [f"--steps {step}"] if step != own["training.steps"] else []
    names = ("seed", "steps", "precision", "best", "sample_every", "checkpoint_every", "measure_")
    training = tuple(f"training.{name}" for name in names)
    passed = ("data.source", "metrics", "grids", *AUTO_FIELDS, *training)
    for name in dict.fromkeys([*own, *run.fields]):
        if not name.startswith(passed) and run.fields.get(name) != own.get(name) and name in run.fields:
            words.append(f"--set {name}={run.fields[name]}")
    return " ".join(words)


def pictures(run: summary.Summary) -> dict[str, bytes]:
    """The newest ones by their files' names: every grid's first samples, or points with their landscape."""
    newest = newest_frame(run)
    landscape, reals = newest.with_suffix(".npz"), newest.with_name("real.npz")
    if landscape.is_file():
        with (
            np.load(reals, allow_pickle=False) as file,
            Image.open(io.BytesIO(png(drawn(load(landscape), file["points"], "", PANEL)))) as opened,
        ):
            panels = opened.convert("RGB").quantize(128, dither=Image.Dither.NONE)
            return {f"{run.recipe}.png": encoded(panels)}
    shape = json.loads(run.run.recipe_json.read_text(encoding="utf-8"))["interface"]["sample_shape"]
    if len(shape) == 1:  # packing and conditional discriminators have no landscape
        with Image.open(newest) as opened:
            scatter = opened.convert("RGB")
        scatter.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        return {f"{run.recipe}.png": light(scatter)}
    shown = {}
    for path in (newest, *sorted(newest.parent.glob(f"{newest.stem}-*.png"))):
        grid = path.stem.removeprefix(newest.stem).replace("-", ".", 1)
        with Image.open(path) as opened:
            shown[f"{run.recipe}{grid}.png"] = light(whole_cells(opened, shape[-1]))
    return shown


def whole_cells(grid: Image.Image, side: int) -> Image.Image:
    """As many of a grid's samples as fit, none cut through. side: of a sample in pixels, before it was enlarged."""
    cell = next(
        factor * side + GAP
        for factor in range(grid.width // side, 0, -1)
        if (grid.width - GAP) % (factor * side + GAP) == 0 == (grid.height - GAP) % (factor * side + GAP)
    )
    width, height = (GAP + (min(length, max(SIDE, GAP + cell)) - GAP) // cell * cell for length in grid.size)
    return grid.crop((0, 0, width, height))


def light(shown: Image.Image) -> bytes:
    """As a PNG; in fewer colours where it would be heavy."""
    data = encoded(shown)
    return data if len(data) <= MOST_BYTES else encoded(shown.convert("RGB").quantize(128, dither=Image.Dither.NONE))


def encoded(shown: Image.Image) -> bytes:
    buffer = io.BytesIO()
    shown.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def page(kept: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [HEAD]
    for name, entry in entries().items():
        if name in kept:
            parts.append("\n".join(section(name, entry.summary, kept)))
    steps = json.loads(FULL_SIZE.read_text(encoding="utf-8")) if FULL_SIZE.exists() else {}
    missing = [
        f"| `{name}` | {entry.summary} | {a_step(steps.get(name))} |"
        for name, entry in entries().items()
        if name not in kept
    ]
    if missing:
        parts.append("\n".join(["## Not trained", "", *untrained(missing)]))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def untrained(rows: Iterable[str]) -> list[str]:
    return [
        "Built, and stepped in the tests with every mechanism at a small size; no run of these is kept, and nothing is",
        "claimed of what they draw. Of large ones `python benchmarks/full_size.py`",
        "made the first step at full size, in a batch as small as it can be:",
        *("", "| recipe | what it is | one step at full size |", "|---|---|---|"),
        *rows,
    ]


def a_step(row: Mapping[str, Any] | None) -> str:
    """What `full_size.py` found."""
    if row is None:
        return ""
    parameters = f"{row['parameters'] / 1e6:.0f} million parameters"
    seconds = f"{row['seconds']:.1f}" if row["seconds"] >= 0.05 else "under 0.1"
    return f"{row['shape']}, {parameters}, batch {row['batch']}: {seconds} s, {row['gib']:.1f} GiB"


def section(name: str, summary: str, kept: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    run, recipe = kept[name], find(name).make()
    wrong = " ".join(faults(name, recipe, kept))
    numbers = ", ".join(f"`{key}` {value:g}" for key, value in run["metrics"].items())
    cost = f"{length(run['step'], recipe.training.steps)}, {run['images']:,} images seen"
    cost += f" in batches of {run['batch_size']}, seed {run['seed']}, {run['seconds']:,.0f} s ({run['precision']})"
    data = f"data: `{run['data']}`; " if run["data"] else ""
    return [
        *(f"## {name}", "", f"{summary[0].upper()}{summary[1:]}.", ""),
        *(line for file in run["pictures"] for line in (f"![{file.removesuffix('.png')}](images/gallery/{file})", "")),
        *((f"**What is wrong:** {wrong}", "") if wrong else ()),
        *("```sh", run["command"], "```", ""),
        f"{cost}; {data}{run['hardware']}. Measured: {numbers or 'nothing'}.",
    ]


def length(steps: int, own: int) -> str:
    """How much of a recipe's own length a run is."""
    if steps == own:
        return f"{steps:,} steps"
    share = f"{steps / own:.1%} of" if steps < own else f"{steps / own:.1f} times"
    return f"{steps:,} steps, {share} the recipe's {own:,}"


if __name__ == "__main__":
    main()
