"""Studies that take a second: two small GANs on points, and what makes any study on points small."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import honmono
from honmono.studies.study import Case, Study, Trace


SMALL = {
    "generator.widths": "(8, 8)",
    "discriminator.widths": "(8, 8)",
    "training.batch_size": "64",
    "training.measure_images": "none",
    "data.samples": "64",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory in which a study is called: empty."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.fixture(scope="session")
def small() -> Mapping[str, str]:
    return SMALL


@pytest.fixture(scope="session")
def duel() -> Study:
    """Two cases of 8 steps, one of them under two seeds, pictured at the fourth and the last."""
    lengths = {"training.steps": "8", "training.sample_every": "4", "training.checkpoint_every": "2"}
    return Study(
        name="duel",
        article="A. Author, 'Two GANs'",
        asks="which of the two?",
        facts=("The second one, <b>says</b> the article.",),
        inferred=("Nothing is known of its networks.",),
        cases=(
            Case(label="first", recipe="gan-grid", seeds=(3, 4), settings={"rate": "0.001"}),
            Case(
                label="second",
                recipe="gan-grid",
                changes={"optimizers.generator.lr": "0.01"},
                settings={"rate": "0.01"},
                published="won",
            ),
        ),
        changes=SMALL | lengths | {"metrics": "(ModeCoverage(fakes=50),)", "training.log_every": "2"},
        frames=(0.5, 1.0),
        epoch=256,
        traces=(
            Trace(title="Contours", of="contours", published={0: (0, 600), 1: (-4000, 2000)}, cases=("second",)),
            Trace(title="Losses", of="losses", published={1: (1.4879, 0.6688)}),
        ),
    )


@pytest.fixture(scope="session")
def trained(duel: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of that study, preserve_rng_state. Tests that change something take a copy."""
    return honmono.study(duel, tmp_path_factory.mktemp("studies") / "whole").parent
