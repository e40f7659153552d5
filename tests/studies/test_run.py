"""A study from its call to its page: trained case by case, stopped, resumed, and never mixed with another one."""

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.errors import Interrupted, Refused
from honmono.recipe import Normal
from honmono.reports.comparison.numbers import mean_and_deviation
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.studies.run import default_out
from honmono.studies.state import StudyState
from honmono.studies.study import Case, Study, find_study


Reader = Callable[[str], Any]
RUNS = ("first-seed-3", "first-seed-4", "second-seed-0")


def refuse_the_network(page: Any) -> None:
    """All that the page shows stands in it, and nothing in it runs."""
    assert page.sources and all(source.startswith("data:image/") for source in page.sources)
    assert "<script" not in page.document and not re.search(r"https?:", re.sub(r'data:[^"]*', "", page.document))


def weights(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "checkpoints" / f"{8:09d}").glob("*.safetensors")}


def numbers_of(run: Path) -> dict[str, float]:
    return evaluations.read(RunDirectory(run))[-1]["metrics"]


def test_a_study_leaves_one_page(trained: Path, read_html: Reader) -> None:
    assert {path.name for path in trained.iterdir()} == {"duel.html", "duel.json", "study.json", *RUNS}
    page = read_html((trained / "duel.html").read_text("utf-8"))
    refuse_the_network(page)
    headings = [
        *("What the article says", "Notes on this study", "The article's cases", "Contours", "Losses"),
        *("Real samples", "first, seed 3", "second, seed 0", "All runs", "How it was measured", "Cost"),
    ]
    places = [page.document.index(f"<h2>{heading}") for heading in headings]
    assert places == sorted(places)
    for text in ("<b>says</b>", "won", "3, 4", "reverse_kl", "±", "-4,000 to 2,000", "1.4879, 0.6688"):
        assert text in page.text, text
    assert page.text.count("epoch 1, step 4") == page.text.count("epoch 2, step 8") == len(RUNS)
    assert "the numbers of the full study" not in page.text


def test_the_numbers_are_those_of_the_runs(trained: Path) -> None:
    first, second = (numbers_of(trained / name)["high_quality"] for name in RUNS[:2])
    mean, deviation = mean_and_deviation([first, second])
    document = (trained / "duel.html").read_text(encoding="utf-8")
    row = document[document.index('<th scope="row">first<') :].partition("</tr>")[0]
    assert f">{mean}<" in row.replace("</b>", "<") and f">{deviation}<" in row


def test_calling_again_trains_nothing_and_makes_the_same_page(
    duel: Study, trained: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, "again")
    assert honmono.study(duel, "again").read_bytes() == (trained / "duel.html").read_bytes()
    assert capfd.readouterr().err.count("already trained") == len(RUNS)


def test_a_stopped_study_goes_on_and_ends_as_if_it_had_not_been(duel: Study, trained: Path) -> None:
    duel = replace(duel, cases=(replace(duel.cases[0], seeds=(4,)),), traces=())
    begun = RunDirectory(Path("stopped") / RUNS[1])

    def stop() -> None:
        while not begun.checkpoint_steps():
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Interrupted, match="honmono study duel --out stopped$") as stopped:
        honmono.study(duel, "stopped")
    thread.join()
    assert stopped.value.code == 130 and not Path("stopped/duel.html").exists()
    assert honmono.study(duel, "stopped").is_file()
    assert weights(trained / RUNS[1]) == weights(begun.path) != {}
    assert numbers_of(trained / RUNS[1]) == numbers_of(begun.path)


def test_a_killed_study_goes_on_and_ends_as_if_it_had_not_been(duel: Study, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "duel").write_bytes(pickle.dumps(duel))
    code = "import honmono, pickle; honmono.study(pickle.load(open('duel', 'rb')), 'killed')"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.DEVNULL)
    killed = tmp_path / "killed"
    while child.poll() is None and not (killed / RUNS[1]).exists():
        time.sleep(0.005)
    child.kill()
    assert child.wait() == -signal.SIGKILL and not (killed / "duel.html").exists()
    assert honmono.study(duel, killed).is_file()
    for name in RUNS:
        assert weights(killed / name) == weights(trained / name) != {}
        assert numbers_of(killed / name) == numbers_of(trained / name)


def test_it_goes_on_with_what_it_began_with_and_refuses_anything_else(duel: Study) -> None:
    duel = replace(duel, cases=duel.cases[1:], traces=())
    honmono.study(duel, "out", seeds=1, changes={"training.steps": 4})
    options = json.loads(Path("out/study.json").read_text())["options"]
    assert options == {"scale": 1.0, "data": None, "seeds": 1, "changes": {"training.steps": 4}}
    with pytest.raises(Refused, match="'out'.* --scale 1.0, not 0.5"):
        honmono.study(duel, "out", scale=0.5)
    with pytest.raises(Refused, match="--set training.steps=4, not training.steps=5"):
        honmono.study(duel, "out", changes={"training.steps": 5})
    with pytest.raises(Refused, match="'out' .* duel, not other: .*--out$"):
        honmono.study(replace(duel, name="other"), "out")
    other = replace(duel, changes={**duel.changes, "latent.dim": "3"})
    with pytest.raises(Refused, match="latent.dim: 4 in the run, 3 now"):
        honmono.study(other, "out")
    honmono.study(duel, "out", changes={"training.steps": "4"})  # as the command line gives it
    honmono.study(duel, "out", seeds=2)  # more runs of the same kind are no change
    assert {path.name for path in Path("out").glob("*-seed-*")} == {"second-seed-0", "second-seed-1"}


