"""honmono (本物, "the genuine article"): generative adversarial networks, each one readable file."""

import importlib
from typing import TYPE_CHECKING, Any


# ruff: noqa: F401 (type checkers read these imports)
if TYPE_CHECKING:
    from honmono.benchmark.timing import measure_all as bench
    from honmono.benchmark.tune import tune as tune
    from honmono.data.packing.check import check as check_data
    from honmono.evaluation.evaluate_run import evaluate as evaluate
    from honmono.generation.exports.write import export as export
    from honmono.generation.hub.push import push as push
    from honmono.generation.hub.saved import from_pretrained as from_pretrained
    from honmono.generation.interpolate import write_interpolation as interpolate
    from honmono.generation.latents.given_picture import write_projection as project
    from honmono.generation.latents.strips import write_directions as directions
    from honmono.generation.load import load as load
    from honmono.generation.mix import write_mix as mix
    from honmono.generation.serving.serve import serve as serve
    from honmono.generation.write import write_samples as sample
    from honmono.recipe.describe import describe_recipe as show
    from honmono.recipe.registry import find as find
    from honmono.recipe.value import Recipe as Recipe
    from honmono.recipes import catalogue as list_recipes
    from honmono.reports.comparison.compare_runs import compare as compare
    from honmono.reports.figures.run import plot as plot
    from honmono.runs.environment import environment as environment
    from honmono.studies.run import study as study
    from honmono.studies.study import list_studies as list_studies
    from honmono.training.train import train as train

# All public names, imported on first use, so that `import honmono` is fast and does not import torch.
LAZY = {
    "Recipe": "honmono.recipe.value:Recipe",
    "bench": "honmono.benchmark.timing:measure_all",
    "check_data": "honmono.data.packing.check:check",
    "compare": "honmono.reports.comparison.compare_runs:compare",
    "directions": "honmono.generation.latents.strips:write_directions",
    "environment": "honmono.runs.environment:environment",
    "evaluate": "honmono.evaluation.evaluate_run:evaluate",
    "export": "honmono.generation.exports.write:export",
    "find": "honmono.recipe.registry:find",
    "from_pretrained": "honmono.generation.hub.saved:from_pretrained",
    "interpolate": "honmono.generation.interpolate:write_interpolation",
    "list_recipes": "honmono.recipes:catalogue",
    "list_studies": "honmono.studies.study:list_studies",
    "load": "honmono.generation.load:load",
    "mix": "honmono.generation.mix:write_mix",
    "plot": "honmono.reports.figures.run:plot",
    "project": "honmono.generation.latents.given_picture:write_projection",
    "push": "honmono.generation.hub.push:push",
    "sample": "honmono.generation.write:write_samples",
    "serve": "honmono.generation.serving.serve:serve",
    "show": "honmono.recipe.describe:describe_recipe",
    "study": "honmono.studies.run:study",
    "train": "honmono.training.train:train",
    "tune": "honmono.benchmark.tune:tune",
}
__version__ = "0.1.0"
__all__ = [*LAZY]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'honmono' has no attribute '{name}'")
    module, _, attribute = LAZY[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
