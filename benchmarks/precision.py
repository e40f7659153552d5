"""Whether bf16 costs quality: dcgan-digits over seeds, with and without, by two distances from the real digits.

    python benchmarks/precision.py NAME [--seeds 3] [--steps 1500]

Label agreement: how often an SVM, trained apart on the real digits, reads the digit that was asked for. Fréchet
distance: between Gaussians fitted to the 64 pixels of 1,797 real and 5,000 fake digits (compare only within this file).

Where the processor has no native bf16, it is emulated in float32: operands, results and gradients of every product, and
results of activations and batch norms, are rounded to bf16, sums are kept in float32, as bf16 hardware does.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from honmono.devices import choose, has_bf16
from honmono.files import write_json
from honmono.generation.model import take
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.environment import environment
from honmono.runs.images import to_uint8
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


FAKES = 5_000
PRODUCTS = {functional.linear, functional.conv2d, functional.conv_transpose2d, torch.conv2d, torch.conv_transpose2d}
AFTER = {functional.leaky_relu, functional.relu, torch.relu, functional.batch_norm}


class EmulatedBf16(TorchFunctionMode):
    """Rounds as bf16 hardware would. The round trip through bf16 rounds gradients on their way back as well."""

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if func in PRODUCTS:
            args = tuple(rounded(arg) for arg in args)
        result = func(*args, **(kwargs or {}))
        return rounded(result) if func in PRODUCTS or func in AFTER else result


def rounded(value: Any) -> Any:
    floating = isinstance(value, Tensor) and value.dtype == torch.float32
    return value.to(torch.bfloat16).to(torch.float32) if floating else value


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether bf16 costs quality.")
    parser.add_argument("name", help="of the machine, for the file's name")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_500)
    asked = parser.parse_args()
    native = has_bf16(choose().device)
    rows = []
    for seed in range(asked.seeds):
        for precision in ("fp32", "bf16"):
            rows.append(quality(seed, precision, asked.steps, native))
            print(rows[-1], flush=True)
    result = {
        "what": f"dcgan-digits after {asked.steps} steps; {FAKES} fakes, averaged weights, samples drawn in float32",
        "bf16": "native" if native else "emulated in float32 (see benchmarks/precision.py)",
        "hardware": environment(["benchmarks/precision.py", *sys.argv[1:]]),
        "rows": rows,
    }
    path = Path(__file__).parent / "results" / f"precision-{asked.name}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, result)


def quality(seed: int, precision: str, steps: int, native: bool) -> dict[str, Any]:
    """Trains one run and measures its fakes."""
    recipe = override(find("dcgan-digits").make(), {"training.seed": str(seed)})
    trainer = Trainer(recipe, recipe.data.open(), Engine(choose(precision=precision if native else "fp32")))
    emulate = precision == "bf16" and not native
    begun = time.monotonic()
    with EmulatedBf16() if emulate else contextlib.nullcontext():
        for _ in range(steps):
            trainer.step()
    pictures = to_uint8(take(trainer.model().fakes(seed=0), FAKES), (-1.0, 1.0))
    pixels = pictures.reshape(FAKES, 64) / 255 * 16
    bunch: Any = load_digits()  # scikit-learn declares its types no further
    real, digits = bunch.data, bunch.target
    judge: Any = SVC(gamma=0.001)  # pyright: ignore[reportArgumentType]
    agreement = float((judge.fit(real, digits).predict(pixels) == np.arange(FAKES) % 10).mean())
    facts = {"seed": seed, "precision": precision, "seconds": round(time.monotonic() - begun, 1)}
    return facts | {"label_agreement": round(agreement, 4), "frechet_pixels": round(frechet(real, pixels), 3)}


def frechet(real: np.ndarray, fake: np.ndarray) -> float:
    """|m1 - m2|^2 + tr(C1 + C2) - 2 tr (C1^(1/2) C2 C1^(1/2))^(1/2) of Gaussians fitted to the rows."""
    mean = real.mean(0) - fake.mean(0)
    one, two = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    values, vectors = np.linalg.eigh(one)  # some pixels are always black: C1 is singular, and this bears it
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ two @ root).clip(0)).sum()
    return float(mean @ mean + np.trace(one + two) - 2 * shared)


if __name__ == "__main__":
    main()
