"""Every study at a hundredth of a percent of its length, on real pictures: its networks, its cases and its page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.studies.study import studies


@pytest.mark.slow
@pytest.mark.parametrize("name", studies())
def test_it_runs_small(
    name: str, tmp_path: Path, mnist_dir: Path, cifar_archive: Path, read_html: Callable[[str], Any]
) -> None:
    data = {"realness-objectives": f"{cifar_archive}@train", "wgan-parameters": None, "gan-losses-on-a-grid": None}
    page = honmono.study(
        name, tmp_path, scale=1e-4, data=data.get(name, str(mnist_dir)), seeds=1, changes={"metrics": "()"}
    )
    shown = read_html(page.read_text("utf-8"))
    assert "no number here is one of the whole study" in shown.text
    assert all(case.label in shown.text for case in studies()[name].cases)
    assert len([source for source in shown.sources if source.startswith("data:image/")]) >= len(studies()[name].cases)
