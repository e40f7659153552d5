"""`honmono export`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import BatchNorm, Checkpoint, Guidance, SamplerSteps, Solver, TrustCode, open_run
from honmono.errors import Refused


def export(
    run: Annotated[Path | None, Argument(help="a run directory, or hf:OWNER/NAME of a model of the hub")] = None,
    to: Annotated[
        str,
        Option(
            help="onnx: a file for any ONNX runtime; safetensors: weights and a configuration; page: an HTML file that"
            " draws in a browser"
        ),
    ] = "onnx",
    out: Annotated[Path | None, Option(help="FILE.onnx, a new directory, or FILE.html; in RUN by default")] = None,
    batch_norm: BatchNorm = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    trust_code: TrustCode = False,
    runtime: Annotated[Path | None, Option(help="of a page: folder of the npm package onnxruntime-web")] = None,
    fetch_runtime: Annotated[
        bool, Option("--fetch-runtime", help="get that package by npm, once, into the cache; needs no RUN")
    ] = False,
) -> None:
    """Write a run's generator for other programs, for browsers, or without its run."""
    if fetch_runtime:
        from honmono.generation.exports.web_runtime import fetch_runtime as fetch

        print(fetch())
        if run is None:
            return
    if run is None:
        raise Refused("export: give a run directory, as in `honmono export runs/00001-dcgan-digits`")
    from honmono.generation.exports.write import export as write_export

    trained = open_run(run, "cpu", trust_code, checkpoint, batch_norm, sampler_steps, solver, guidance)
    print(write_export(trained, to, out, runtime=runtime))
