"""`honmono project`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import (
    BatchNorm,
    Checkpoint,
    Device,
    Guidance,
    LabelIndex,
    Run,
    SamplerSteps,
    Seed,
    Solver,
    TrustCode,
    named_class,
    open_run,
)


def project(
    run: Run,
    picture: Annotated[Path, Argument(help="a picture file")],
    label: Annotated[str | None, Option(help="name of the class; by default that of the nearest sample")] = None,
    label_index: LabelIndex = None,
    steps: Annotated[int, Option(help="of the optimisation")] = 300,
    seed: Seed = 0,
    out: Annotated[Path | None, Option(help="FILE.png; the latent is in FILE.json; in RUN by default")] = None,
    batch_norm: BatchNorm = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Find the latent whose sample is nearest to a picture."""
    from honmono.generation.latents.given_picture import write_projection

    trained = open_run(run, device, trust_code, checkpoint, batch_norm, sampler_steps, solver, guidance)
    label = named_class(trained, label, label_index)
    compared, latent, found = write_projection(trained, picture, out, label=label, steps=steps, seed=seed)
    print(
        f"distance {found.distance:.4f} ({found.features} features), nearest random sample {found.distance_before:.4f}"
    )
    print(f"difference of pixels {found.error * 127.5:.1f} of 255 (root mean square)")
    print(compared)
    print(latent)
