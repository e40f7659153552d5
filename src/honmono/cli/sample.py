"""`honmono sample`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from honmono.cli.options import (
    BatchNorm,
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
from honmono.errors import Refused


def sample(
    run: Run,
    num: Annotated[int | None, Option(help="number of samples: 64, or all of --latents")] = None,
    label: Annotated[str | None, Option(help="name of the class; all in turn by default")] = None,
    label_index: LabelIndex = None,
    seed: Seed = 0,
    truncation: Annotated[
        float | None, Option(help="largest normal latent; of StyleGAN2: 0 to 1, 0 is the mean picture")
    ] = None,
    batch_norm: BatchNorm = None,
    raw: Annotated[bool, Option("--raw", help="write the generator's own values as .npy")] = False,
    out: Annotated[
        Path | None,
        Option(help="FILE.png, .jpg or .webp for a grid, .npy with --raw, or a directory; in RUN by default"),
    ] = None,
    latents: Latents = None,
    save_latents: Annotated[Path | None, Option(help="FILE.json to keep the latents of the samples in")] = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Generate samples from a run."""
    from honmono.generation.latents.saved import write_latents
    from honmono.generation.write import NUM, write_samples

    trained = open_run(run, device, trust_code, checkpoint, batch_norm, sampler_steps, solver, guidance)
    label = named_class(trained, label, label_index)
    if latents is not None and save_latents is not None:
        raise Refused("--latents and --save-latents: give only one of them")
    options = {"label": label, "seed": seed, "truncation": truncation}
    print(write_samples(trained, num, out, raw=raw, latents=latents, **options))
    if save_latents is not None:
        print(write_latents(trained.saved_latents(NUM if num is None else num, **options), save_latents))
