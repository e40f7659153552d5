"""A generator as one HTML page that draws its samples in the visitor's browser, without a network."""

import base64
import gzip
from pathlib import Path
from typing import Any

from honmono.errors import Refused
from honmono.files import atomic_write_bytes
from honmono.generation.exports.onnx_file import MANY, compared_onnx, describe, refuse_without_onnx
from honmono.generation.exports.web_runtime import read_runtime
from honmono.generation.load import TrainedRun
from honmono.generation.model import LEAST_TRUNCATION
from honmono.recipe.latents import Clusters, Uniform, Vector
from honmono.reports.html import render


LARGEST = 256 * 2**20  # bytes of weights: browsers hold texts of at most 512 MB
FEW = 2**20  # values in a grid that the page begins with, at most


def write_page(trained: TrainedRun, out: Path, runtime: Path | None = None) -> None:
    """Writes the page. runtime: a folder of the npm package onnxruntime-web; None: the cache.

    Raises `Refused` for points, for latents in clusters, for networks that are too large, without the runtime, and as
    `compared_onnx` does.
    """
    refuse_without_onnx("page")
    model = trained.model
    if model.range is None:
        raise Refused("--to page needs pictures, and this run generates points: use --to onnx")
    if isinstance(model.recipe.latent, Clusters):
        raise Refused("--to page: a page cannot draw latents in clusters yet: use --to onnx")
    if (evaluations := model.sampler.evaluations) > MANY:
        raise Refused(
            f"--to page: the sampler evaluates the network {evaluations} times, and a page at most {MANY} times:"
            " give fewer --sampler-steps"
        )
    if (size := sum(value.nbytes for value in model.generator.state_dict().values())) > LARGEST:
        raise Refused(f"--to page: the network has {size / 2**20:.0f} MB of weights, more than 256 MB: use --to onnx")
    carried = read_runtime(runtime)
    blobs = {"runtime": carried.script, "wasm": carried.wasm, "model": compared_onnx(trained)}
    document = render(
        "generation/exports/page/page.html",
        about=_about(trained),
        summary=_summary(trained),
        note=_note(trained),
        blobs={name: base64.b64encode(gzip.compress(data, mtime=0)).decode() for name, data in blobs.items()},
    )
    atomic_write_bytes(out, document.encode())


def _about(trained: TrainedRun) -> dict[str, Any]:
    """What the scripts of the page have to know."""
    model, shape = trained.model, trained.model.data_spec.sample_shape
    latent, facts = model.recipe.latent, describe(trained)
    return {
        "recipe": facts["recipe"],
        "classes": facts["classes"],
        "range": facts["range"],
        "shape": shape,
        "latent": type(latent).__name__,
        "latentShape": [latent.dim] if isinstance(latent, Vector) else shape,
        "low": latent.low if isinstance(latent, Uniform) else None,
        "high": latent.high if isinstance(latent, Uniform) else None,
        "styles": model.makes_styles,
        "leastTruncation": 0 if model.makes_styles else LEAST_TRUNCATION,
        "chunk": model.recipe.training.batch_size,
        "batchNorm": model.recipe.sampling,
        "noises": model.sampler.noises(),
        "count": next(count for count in (64, 16, 4, 1) if count * shape[1] * shape[2] <= FEW or count == 1),
    }


def _summary(trained: TrainedRun) -> str:
    return (
        f"A generator after {trained.step:,} steps of training. Your browser draws its pictures: this page sends and"
        " fetches nothing."
    )


def _note(trained: TrainedRun) -> str:
    facts = describe(trained)
    averaged = "averaged" if facts["weights"] == "average" else "raw"
    return (
        f"The pictures of a seed are those of honmono sample RUN --seed SEED, to one grey level. honmono"
        f" {facts['honmono']}, {averaged} weights, batch norm: {facts['batch_norm']}."
    )
