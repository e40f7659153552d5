"""What is a recipe? The names that a recipe file imports: `from honmono.recipe import Recipe, Training, recipe`."""

import importlib
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from honmono.recipe.adam import TensorFlowAdam as TensorFlowAdam
    from honmono.recipe.grids import SampleGrid as SampleGrid
    from honmono.recipe.growth import Growth as Growth
    from honmono.recipe.latents import Clusters as Clusters
    from honmono.recipe.latents import Latent as Latent
    from honmono.recipe.latents import Normal as Normal
    from honmono.recipe.latents import SampleNoise as SampleNoise
    from honmono.recipe.latents import Uniform as Uniform
    from honmono.recipe.registry import recipe as recipe
    from honmono.recipe.samplers import DDIM as DDIM
    from honmono.recipe.samplers import ODE as ODE
    from honmono.recipe.samplers import Direct as Direct
    from honmono.recipe.updates import Count as Count
    from honmono.recipe.updates import Every as Every
    from honmono.recipe.updates import Simultaneous as Simultaneous
    from honmono.recipe.updates import Update as Update
    from honmono.recipe.updates import WarmUp as WarmUp
    from honmono.recipe.value import Average as Average
    from honmono.recipe.value import Clip as Clip
    from honmono.recipe.value import Pair as Pair
    from honmono.recipe.value import Recipe as Recipe
    from honmono.recipe.value import Training as Training
    from honmono.schedules import Constant as Constant
    from honmono.schedules import Cosine as Cosine
    from honmono.schedules import Geometric as Geometric
    from honmono.schedules import Inverse as Inverse
    from honmono.schedules import InverseByUpdate as InverseByUpdate
    from honmono.schedules import InverseSquareRoot as InverseSquareRoot
    from honmono.schedules import Linear as Linear

# Resolved on first use: each module of this package can be imported without the others, and some of them without torch.
LAZY = {
    "honmono.recipe.adam": ("TensorFlowAdam",),
    "honmono.recipe.grids": ("SampleGrid",),
    "honmono.recipe.growth": ("Growth",),
    "honmono.recipe.latents": ("Clusters", "Latent", "Normal", "SampleNoise", "Uniform"),
    "honmono.recipe.registry": ("recipe",),
    "honmono.recipe.samplers": ("DDIM", "Direct", "ODE"),
    "honmono.recipe.updates": ("Count", "Every", "Simultaneous", "Update", "WarmUp"),
    "honmono.recipe.value": ("Average", "Clip", "Pair", "Recipe", "Training"),
    "honmono.schedules": (
        "Constant",
        "Cosine",
        "Geometric",
        "Inverse",
        "InverseByUpdate",
        "InverseSquareRoot",
        "Linear",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in LAZY.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'honmono.recipe' has no attribute '{name}'")
