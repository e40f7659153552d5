"""Two processes under `torchrun` are one run: the same numbers, one writer, one log."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import honmono
from honmono.runs import checkpoints, evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read


SOURCE = Path(__file__).parents[2] / "src"
STEPS = 20
SMALL = {
    "generator.widths": "(16, 16)",
    "discriminator.widths": "(16, 16)",
    "training.batch_size": "7",  # 22 pictures: batches of 7, 7, 7 and 1, in parts of 3 and 4, and of 0 and 1
    "training.average": "Average(halflife=100)",
    "training.log_every": "1",
    "training.checkpoint_every": "8",
    "training.sample_every": "100",
    "training.measure_images": "50",
    "metrics": "(Neighbours(features=mnist, fakes=20, reals=22),)",
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    path = tmp_path / "pictures.npy"
    np.save(path, np.random.default_rng(0).integers(256, size=(22, 28, 28), dtype=np.uint8))
    return path


def torchrun(*words: str) -> subprocess.CompletedProcess[str]:
    return launched("-m", "--", "honmono", "train", *words, "--device", "cpu", "--precision", "fp64")


def launched(*words: str) -> subprocess.CompletedProcess[str]:
    """Two processes of a module or a script."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *words]
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def settings(**changes: str) -> list[str]:
    every = SMALL | {field.replace("__", "."): text for field, text in changes.items()}
    return [word for field, text in every.items() for word in ("--set", f"{field}={text}")]


def assert_close(one: Path, other: Path) -> None:
    a, b = (checkpoints.read(RunDirectory(run).checkpoint(STEPS)) for run in (one, other))
    assert a.state["images"] == b.state["images"] == 5 * 22
    assert set(a.tensors) == set(b.tensors) and "average" in a.tensors
    for group, members in a.tensors.items():
        for name, tensor in members.items():
            torch.testing.assert_close(tensor, b.tensors[group][name], rtol=0, atol=1e-9)
    if "objective" in a.tensors:
        assert 0 < a.tensors["objective"]["augment_probability"] < 1
    logs = read(RunDirectory(one)), read(RunDirectory(other))
    assert logs[0]["step"] == logs[1]["step"] == list(range(1, STEPS + 1))
    assert logs[0]["metric.neighbour_distance[mnist]"] == logs[1]["metric.neighbour_distance[mnist]"]
    for name in ("discriminator.real", "discriminator.fake", "generator.fake", "images", "learning_rate.generator"):
        np.testing.assert_allclose(logs[0][name], logs[1][name], rtol=0, atol=1e-9)  # type: ignore[arg-type]


TOGETHER = "(Simultaneous((Update('discriminator', 'z', 'x', 2), Update('generator', 'z', 'x'))),)"
ADAPTIVE = {
    "objective": "Wasserstein(augment=DiffAugment(probability=Adaptive(target=0.1, images=600, every=2)))",
    "discriminator.output": "linear",
}


LAZY = {
    "objective.penalties": "(R1(1.0),)",
    "updates": "(Update('discriminator', real='x', terms=('real', 'fake')),"
    " Update('discriminator', real='x', terms=('r1',), count=Every(3)), Update('generator'))",
}


@pytest.mark.parametrize(
    "program",
    [ADAPTIVE, {"updates": TOGETHER}, pytest.param(LAZY, marks=pytest.mark.slow)],
    ids=["in turn, with memory", "together", "lazy terms"],
)
def test_two_processes_equal_one(tmp_path: Path, pictures: Path, program: dict[str, str]) -> None:
    changes = SMALL | program
    call = {"data": str(pictures), "device": "cpu", "precision": "fp64", "steps": STEPS, "changes": changes}
    honmono.train("gan-mnist-article", run=tmp_path / "one", **call)
    words = ("gan-mnist-article", "--data", str(pictures), "--steps", str(STEPS), "--run", str(tmp_path / "two"))
    done = torchrun(*words, *settings(**program))
    assert done.returncode == 0, done.stderr
    assert_close(tmp_path / "one", tmp_path / "two")
    assert done.stdout.count("pictures:") == 1 and done.stderr.count("device cpu, fp64, 2 processes") == 1
    ours, theirs = (evaluations.read(RunDirectory(tmp_path / run)) for run in ("one", "two"))
    assert [line["step"] for line in ours] == [line["step"] for line in theirs] == [9, 18, 20]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["metrics"] == pytest.approx(other["metrics"], abs=1e-9) and mine["protocol"] == other["protocol"]
    names = [sorted(path.name for path in (tmp_path / run).rglob("*")) for run in ("one", "two")]
    assert [name for name in names[1] if name != "recipe.py"] == [name for name in names[0] if name != "recipe.py"]
    environment = json.loads((tmp_path / "two" / "environment.json").read_text())
    assert environment["engine"]["processes"] == 2 and environment["resumed"] == []


