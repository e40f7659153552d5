"""Ways between samples whose styles are truncated by different amounts."""

from pathlib import Path

import pytest
import torch

from honmono.data.base import DataSpec
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model
from honmono.recipe.build import build_networks
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory


def test_a_truncation_of_styles_changes_steadily(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from honmono.studio.between import Way, samples_between

    entry, data_spec = find("stylegan2-mnist"), DataSpec((1, 28, 28), ("a", "b"))
    recipe = override(entry.make(), entry.tiny)
    model = Model(build_networks(recipe, data_spec)["generator"], recipe, data_spec)
    run = TrainedRun(RunDirectory(tmp_path), model, 0)
    way = Way(seeds=(3, 3), places=(2, 2), truncations=(None, 0.5), frames=3)
    made = samples_between(run, way)
    expected = [run.sample(3, seed=3, truncation=psi)[2] for psi in (None, 0.75, 0.5)]
    torch.testing.assert_close(made, torch.stack(expected), atol=1e-5, rtol=1e-4)
