"""Studies as values: found by name, listed at once, and each a file of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

import honmono
from honmono.errors import Refused
from honmono.studies.study import Case, Study, Trace, find_study, studies


NAMES = {
    *("cgan-labels", "dcgan-quirks", "gan-losses-on-a-grid", "gan-vs-diffusion"),
    *("gan-vs-pggan", "realness-objectives", "wgan-parameters"),
}
ARTICLE = {"article": "an article", "asks": "what comes of it?", "facts": ("it says so",)}


def test_every_study_is_found_under_the_name_of_its_file() -> None:
    files = Path(honmono.__file__).parent.joinpath("studies", "articles").glob("[a-z]*.py")
    assert set(studies()) == {file.stem.replace("_", "-") for file in files} == NAMES
    assert all(find_study(name) is study for name, study in studies().items())


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(Refused, match="'dcgan-quirk'; did you mean 'dcgan-quirks'?"):
        find_study("dcgan-quirk")


def test_the_list_names_each_with_its_trainings() -> None:
    rows = {row["name"]: row for row in honmono.list_studies()}
    assert set(rows) == NAMES and all(row["article"] and row["asks"].endswith("?") for row in rows.values())
    assert rows["wgan-parameters"]["runs"] == "9"


def test_the_list_needs_no_torch() -> None:
    code = "import sys, honmono; honmono.list_studies(); print('torch' in sys.modules, 'numpy' in sys.modules)"
    source = str(Path(honmono.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr


def test_a_label_makes_a_directory_s_name() -> None:
    assert Case(label="anchors N(±0.5, 1)", recipe="gan-grid").directory == "anchors-n-0.5-1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"cases": ()},
        {"cases": (Case(label="a b", recipe="gan-grid"), Case(label="a, b", recipe="gan-grid"))},
        {"cases": (Case(label="a", recipe="gan-grid"), Case(label="b", recipe="gan-grid", settings={"x": "1"}))},
        {
            "cases": (Case(label="a", recipe="gan-grid"),),
            "traces": (Trace(title="t", of="losses", published={}, cases=("b",)),),
        },
    ],
)
def test_a_study_that_does_not_fit_together(wrong: dict) -> None:
    with pytest.raises(AssertionError):
        Study(name="mine", **ARTICLE, **wrong)
