"""The verbs that make pictures of a run: `sample`, `interpolate`, `plot`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from honmono.errors import Refused


if TYPE_CHECKING:  # it brings torch, which no verb waits for before it runs
    from honmono.generation.load import TrainedRun


Run = Annotated[Path, Argument(help="a run directory")]
Seed = Annotated[int, Option(help="which latents are drawn")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps")]
Checkpoint = Annotated[str | None, Option(help="best, newest or a step; the newest otherwise")]
TrustCode = Annotated[bool, Option("--trust-code", help="run the recipe.py in the run's directory")]
LabelIndex = Annotated[int | None, Option(help="one class, by its number from 0 on")]


def sample(
    run: Run,
    num: Annotated[int, Option(help="how many samples")] = 64,
    label: Annotated[str | None, Option(help="one class, by its name; all in turn otherwise")] = None,
    label_index: LabelIndex = None,
    seed: Seed = 0,
    truncation: Annotated[float | None, Option(help="redraw latents beyond this (normal latents)")] = None,
    batch_norm: Annotated[
        str | None, Option(help="running, batch (statistics) or identity; otherwise as the recipe says")
    ] = None,
    raw: Annotated[bool, Option("--raw", help="write a .npy of the generator's own numbers")] = False,
    out: Annotated[
        Path | None, Option(help="FILE.png for a grid, FILE.npy with --raw, or a directory; otherwise in RUN")
    ] = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Draw samples from a run."""
    from honmono.generation.load import load
    from honmono.generation.write import write_samples

    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint)
    label = _named(trained, label, label_index)
    trained = trained if batch_norm is None else trained.with_batch_norm(batch_norm)
    print(write_samples(trained, num, out, raw=raw, label=label, seed=seed, truncation=truncation))


def interpolate(
    run: Run,
    out: Annotated[Path | None, Option(help="FILE.gif or FILE.webp; otherwise in RUN")] = None,
    label: Annotated[str | None, Option(help="one class, by its name; otherwise every column keeps its own")] = None,
    label_index: LabelIndex = None,
    labels: Annotated[
        str | None, Option(help="classes A,B,... in turn, that change halfway from latent to latent")
    ] = None,
    seed: Seed = 0,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Make a film that walks from latent to latent."""
    from honmono.generation.interpolate import write_interpolation
    from honmono.generation.load import load

    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint)
    several = labels.split(",") if labels is not None else ()
    print(write_interpolation(trained, out, seed=seed, label=_named(trained, label, label_index), labels=several))


def _named(trained: "TrainedRun", label: str | None, index: int | None) -> str | None:
    """The class that was asked for by its name or by its number; None: neither."""
    if label is not None and index is not None:
        raise Refused("--label and --label-index both name a class: give one of them")
    return label if index is None else trained.class_name(index)


def plot(run: Run, out: Annotated[Path | None, Option(help="directory for the pictures")] = None) -> None:
    """Plot a run's losses, learning rates and speed, and make a film of its samples."""
    from honmono.reports.figures.run import plot as plot_run

    for path in plot_run(run, out):
        print(path)
