"""Run directories: names, races, refusals, and which runs can go on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from honmono.errors import Refused
from honmono.files import write_json
from honmono.runs.directory import RunDirectory, unfinished


def started(root: Path, recipe: dict, *checkpoints: int, name: str = "gan-grid") -> RunDirectory:
    run = RunDirectory.create(root, name)
    write_json(run.recipe_json, {"name": name, "recipe": recipe})
    for step in checkpoints:
        run.checkpoint(step).mkdir()
        write_json(run.checkpoint(step) / "state.json", {})
    return run


def recipe(steps: int, lr: float = 1e-4) -> dict:
    return {"lr": lr, "training": {"steps": steps, "seed": 0}}


def test_runs_are_numbered_on_from_the_highest(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    assert RunDirectory.create(root, "dcgan-mnist").path.name == "00001-dcgan-mnist"
    (root / "00041-removed-by-hand").mkdir()
    (root / "notes.txt").touch()
    (root / "7 wonders").mkdir()
    assert RunDirectory.create(root, "gan-grid").path.name == "00042-gan-grid"


@pytest.mark.parametrize(
    ("recipe_name", "name"),
    [("path/to/mine.py:my_gan", "my-gan"), ("/a b/ü.py:Grid_2", "Grid-2"), ("dcgan-mnist", "dcgan-mnist")],
)
def test_a_recipe_from_a_file_gives_its_function_s_name(tmp_path: Path, recipe_name: str, name: str) -> None:
    assert RunDirectory.create(tmp_path, recipe_name).path.name == f"00001-{name}"


def test_racing_creations_never_share_a_number(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = [f"gan-{i}" for i in range(40)]
        runs = list(pool.map(lambda name: RunDirectory.create(tmp_path, name), names))
    numbers = sorted(int(run.path.name.split("-")[0]) for run in runs)
    assert len(set(numbers)) == 40
    assert sorted(tmp_path.iterdir()) == sorted(run.path for run in runs)


def test_the_parts_of_a_run(tmp_path: Path) -> None:
    run = RunDirectory.create_at(tmp_path / "deep" / "mine")
    assert run.samples.is_dir() and run.checkpoints.is_dir()
    assert run.sample(600) == run.path / "samples" / "000000600.png"
    assert run.checkpoint(600) == run.path / "checkpoints" / "000000600"
    parts = (run.recipe_json, run.recipe_py, run.environment_json, run.log_csv, run.log_jsonl, run.metrics_jsonl)
    assert [part.name for part in parts] == [
        "recipe.json",
        "recipe.py",
        "environment.json",
        "log.csv",
        "log.jsonl",
        "metrics.jsonl",
    ]
    assert not RunDirectory.is_run(run.path)
    write_json(run.recipe_json, {})
    assert RunDirectory.is_run(run.path) and RunDirectory.open(run.path) == run


def test_a_run_is_created_only_in_an_empty_place(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = RunDirectory.create_at(tmp_path / "empty")
    (run.path / "notes.txt").touch()
    with pytest.raises(Refused, match="neither empty nor a run"):
        RunDirectory.create_at(run.path)
    write_json(run.recipe_json, {})
    with pytest.raises(Refused, match="`honmono train --resume .*empty`"):
        RunDirectory.create_at(run.path)
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="is a file, not a directory"):
        RunDirectory.create_at(tmp_path / "file")
    with pytest.raises(Refused, match="cannot create the directory"):
        RunDirectory.create(tmp_path / "file" / "runs", "gan-grid")


def test_what_is_not_a_run_is_refused_in_one_helpful_line(tmp_path: Path) -> None:
    first, last = started(tmp_path, recipe(10)), started(tmp_path, recipe(10), name="dcgan-mnist")
    (tmp_path / "00002-dcgan").mkdir()
    refusals = {
        first.path.with_name("00001-gan-gird"): "there is no run directory .*did you mean '00001-gan-grid'",
        tmp_path / "00002-dcgan": "it has no recipe.json; did you mean '00002-dcgan-mnist'",
        tmp_path: f"the newest is '{last.path}'",
        tmp_path / "nowhere" / "run": "there is no run directory",
    }
    for path, message in refusals.items():
        with pytest.raises(Refused, match=message) as refusal:
            RunDirectory.open(path)
        assert "\n" not in str(refusal.value)


def test_checkpoints_count_only_when_complete(tmp_path: Path) -> None:
    run = started(tmp_path, recipe(100), 20, 100, 3)
    run.checkpoint(200).mkdir()
    (run.checkpoints / ".000000300.0a9c66a3.partial").mkdir()
    write_json(run.checkpoints / ".000000300.0a9c66a3.partial" / "state.json", {})
    assert run.checkpoint_steps() == [3, 20, 100]


def test_unfinished_runs_of_the_same_recipe_newest_first(tmp_path: Path) -> None:
    older = started(tmp_path, recipe(100), 20, 60)
    started(tmp_path, recipe(60), 20, 60)  # finished
    started(tmp_path, recipe(100, lr=2e-4), 20)  # another recipe
    started(tmp_path, recipe(100))  # nothing to go on from
    newer = started(tmp_path, recipe(500), 60)
    write_json(started(tmp_path, recipe(100), 20).recipe_json, ["not ours"])
    started(tmp_path, recipe(100), 20).recipe_json.write_text("{torn")
    assert unfinished(tmp_path, recipe(250)) == [newer, older]
    assert unfinished(tmp_path / "nowhere", recipe(250)) == []


def test_what_a_run_killed_at_birth_left_is_no_obstacle(tmp_path: Path) -> None:
    path = RunDirectory.create_at(tmp_path / "mine").path
    (path / "environment.json").write_text("{}")
    assert RunDirectory.create_at(path).samples.is_dir()
    (path / "samples" / "precious.png").write_bytes(b"mine")
    with pytest.raises(Refused, match="neither empty nor a run"):
        RunDirectory.create_at(path)


@pytest.mark.parametrize(
    ("left", "ours"),
    [
        ("samples/", True),  # killed between two directories, and within the writing of each file
        ("samples/ checkpoints/ .recipe.py.0a9c66a3.partial", True),
        ("samples/ checkpoints/ .lock recipe.py .environment.json.a9c66a32.partial", True),
        ("samples/ checkpoints/ .lock recipe.py environment.json .recipe.json.a9c66a32.partial", True),
        ("recipe.py", False),  # somebody's own
        ("samples/ recipe.py", False),
        ("samples/ checkpoints/ notes.partial", False),
    ],
)
def test_a_run_may_be_killed_at_birth_at_any_moment(tmp_path: Path, left: str, ours: bool) -> None:
    path = tmp_path / "mine"
    path.mkdir()
    for name in left.split():
        (path / name).mkdir() if name.endswith("/") else (path / name).touch()
    if ours:
        assert RunDirectory.create_at(path).checkpoints.is_dir()
    else:
        with pytest.raises(Refused, match="neither empty nor a run"):
            RunDirectory.create_at(path)
