"""Every study with narrow networks and hardly any steps: its cases, their changes and its page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.studies.study import Case, studies


# Of twenty steps: a picture of points is drawn of thousands.
QUICK = {"metrics": "()", "training.batch_size": "16", "training.sample_every": "10", "training.checkpoint_every": "20"}

MEASURED = {"metrics": "(Neighbours(features=mnist, fakes=20, reals=20),)"}  # at the study's moments


@pytest.mark.slow
@pytest.mark.parametrize("name", studies())
def test_it_runs_small(
    name: str, on_small_data: Callable[[Recipe], Recipe], tmp_path: Path, read_html: Callable[[str], Any]
) -> None:
    study = studies()[name]
    small = replace(study, cases=tuple(narrow(case) for case in study.cases), sampler_steps=study.sampler_steps[:1])
    changes = QUICK | (MEASURED if study.moments else {})
    source = getattr(on_small_data(find(study.cases[0].recipe).make()).data, "source", None)
    page = honmono.study(small, tmp_path / "study", scale=1e-4, data=source, seeds=1, changes=changes)
    shown = read_html(page.read_text("utf-8"))
    assert "0.0001" in shown.text  # the page says how small a part of the study it is
    assert all(case.label in shown.text for case in study.cases)
    assert len([source for source in shown.sources if source.startswith("data:image/")]) >= len(study.cases)


def narrow(case: Case) -> Case:
    """The case with the small networks and sampler of its recipe's tests; what the case itself changes comes last."""
    parts = ("generator.", "discriminator.", "sampler.")
    small = {field: text for field, text in find(case.recipe).tiny.items() if field.startswith(parts)}
    return replace(case, changes={**small, **case.changes})
