"""Six small runs: what `evaluate` measures of them and what `compare` says of their numbers are as stored.

Training and sampling are in float64, so that weights and pixels are equal on every machine: rounding to 256 levels can
make a difference of a whole level out of float32's last bit. The feature networks compute in float32 always.
Between processors (AVX-512, AVX2, neither) the numbers differed by up to 8e-7 of themselves.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import honmono


STEPS, FAKES = 4, 200
RUNS = {
    "digits": ("dcgan-digits", "fid,prdc,labels,variety"),
    "grid": ("gan-grid", "modes"),
    "conditional": ("cgan-mnist", "fid,prdc,is,labels,nearest_class,variety"),
    "growing": ("pggan-mnist", "fid[mnist],prdc[mnist],neighbours[mnist]"),
    "stacked": ("pacgan-stacked-mnist", "stacked_modes"),
    "folder": ("folder", "fid[cifar10],nearest_class[cifar10],variety[cifar10]"),
}


@pytest.fixture(scope="module", autouse=True)
def generators_in_float64() -> Iterator[None]:
    """Networks are built, and their saved weights loaded, in torch's default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory,
    tiny: Callable[..., Any],
    train_run: Callable[[Any, Path, int], None],
    pictures: Callable[..., Path],
    folder: Path,
) -> dict[str, Path]:
    root, grey = tmp_path_factory.mktemp("runs"), pictures(1, 28, 300)
    sources = {"digits": "digits", "conditional": grey, "growing": grey, "stacked": grey, "folder": folder}
    fields = {  # of digits and of a folder: as they were when these were stored
        "growing": {"data.size": "28"},  # as the features want them: resizing is in float32, and rounds too
        "digits": {
            "objective.penalties": "(R1(1.0),)",
            "training.learning_rates": "Pair(Constant())",
        },
        "folder": {"objective.penalties.2.weight": "2.0", "objective.penalties.2.tolerance": "0.075"},
    }
    for name, (recipe, _) in RUNS.items():
        changes = {"metrics": "()", **fields.get(name, {})}
        train_run(tiny(recipe, sources.get(name), **changes), root / name, STEPS)
    return {name: root / name for name in RUNS}


@pytest.fixture(scope="module")
def evaluations(runs: dict[str, Path]) -> dict[str, Any]:
    return {
        name: honmono.evaluate(runs[name], metrics, num=FAKES, seeds=2, device="cpu").to_json()
        for name, (_, metrics) in RUNS.items()
    }


def test_evaluations_are_those_stored(evaluations: dict[str, Any], golden: Callable[..., None]) -> None:
    records = [record for made in evaluations.values() for record in made["protocol"].values()]
    assert {record["context"]["precision"] for record in records} == {"float64"}
    golden("evaluations/metrics", {name: made["metrics"] for name, made in evaluations.items()}, relative=5e-6)


def test_their_intervals_are_those_stored(evaluations: dict[str, Any], golden: Callable[..., None]) -> None:
    """Of numbers, not of their parts: an interval of two seeds is 13 times as wide as these are apart."""
    intervals = {
        name: {key: ends for key, ends in made["intervals"].items() if "]." not in key}
        for name, made in evaluations.items()
    }
    golden("evaluations/intervals", intervals, relative=1e-5, absolute=1e-5)


def test_a_comparison_is_that_stored(
    runs: dict[str, Path], evaluations: dict[str, Any], golden: Callable[..., None]
) -> None:
    """Of the six runs and of a copy of one of them that was evaluated with another number of fakes."""
    assert evaluations.keys() == runs.keys()  # the comparison reads what they left in the runs
    again = runs["digits"].with_name("again")
    shutil.copytree(runs["digits"], again)
    (again / "metrics.jsonl").unlink()
    honmono.evaluate(again, "fid,variety", num=2 * FAKES, device="cpu")
    told = honmono.compare([*runs.values(), again], mixed=True).to_json()
    rows = [
        {
            "run": row["run"],
            "metrics": {key: value for key, value in row["metrics"].items() if "]." not in key},
            "not_comparable": [key for key in row["not_comparable"] if "]." not in key],
        }
        for row in told["runs"]
    ]
    golden("evaluations/comparison", {"runs": rows}, relative=5e-6)


def test_what_was_measured_otherwise_is_refused(runs: dict[str, Path], evaluations: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="modes of stacked and grid"):
        honmono.compare([runs["grid"], runs["stacked"]])
