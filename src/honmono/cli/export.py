"""`honmono export`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from honmono.cli.options import BatchNorm, Checkpoint, Guidance, Run, SamplerSteps, Solver, TrustCode


def export(
    run: Run,
    to: Annotated[
        str, Option(help="onnx: a file for any ONNX runtime; safetensors: weights and a configuration")
    ] = "onnx",
    out: Annotated[Path | None, Option(help="FILE.onnx, or a new directory; in RUN by default")] = None,
    batch_norm: BatchNorm = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    trust_code: TrustCode = False,
) -> None:
    """Write a run's generator for other programs, or without its run."""
    from honmono.generation.exports.write import export as write_export
    from honmono.generation.load import load

    trained = load(run, device="cpu", trust_code=trust_code, checkpoint=checkpoint)
    trained = trained.with_sampler(steps=sampler_steps, solver=solver, guidance=guidance)
    trained = trained if batch_norm is None else trained.with_batch_norm(batch_norm)
    print(write_export(trained, to, out))
