"""`honmono export`: a trained generator for other programs and other machines."""

from dataclasses import replace
from pathlib import Path

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.exports.onnx_file import write_onnx
from honmono.generation.exports.page_file import write_page
from honmono.generation.exports.weights import Exported, write_weights
from honmono.generation.load import TrainedRun, loaded
from honmono.recipe.record import Record


NAMES = {"onnx": "generator.onnx", "safetensors": "generator", "page": "generator.html"}  # in a run's directory


def export(
    run: str | Path | TrainedRun,
    to: str = "onnx",
    out: str | Path | None = None,
    *,
    runtime: str | Path | None = None,
) -> Path:
    """Writes a trained generator in another form and returns the path.

    run: a run or its directory, then with its newest checkpoint.
    to: "onnx", one file that draws samples in any ONNX runtime (extra `onnx`); "safetensors", a directory of weights
        and a configuration, which `load` reads; or "page", an HTML file that draws samples in a browser (extra `onnx`).
    out: FILE.onnx, a new directory, or FILE.html; None: in the run's directory.
    runtime: for a page, a folder of the npm package onnxruntime-web; None: the cache, which `fetch_runtime` fills.
    Raises `Refused` where the generator cannot be exported, `Failed` where the file would draw other samples.
    """
    if to not in NAMES:
        raise Refused(f"--to {to}: give one of {', '.join(NAMES)}")
    trained = loaded(run, device="cpu")
    out = trained.run.path / NAMES[to] if out is None else Path(out)
    refuse_unwritable(out.parent, "give another path with --out")
    if to == "onnx":
        _to_file(out, ".onnx")
        write_onnx(trained, out)
    elif to == "page":
        _to_file(out, ".html")
        write_page(trained, out, None if runtime is None else Path(runtime))
    else:
        _to_directory(trained, out)
    return out


def _to_file(out: Path, suffix: str) -> None:
    """Prepares the file's directory."""
    if out.suffix != suffix or out.is_dir():
        raise Refused(f"--out {out}: give a {suffix} file")
    out.parent.mkdir(parents=True, exist_ok=True)


def _to_directory(trained: TrainedRun, out: Path) -> None:
    if out.exists():
        raise Refused(f"--out {out}: it exists; give a new directory")
    write_weights(exported_of(trained), out)


def exported_of(trained: TrainedRun) -> Exported:
    """The generator's weights, with the sampler and the mode of batch norm that were chosen."""
    model = trained.model
    record = Record(trained.name, replace(model.recipe, sampler=model.sampler), model.data_spec)
    state = model.generator.state_dict()
    return Exported(record, state, model.weights, trained.step, trained.images, trained.source)