@pytest.mark.slow
def test_two_processes_equal_one_with_one_network(tmp_path: Path, pictures: Path) -> None:
    changes = {
        **{f"training.{field}": SMALL[f"training.{field}"] for field in ("batch_size", "average", "log_every")},
        **{"generator.width": "8", "generator.blocks": "1", "generator.head_channels": "8", "generator.patch": "4"},
        **{
            "conditional": "false",
            "sampler.guidance": "1",
            "sampler.steps": "1",
            "training.checkpoint_every": "8",
            "metrics": "()",
        },
    }
    call = {"data": str(pictures), "device": "cpu", "precision": "fp64", "steps": 8}
    honmono.train("flow-mnist", run=tmp_path / "one", changes=changes, **call)
    words = [word for field, text in changes.items() for word in ("--set", f"{field}={text}")]
    words += ["--data", str(pictures), "--steps", "8", "--run", str(tmp_path / "two")]
    done = torchrun("flow-mnist", *words)
    assert done.returncode == 0, done.stderr
    a, b = (checkpoints.read(RunDirectory(tmp_path / run).checkpoint(8)) for run in ("one", "two"))
    assert a.tensors.keys() == b.tensors.keys() == {"generator", "average", "optimizer-generator"}
    for group, members in a.tensors.items():
        for name, tensor in members.items():
            torch.testing.assert_close(tensor, b.tensors[group][name], rtol=0, atol=1e-9)


@pytest.mark.slow
def test_two_processes_resume_bit_for_bit_and_accumulate(tmp_path: Path, pictures: Path) -> None:
    data = ("gan-mnist-article", "--data", str(pictures), *settings(training__accumulate="2"))
    for run, steps in (("whole", STEPS), ("parts", STEPS // 2)):
        done = torchrun(*data, "--steps", str(steps), "--run", str(tmp_path / run))
        assert done.returncode == 0, done.stderr
    done = torchrun("--resume", str(tmp_path / "parts"), "--steps", str(STEPS))
    assert done.returncode == 0 and "other" not in done.stderr, done.stderr
    files = [sorted(RunDirectory(tmp_path / run).checkpoint(STEPS).glob("*.safetensors")) for run in ("whole", "parts")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


@pytest.mark.slow
def test_two_processes_equal_one_that_begins_from_another_run(tmp_path: Path, pictures: Path) -> None:
    call = {"device": "cpu", "precision": "fp64", "steps": STEPS}
    changes = SMALL | {"training.seed": "3"}
    honmono.train("gan-mnist-article", run=tmp_path / "parent", data=str(pictures), changes=changes, **call)
    honmono.train(from_run=tmp_path / "parent", run=tmp_path / "one", **call)
    done = torchrun("--from", str(tmp_path / "parent"), "--steps", str(STEPS), "--run", str(tmp_path / "two"))
    assert done.returncode == 0 and done.stderr.count("weights of ") == 1, done.stderr
    assert_close(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads as Linux shows them")
def test_no_thread_of_the_group_outlives_it(tmp_path: Path) -> None:
    """One that did could abort the process at its exit, after all was saved."""
    script = tmp_path / "leaving.py"
    script.write_text(
        "import atexit\n"
        "import os\n"
        "import torch\n"
        "from honmono.devices import choose\n"
        "from honmono.training.engine import Engine\n"
        "atexit.register(lambda: len(os.listdir('/proc/self/task')) == 1 or os._exit(3))\n"  # called last
        "engine = Engine(choose('cpu'))\n"
        "engine.total(torch.ones(3))\n"
        "import torch._dynamo\n"  # optimizers and compiled losses bring it, while the group stands
        "assert len(os.listdir('/proc/self/task')) > 1\n"
    )
    done = launched(str(script))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_program_may_train_again_and_leaves_the_group_at_its_end(tmp_path: Path) -> None:
    script = tmp_path / "twice.py"
    script.write_text(
        "import atexit, os, sys\n"
        "import torch.distributed as dist\n"
        "import honmono\n"
        "atexit.register(lambda: dist.is_initialized() and os._exit(3))\n"  # called last
        "changes = {'generator.widths': '(8,)', 'data.samples': '100', 'metrics': '()'}\n"
        "for name in ('one', 'two'):\n"
        "    path = os.path.join(sys.argv[1], name)\n"
        "    honmono.train('gan-grid', run=path, steps=3, batch_size=16, device='cpu', changes=changes)\n"
        "assert dist.get_world_size() == 2\n"
    )
    done = launched(str(script), str(tmp_path))
    assert done.returncode == 0, done.stderr
    ends = [checkpoints.read(RunDirectory(tmp_path / name).checkpoint(3)).tensors for name in ("one", "two")]
    assert all(torch.equal(tensor, ends[1]["generator"][name]) for name, tensor in ends[0]["generator"].items())


@pytest.mark.slow
def test_what_couples_samples_is_said(tmp_path: Path) -> None:
    small = ("--set", "generator.widths=(16,)", "--set", "data.samples=100", "--batch-size", "16")
    done = torchrun("gan-grid", *small, "--steps", "3", "--run", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("samples of a batch depend on each other in this recipe") == 1


@pytest.mark.slow
def test_a_refusal_ends_every_process(tmp_path: Path) -> None:
    done = torchrun("gan-grid", "--set", "training.stpes=3", "--run", str(tmp_path / "run"))
    assert done.returncode != 0 and "did you mean" in done.stderr and not (tmp_path / "run").exists()
