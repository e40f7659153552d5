"""What a run records of itself, and what it refuses to go on with."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from honmono.data.base import DataSpec
from honmono.devices import choose
from honmono.errors import Failed, Refused
from honmono.metrics.modes import ModeCoverage
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe import record
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.samplers import ODE
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Average
from honmono.runs.directory import RunDirectory


CHOICES = choose("cpu", "fp32", "off")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RunDirectory.create(tmp_path, "gan-grid")
    entry = find("gan-grid")
    record.create(made, record_of(3), entry, CHOICES, "hash of the data", ["honmono", "train", "a b"])
    return made


def record_of(steps: int) -> record.Record:
    return record.Record("gan-grid", record.with_steps(find("gan-grid").make(), steps), DataSpec((2,), ("a", "ü")))


def rewrite(path: Path, **parts: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


def test_a_run_keeps_its_recipe_source_and_environment(run: RunDirectory) -> None:
    read = record.read_record(run)
    assert (read.name, read.data_spec) == ("gan-grid", DataSpec((2,), ("a", "ü")))
    assert to_json(read.recipe) == to_json(record_of(3).recipe) and read.recipe.training.steps == 3
    source = find("gan-grid").file
    assert source is not None and run.recipe_py.read_bytes() == source.read_bytes()
    environment = record.read_environment(run)
    assert environment["command"] == "honmono train 'a b'" and environment["data"] == "hash of the data"
    assert environment["resumed"] == [] and record.read_choices(run) == CHOICES


def test_each_resume_is_recorded_beside_the_beginning(run: RunDirectory) -> None:
    other = replace(CHOICES, precision="bf16")
    for steps in (5, 9):
        record.add_resume(run, record_of(steps), other, "hash of the data", ["honmono", "train", "--steps", str(steps)])
    assert record.read_record(run).recipe.training.steps == 9
    environment = record.read_environment(run)
    assert [resume["command"][-1] for resume in environment["resumed"]] == ["5", "9"]
    assert [resume["engine"]["precision"] for resume in environment["resumed"]] == ["bf16", "bf16"]
    assert record.read_choices(run) == CHOICES  # those of the beginning, which a resume repeats


@pytest.mark.parametrize(
    "text",
    [
        "{torn",
        "[]",
        "3",
        "{}",
        '{"name": "x", "recipe": {}, "interface": {}}',
        "\udcff",
        json.dumps(
            {"name": "x", "interface": {"sample_shape": 3, "classes": []}, "recipe": to_json(record_of(1).recipe)}
        ),
    ],
)
def test_a_recipe_json_of_something_else_is_refused_in_one_line(run: RunDirectory, text: str) -> None:
    run.recipe_json.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Refused) as refusal:
        record.read_record(run)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("updates", ["discriminator"]),
        ("updates", 3),
        ("optimizers", 3),
        ("generator", None),
        ("training", {"$class": "Training", "steps": "many"}),
        ("training", {"$class": "Training", "average": {"$class": "Average", "ramp": {"$float": "much"}}}),
        ("data", {"$class": "Grid", "sigma": "wide"}),
    ],
)
def test_a_recipe_changed_by_hand_is_refused_in_one_line(run: RunDirectory, part: str, value: Any) -> None:
    recipe = json.loads(run.recipe_json.read_text())["recipe"]
    rewrite(run.recipe_json, recipe=recipe | {part: value})
    with pytest.raises(Refused) as refusal:
        record.read_record(run)
    assert "\n" not in str(refusal.value)


def test_a_run_s_own_code_is_run_only_when_it_is_trusted(run: RunDirectory) -> None:
    touched = run.path / "touched"
    run.recipe_py.write_text(f"open({str(touched)!r}, 'w').close()\n")
    record.read_record(run)
    assert not touched.exists()
    record.read_record(run, trust_code=True)
    assert touched.exists()
    run.recipe_py.unlink()
    record.read_record(run, trust_code=True)  # a recipe given as a value leaves no source


def test_a_run_that_lost_its_environment_begins_another(run: RunDirectory) -> None:
    run.environment_json.unlink()
    assert record.read_choices(run) is None
    record.refuse_other_data(run, "whatever it is")
    record.add_resume(run, record_of(5), CHOICES, "hash", ["honmono", "again"])
    environment = record.read_environment(run)
    assert record.read_choices(run) == CHOICES and len(environment["resumed"]) == 1
    with pytest.raises(Refused):
        record.refuse_other_data(run, "whatever it is")


def test_an_environment_that_cannot_be_read_stops_a_resume(run: RunDirectory) -> None:
    rewrite(run.environment_json, engine={"device": "cpu"})
    with pytest.raises(Refused, match="environment.json lacks the device and precision"):
        record.read_choices(run)
    run.environment_json.write_text("{torn")
    with pytest.raises(Refused, match="environment.json cannot be read .* remove it"):
        record.read_choices(run)


def test_a_whole_number_in_place_of_its_float_is_no_change(run: RunDirectory) -> None:
    old, new = (replace(record_of(3).recipe, objective=NonSaturating(penalties=(R1(gamma),))) for gamma in (10, 10.0))
    record.refuse_changes(run.path, old, new)


def test_every_changed_field_is_named_with_both_values(run: RunDirectory) -> None:
    old = record_of(3).recipe
    new = override(
        old,
        {
            "optimizers.generator.lr": "0.5",
            "generator.widths": "(8,)",
            "data": "Ring()",
            "training.average": "Average(halflife=7)",
            "updates.0.count": "2",
        },
    )
    with pytest.raises(Refused, match="was trained with other settings .*start a new run") as refusal:
        record.refuse_changes(run.path, old, new)
    message = str(refusal.value)
    for text in (
        "optimizers.generator.lr: 0.001 in the run, 0.5 now",
        "generator.widths: [128, 128, 128] in the run, [8] now",
        'data: "Grid" in the run, "Ring" now',
        "data.side: 5 in the run, absent now",
        "training.average.halflife: absent in the run, 7 now",
        "updates.0.count: 1 in the run, 2 now",
    ):
        assert text in message
    assert "$" not in message and "\n" not in message


def test_how_long_and_how_often_to_log_and_save_is_no_change(run: RunDirectory) -> None:
    old = record_of(3).recipe
    free = {field: "7" for field in record.MAY_CHANGE - {"metrics", "sampler"}}
    record.refuse_changes(run.path, old, override(old, free))
    flow = find("flow-grid").make()
    record.refuse_changes(run.path, flow, replace(flow, sampler=ODE(steps=7)))
    measured = [replace(old, metrics=metrics) for metrics in ((), (ModeCoverage(),), (ModeCoverage(fakes=7),))]
    for before, after in permutations(measured, 2):
        record.refuse_changes(run.path, before, after)
    for field, text in {"training.seed": "7", "training.batch_size": "7", "training.accumulate": "7"}.items():
        with pytest.raises(Refused, match=f"{field}: .* 7 now"):
            record.refuse_changes(run.path, old, override(old, {field: text}))


def test_an_unset_average_and_a_set_one_differ(run: RunDirectory) -> None:
    old = record_of(3).recipe
    averaged = replace(old, training=replace(old.training, average=Average()))
    with pytest.raises(Refused, match='training.average: null in the run, "Average" now; .*halflife: absent'):
        record.refuse_changes(run.path, old, averaged)


def test_other_data_is_refused(run: RunDirectory) -> None:
    record.refuse_other_data(run, "hash of the data")
    words = f"honmono train --from {run.path} --data 'my pictures'$"
    with pytest.raises(Refused, match=f"the data of .* has changed since it was started: restore it, or .*{words}"):
        record.refuse_other_data(run, "another hash", "my pictures")


@pytest.mark.parametrize("error", [KeyError("average"), RuntimeError("size\nmismatch"), ValueError("groups")])
def test_tensors_that_do_not_fit_are_a_failure_in_one_line(run: RunDirectory, error: Exception) -> None:
    with (
        pytest.raises(Failed, match="000000003 does not fit .*recipe.json") as failure,
        record.checkpoint_errors(run, run.checkpoint(3)),
    ):
        raise error
    assert "\n" not in str(failure.value)
