"""`honmono interpolate`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from honmono.cli.options import (
    Checkpoint,
    Device,
    Guidance,
    LabelIndex,
    Latents,
    Run,
    SamplerSteps,
    Seed,
    Solver,
    TrustCode,
    named_class,
    open_run,
)


def interpolate(
    run: Run,
    out: Annotated[Path | None, Option(help="FILE.gif, FILE.webp or FILE.mp4; in RUN by default")] = None,
    label: Annotated[
        str | None, Option(help="name of the class of all samples; by default each column has another class")
    ] = None,
    label_index: LabelIndex = None,
    labels: Annotated[
        str | None, Option(help="names of classes A,B,... in turn; they change halfway between two latents")
    ] = None,
    seed: Seed = 0,
    latents: Latents = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Make a film of samples that moves from latent to latent."""
    from honmono.generation.interpolate import write_interpolation

    trained = open_run(
        run, device, trust_code, checkpoint, sampler_steps=sampler_steps, solver=solver, guidance=guidance
    )
    several = labels.split(",") if labels is not None else ()
    label = named_class(trained, label, label_index)
    print(write_interpolation(trained, out, seed=seed, label=label, labels=several, latents=latents))
