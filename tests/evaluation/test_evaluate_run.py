"""Evaluating runs: `honmono.evaluate(run)`, what it records, and which checkpoint and weights it takes."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import honmono
from honmono.errors import Failed, Refused
from honmono.evaluation.evaluate_run import Evaluation, evaluate
from honmono.evaluation.measure import measure
from honmono.generation.load import load
from honmono.metrics.fid import FID
from honmono.metrics.modes import ModeCoverage
from honmono.recipe.registry import find
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import is_detail


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run of `dcgan-digits` with checkpoints of steps 1, 2 and 3."""
    changes = {**find("dcgan-digits").tiny, "training.checkpoint_every": "1", "training.keep": "0"}
    path = tmp_path_factory.mktemp("runs") / "digits"
    honmono.train("dcgan-digits", steps=3, changes=changes, run=path)
    return path


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    """The run, to be written into."""
    return Path(shutil.copytree(original, tmp_path / "run"))


@pytest.fixture
def unconditional(tmp_path: Path) -> Path:
    """A tiny run that learns no classes."""
    changes = {**find("dcgan-digits").tiny, "conditional": "false"}
    honmono.train("dcgan-digits", steps=1, changes=changes, run=tmp_path / "unconditional")
    return tmp_path / "unconditional"


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run of `gan-grid`."""
    path = tmp_path_factory.mktemp("runs") / "grid"
    honmono.train("gan-grid", steps=2, changes=find("gan-grid").tiny, run=path)
    return path


def lines(run: Path) -> list[dict[str, Any]]:
    return evaluations.read(RunDirectory(run))


def test_an_evaluation_is_a_line_with_its_protocol(run: Path) -> None:
    made = evaluate(run, "fid[mnist],is[mnist]", num=200, seeds=2)
    (line,) = [line for line in lines(run) if not line["during_training"]]
    assert set(line) == {
        *("run", "checkpoint", "step", "images", "seconds", "time", "during_training"),
        *("metrics", "intervals", "protocol"),
    }
    assert (line["run"], line["checkpoint"], line["step"], line["images"]) == ("run", 3, 3, 24)
    assert line["metrics"] == made.measured.metrics
    assert line["protocol"] == made.measured.protocol and line["protocol"]["fid[mnist]"]["context"]["fakes.seeds"] == [
        0,
        1,
    ]
    low, high = line["intervals"]["fid[mnist]"]
    assert low < line["metrics"]["fid[mnist]"] < high
    assert made.to_json() == {
        "run": str(run),
        "checkpoint": 3,
        "metrics": line["metrics"],
        "protocol": line["protocol"],
        "intervals": line["intervals"],
    }


def test_the_numbers_are_those_of_the_run_s_generator(run: Path) -> None:
    trained = load(run)
    metrics = [FID(features="mnist", fakes=200)]
    by_hand = measure(trained.model, metrics)
    made = evaluate(run, metrics)
    assert made.measured.metrics == by_hand.metrics and made.measured.protocol == by_hand.protocol
    assert evaluate(run, metrics).measured.metrics == by_hand.metrics
    assert len(lines(run)) >= 2


def test_a_checkpoint_can_be_chosen(run: Path) -> None:
    numbers = {step: evaluate(run, "fid[mnist]", num=200, checkpoint=step) for step in (1, "2", "newest", None)}
    assert [made.step for made in numbers.values()] == [1, 2, 3, 3]
    assert len({made.measured.metrics["fid[mnist]"] for made in numbers.values()}) == 3
    assert [line["checkpoint"] for line in lines(run)[-4:]] == [1, 2, 3, 3]
    for missing in ("4", "newst", "-1", 7):
        with pytest.raises(Refused, match=rf"--checkpoint {missing}: give best, newest or a saved step .1, 2, 3"):
            evaluate(run, "fid[mnist]", checkpoint=missing)


def test_the_best_checkpoint_is_the_best_measured_during_training(run: Path) -> None:
    RunDirectory(run).metrics_jsonl.unlink(missing_ok=True)
    with pytest.raises(Refused, match="no best checkpoint: .*--checkpoint"):
        load(run, checkpoint="best")
    for step, value in ((1, 3.0), (2, 1.0), (3, 2.0)):
        line = evaluations.line(
            RunDirectory(run),
            step,
            8 * step,
            seconds=1.0,
            metrics={"fid[mnist]": value},
            intervals={},
            protocol={},
            best_by={"fid[mnist]": "lower"},
        )
        evaluations.append(RunDirectory(run), line)
    assert load(run, checkpoint="best").step == 2 and load(run).step == 3


def test_averaged_or_raw_weights(run: Path) -> None:
    averaged, raw = load(run), load(run, weights="raw")
    assert (averaged.weights, raw.weights, raw.images) == ("average", "raw", 24)
    stored = load_file(RunDirectory(run).checkpoint(3) / "generator.safetensors")
    assert all(torch.equal(tensor, stored[name]) for name, tensor in raw.raw_generator.state_dict().items())
    protocols = [evaluate(run, "fid[mnist]", num=200, weights=weights).measured for weights in ("average", "raw")]
    assert [one.protocol["fid[mnist]"]["context"]["fakes.weights"] for one in protocols] == ["average", "raw"]
    assert protocols[0].metrics != protocols[1].metrics


def test_points_are_counted_without_asking(points: Path) -> None:
    made = evaluate(points)
    assert list(made.measured.metrics) == ["modes", "high_quality", "reverse_kl"]
    assert made.measured.protocol["modes"]["conditions"]["fakes"] == 2_500
    assert evaluate(points, [ModeCoverage(fakes=70)]).measured.protocol["modes"]["conditions"]["fakes"] == 70
    assert load(points).weights == "raw"
    with pytest.raises(Refused, match="--reference digits: "):
        evaluate(points, reference="digits")


def with_metrics(run: Path, metrics: list[dict[str, Any]], **fields: Any) -> None:
    """Has the run's recipe name these metrics."""
    value = json.loads((run / "recipe.json").read_text())
    value["recipe"] |= {"metrics": metrics, **fields}
    (run / "recipe.json").write_text(json.dumps(value))