def test_values_are_kept_and_older_files_resume(duel: Study) -> None:
    duel = replace(duel, cases=duel.cases[1:], traces=())
    changes = {"optimizers.generator.betas": (0.5, 0.9), "latent": Normal(3)}
    honmono.study(duel, "out", changes=changes)
    assert StudyState.open(Path("out"), "duel", {"changes": changes}).options.changes == changes
    state = json.loads(Path("out/study.json").read_text())
    state["asked"] = state.pop("options") | {"changes": {name: str(value) for name, value in changes.items()}}
    Path("out/study.json").write_text(json.dumps(state))
    honmono.study(duel, "out", changes=changes)
    assert json.loads(Path("out/study.json").read_text()).keys() == {"study", "options", "diverged"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"scale": 2.0}, "--scale 2.0: "),
        ({"seeds": 0}, "--seeds 0: "),
        ({"changes": {"latent.din": 3}}, "--set latent.din: "),
        ({"data": "digits"}, "gan-grid trains on points"),
        ({"out": "taken"}, "'taken' is neither empty nor a study's directory"),
    ],
)
def test_wrong_calls_leave_nothing(duel: Study, here: Path, call: dict, message: str) -> None:
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("mine")
    before = sorted(here.rglob("*"))
    with pytest.raises(Refused, match=f"^{re.escape(message)}"):
        honmono.study(duel, **call)
    assert sorted(here.rglob("*")) == before


def test_data_that_is_not_there_is_refused_before_anything_is_created(here: Path) -> None:
    with pytest.raises(Refused, match="nowhere"):
        honmono.study("dcgan-quirks", "out", data="nowhere")
    assert not Path("out").exists()


def test_a_divergence_is_a_result(duel: Study, read_html: Reader) -> None:
    wild = Case(
        label="wild", recipe="gan-grid", changes={"optimizers.generator": "SGD(lr=1e30)"}, settings={"rate": "1"}
    )
    page = read_html(honmono.study(replace(duel, cases=(wild, duel.cases[1])), "out").read_text("utf-8"))
    assert "0 (0 diverged)" in page.text and "wild, seed 0 diverged: " in page.text
    assert Path("out/second-seed-0/checkpoints/000000008").is_dir()
    run, state = RunDirectory(Path("out/wild-seed-0")), StudyState.open(Path("out"), "duel", {})
    assert "training has diverged" in (state.why_diverged(run) or "")
    shutil.rmtree(run.path)
    assert state.why_diverged(run) is None, "it would be tried again"


def test_a_study_of_the_articles_runs_small(small: Mapping[str, str], read_html: Reader) -> None:
    """Two cases of eight: the success, and no clipping."""
    study = find_study("wgan-parameters")
    study = replace(study, cases=study.cases[-2:])
    lengths = {"training.steps": 2, "training.sample_every": 2, "training.log_every": 1, "metrics.0.fakes": 50}
    page = read_html(honmono.study(study, scale=0.01, seeds=1, changes={**small, **lengths}).read_text("utf-8"))
    refuse_the_network(page)
    assert default_out(study.name, 0.01) == Path("runs/study-wgan-parameters-0.01")
    assert Path("runs/study-wgan-parameters-0.01/wgan-parameters.html").is_file()
    for text in ("success, seed 0", "no clipping, seed 0", "-200,000 to 100,000", "near all 25 centres"):
        assert text in page.text, text
    assert "the numbers of the full study" in page.text


def test_a_study_of_pictures_shows_each_of_its_grids(read_html: Reader) -> None:
    tiny = {"generator.width": "4", "discriminator.width": "4", "training.batch_size": "8", "training.steps": "4"}
    grids = "(SampleGrid(rows=2), SampleGrid(name='one-latent', latent='one', rows=2))"
    labels = {"metrics": "(LabelFidelity(features='digits', fakes=20),)", "training.measure_images": "none"}
    study = Study(
        name="labels",
        article="an article",
        asks="what?",
        facts=("It says so.",),
        cases=(Case(label="digits", recipe="dcgan-digits", changes=tiny | labels | {"grids": grids}),),
        changes={"training.sample_every": "2"},
    )
    page = read_html(honmono.study(study, data="digits").read_text("utf-8"))
    refuse_the_network(page)
    assert page.text.count("step 4") >= 2 and "one latent" in page.text
    assert "label_fidelity[digits], by class" in page.text and "--data digits" in page.text
