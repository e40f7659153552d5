"""Options and arguments of several verbs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from honmono.errors import Refused


if TYPE_CHECKING:  # it imports torch, which --help does not need
    from honmono.data.packing.sizes import Size
    from honmono.generation.load import TrainedRun


def complete_recipe(incomplete: str) -> Iterator[tuple[str, str]]:
    """The names of recipes for a shell to complete, each with its summary."""
    from honmono.recipes import catalogue

    yield from ((row["name"], row["summary"]) for row in catalogue() if row["name"].startswith(incomplete))


Run = Annotated[Path, Argument(help="a run directory, or hf:OWNER/NAME of a model of the hub")]
Seed = Annotated[int, Option(help="seed of the latents")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps")]
Checkpoint = Annotated[str | None, Option(help="best, newest or a step; newest by default")]
TrustCode = Annotated[bool, Option("--trust-code", help="run the recipe.py in the run's directory")]
Reading = Annotated[str | None, Option("--classes", help="where classes are read from: auto, folders, labels or none")]
SamplerSteps = Annotated[int | None, Option(help="steps from noise to a sample; the recipe's by default")]
Solver = Annotated[str | None, Option(help="of a flow: euler, midpoint or heun")]
Guidance = Annotated[float | None, Option(help="above 1: more typical of the class; flows and diffusion")]
AsJson = Annotated[bool, Option("--json", help="print one JSON document and nothing else")]
BatchNorm = Annotated[str | None, Option(help="statistics: running, batch or identity (none); the recipe's by default")]
Latents = Annotated[Path | None, Option(help="FILE.json of saved latents, in place of those of a seed")]
LabelIndex = Annotated[int | None, Option(help="number of the class, from 0")]


def open_run(
    run: Path,
    device: str,
    trust_code: bool,
    checkpoint: str | None,
    batch_norm: str | None = None,
    sampler_steps: int | None = None,
    solver: str | None = None,
    guidance: float | None = None,
) -> "TrainedRun":
    """The run, sampled as its options say."""
    from honmono.generation.load import load

    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint)
    trained = trained.with_sampler(steps=sampler_steps, solver=solver, guidance=guidance)
    return trained if batch_norm is None else trained.with_batch_norm(batch_norm)


def named_class(trained: "TrainedRun", label: str | None, index: int | None) -> str | None:
    """The name of the class that `--label` or `--label-index` selects; None without either."""
    if label is not None and index is not None:
        raise Refused("--label and --label-index: give only one of them")
    return label if index is None else trained.class_name(index)


def parse_changes(texts: list[str] | None) -> dict[str, str]:
    """`FIELD=VALUE` texts as a mapping."""
    texts = texts or []
    for text in texts:
        if "=" not in text:
            raise Refused(f"--set {text}: write it as FIELD=VALUE, as in --set training.batch_size=32")
    return {field: value for field, _, value in (text.partition("=") for text in texts)}


def read_size(text: str | None) -> "Size | None":
    """The argument of `--size`: a number, or HEIGHTxWIDTH."""
    return int(text) if text is not None and text.isdecimal() else text