def wholes(made: Evaluation) -> list[str]:
    return [key for key in made.measured.metrics if not is_detail(key)]


def test_the_recipe_s_own_metrics_are_the_default(run: Path) -> None:
    with_metrics(run, [{"$class": "FID", "features": "mnist", "fakes": 150, "reals": 300}])
    made = evaluate(run)
    assert wholes(made)[0] == "fid[mnist]"
    own = {"metric": "fid[mnist]", "features": "mnist", "fakes": 150, "reals": 300}
    assert own.items() <= made.measured.protocol["fid[mnist]"]["conditions"].items()
    assert made.measured.protocol.keys() == {"fid[mnist]", "labels[mnist]", "variety[mnist]"}


def test_where_classes_are_learned_they_are_judged_without_asking(run: Path) -> None:
    with_metrics(run, [])
    made = evaluate(run, num=300)
    assert wholes(made) == ["label_fidelity[digits]", "variety[digits]", "variety_pixels[digits]"]
    assert {f"variety[digits].{name}" for name in "0123456789"} < set(made.measured.metrics)
    metrics = [{"$class": kind, "features": "cifar10", "fakes": 300} for kind in ("LabelFidelity", "NearestClass")]
    with_metrics(run, metrics)
    assert wholes(evaluate(run))[:2] == ["nearest_class[cifar10]", "nearest_class_of_reals[cifar10]"]


def test_where_none_are_learned_metrics_of_classes_are_left_out(unconditional: Path) -> None:
    fid = {"$class": "FID", "features": "mnist", "fakes": 150, "reals": 300}
    with_metrics(unconditional, [fid, {"$class": "NearestClass", "features": "mnist"}])
    assert list(evaluate(unconditional).measured.metrics) == ["fid[mnist]"]
    with_metrics(unconditional, [])
    with pytest.raises(Refused, match=r"--metrics fid\["):
        evaluate(unconditional)
    with pytest.raises(Refused, match=r"nearest_class\[mnist\]: .* no labels"):
        evaluate(unconditional, "nearest_class[mnist]")
    with_metrics(unconditional, [], data={"$class": "StackedMNIST", "source": "nowhere"})
    with pytest.raises(Refused, match=r"--metrics stacked_modes\[mnist\]$"):
        evaluate(unconditional)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"metrics": "fdi[mnist]"}, "did you mean 'fid'"),
        ({"metrics": "fid[mnst]"}, "did you mean 'mnist'"),
        ({"metrics": "modes"}, "modes is a metric of points"),
        ({"metrics": "fid[mnist],fid[mnist]"}, "given twice"),
        ({"metrics": "fid[mnist]", "num": 0}, "--num 0: "),
        ({"metrics": "fid[mnist]", "num": 100}, "at least 129 fakes"),
        ({"metrics": "labels[mnist]", "num": 5}, "for 10 classes"),
        ({"metrics": "fid[mnist]", "seeds": 0}, "--seeds 0: give the number"),
        ({"metrics": "fid[mnist]", "truncation": 0.0}, "at least 0.01"),
        ({"metrics": "fid[mnist]", "reference": "nowhere"}, "there is no nowhere"),
        ({"metrics": "fid[mnist]", "device": "tpu"}, "--device tpu"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_leaves_no_line(run: Path, words: dict[str, Any], line: str) -> None:
    before = lines(run)
    with pytest.raises(Refused, match=line):
        evaluate(run, **words)
    assert lines(run) == before


def test_one_process_evaluates(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(Refused, match="call honmono evaluate without torchrun"):
        evaluate(run, "fid[mnist]")


def test_a_generator_that_diverged_leaves_no_line(run: Path) -> None:
    checkpoint = RunDirectory(run).checkpoint(3)
    average = checkpoint / "average.safetensors"
    save_file({name: tensor * float("nan") for name, tensor in load_file(average).items()}, average)
    state = json.loads((checkpoint / "state.json").read_text())
    state["checksums"]["average.safetensors"] = hashlib.sha256(average.read_bytes()).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(state))
    before = lines(run)
    with pytest.raises(Failed, match="returns NaN or infinity"):
        evaluate(run, "fid[mnist]", num=200)
    assert lines(run) == before
    assert evaluate(run, "fid[mnist]", num=200, weights="raw").measured.metrics["fid[mnist]"] > 0


def test_neighbours_leave_a_picture(run: Path) -> None:
    made = evaluate(run, "neighbours[mnist]", num=50)
    assert made.pictures == (run / "neighbours.png",) and made.pictures[0].stat().st_size > 0
    assert "neighbour_distance[mnist]" in made.measured.metrics


def test_notes_stand_in_the_record(run: Path) -> None:
    value = json.loads((run / "recipe.json").read_text())
    value["recipe"]["data"]["range"] = [-0.01, 0.01]
    (run / "recipe.json").write_text(json.dumps(value))
    made = evaluate(run, "fid[mnist]", num=200)
    assert "are outside the data's range, -0.01 to 0.01" in made.measured.notes[0]
    assert lines(run)[-1]["notes"] == list(made.measured.notes)
