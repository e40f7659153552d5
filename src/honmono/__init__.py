"""honmono (本物, "the genuine article"): generative adversarial networks, each one readable file."""

import importlib
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from honmono.api import train as train
    from honmono.recipe import Recipe as Recipe
    from honmono.registry import find as find
    from honmono.trained import load as load

# Resolved on first use, so that `import honmono` costs nothing and imports no torch.
LAZY = {
    "train": "honmono.api",
    "load": "honmono.trained",
    "Recipe": "honmono.recipe",
    "find": "honmono.registry",
}
__all__ = ["Recipe", "find", "load", "train"]


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'honmono' has no attribute '{name}'")
    return getattr(importlib.import_module(LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
