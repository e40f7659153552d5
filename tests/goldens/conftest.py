"""Goldens: numbers that were computed once and that every later version must give again.

`python -m pytest tests/goldens --regenerate` computes and stores them anew. All imports of the library's modules that
these tests need are in this file; the tests themselves use only what the library's top level offers.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import honmono
from honmono.devices import choose
from honmono.recipe.build import build_networks, resolve_together
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.record import Record, read_record
from honmono.recipe.value import Recipe, resolve_auto
from honmono.runs.directory import RunDirectory
from honmono.training.engine import Engine
from honmono.training.options import TrainOptions
from honmono.training.session import prepare
from honmono.training.trainer import Trainer


GOLDENS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="compute and store the goldens anew")


@pytest.fixture(scope="session")
def stored(request: pytest.FixtureRequest) -> Callable[[str, Callable[[], Any]], Any]:
    """The stored JSON of a name; with --regenerate what `make` computes is stored first."""
    regenerate = request.config.getoption("--regenerate", default=False)

    def read(name: str, make: Callable[[], Any]) -> Any:
        path = GOLDENS / f"{name}.json"
        if regenerate:
            path.write_text(json.dumps(make(), indent=0, allow_nan=False) + "\n", encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))

    return read


@pytest.fixture
def golden(stored: Callable[[str, Callable[[], Any]], Any]) -> Callable[..., None]:
    """Compares a value with the stored one of that name."""

    def check(name: str, value: Any, relative: float = 1e-9, absolute: float = 1e-15) -> None:
        found = _differences(stored(name, lambda: value), value, relative, absolute)
        assert not found, "\n".join(found)

    return check


@pytest.fixture(scope="session")
def differences() -> Callable[..., list[str]]:
    """Compares two JSON values: `differences(stored, now, relative, absolute)` names every place where they differ."""
    return _differences


def _differences(stored: Any, now: Any, relative: float, absolute: float, path: str = "") -> list[str]:
    """Where two JSON values differ: numbers by more than the tolerance, everything else at all.

    absolute: for numbers that are 0 in exact arithmetic, such as a symmetric loss, and that rounding makes 1e-17.
    """
    if isinstance(stored, dict) and isinstance(now, Mapping):
        names = dict.fromkeys([*stored, *now])
        parts = [(f"{path}/{name}", stored.get(name), now.get(name)) for name in names]
    elif isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        parts = [(f"{path}/{place}", *pair) for place, pair in enumerate(zip(stored, now, strict=True))]
    elif isinstance(stored, float) and isinstance(now, float):
        same = math.isclose(stored, now, rel_tol=relative, abs_tol=absolute)
        return [] if same else [f"{path}: {stored!r} is stored, {now!r} computed"]
    else:
        return [] if stored == now else [f"{path}: {stored!r} is stored, {now!r} computed"]
    return [line for place, one, other in parts for line in _differences(one, other, relative, absolute, place)]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """An .npz of grey or colour squares in ten classes: a coarse pattern for each class, and noise.

    The default number gives three pictures to two classes and two to the others.
    """

    def make(channels: int, size: int, number: int = 22) -> Path:
        path = tmp_path_factory.getbasetemp() / f"pictures-{channels}x{size}x{size}-{number}.npz"
        if not path.exists():
            np.savez(path, images=_pixels(channels, size, number), labels=np.arange(number) % 10)
        return path

    return make


def _pixels(channels: int, size: int, number: int) -> np.ndarray:
    patterns = np.kron(numbers("patterns", (10, 4, 4, 3)), np.ones((1, -(-size // 4), -(-size // 4), 1)))
    noise = numbers(f"noise {size}", (number, size, size, 3))
    pixels = 128 + 50 * patterns[np.arange(number) % 10, :size, :size] + 20 * noise
    pixels = pixels.clip(0, 255).astype(np.uint8)
    return pixels if channels == 3 else pixels[..., 0]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 150 PNGs of 16x16 pixels in ten subfolders."""
    path = tmp_path_factory.mktemp("folder")
    for place, pixels in enumerate(_pixels(3, 16, 150)):
        (path / f"class-{place % 10}").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path / f"class-{place % 10}" / f"{place:03}.png")
    return path


@pytest.fixture(scope="session")
def tiny(pictures: Callable[..., Path]) -> Callable[..., Recipe]:
    """A registered recipe with its `tiny` override, on pictures of `source`; where it trains on points, on 44 of them.

    source: None takes 22 of the size and channels that the recipe was written for.
    """

    def make(name: str, source: Path | str | None = None, **changes: str) -> Recipe:
        entry = honmono.find(name)
        recipe = override(entry.make(), {**entry.tiny, **changes})
        if hasattr(recipe.data, "sigma"):
            return override(recipe, {"data.samples": "44"})
        channels, size, _ = nominal_data_spec(recipe).sample_shape
        size, channels = getattr(recipe.data, "expects", None) or (size, channels)
        stacked = hasattr(recipe.data, "draw_seed")
        return override(recipe, {"data.source": str(source or pictures(1 if stacked else channels, size))})

    return make


@pytest.fixture(scope="session")
def train_in_float64() -> Callable[[Recipe, int], dict[str, Any]]:
    """Trains a recipe from the weights of `set_weights`: losses of every step, then norms of tensors and samples."""

    def train(recipe: Recipe, steps: int) -> dict[str, Any]:
        trainer = Trainer(recipe, recipe.data.open(), Engine(choose("cpu", "fp64", "off")))
        set_weights(trainer)
        losses = [{name: loss.item() for name, loss in trainer.step().items()} for _ in range(steps)]
        networks = {name: group for name, group in trainer.tensors().items() if "optimizer" not in name}
        return {
            "losses": losses,
            "images": trainer.clock.images,
            "samples": norm(next(trainer.model().fakes(seed=0))),
            "norms": {name: {key: norm(one) for key, one in group.items()} for name, group in networks.items()},
        }

    return train


@pytest.fixture(scope="session")
def train_run() -> Callable[[Recipe, Path, int], None]:
    """`honmono.train` in float64, but from the weights of `set_weights`."""

    def train(recipe: Recipe, run: Path, steps: int) -> None:
        session = prepare(
            TrainOptions(recipe=recipe, run=run, steps=steps, device="cpu", precision="fp64", compile="off")
        )
        set_weights(session.trainer)
        with session.recorder() as recorder:
            session.trainer.fit(session.steps, recorder)

    return train


def norm(tensor: Tensor) -> float:
    return tensor.double().norm().item()


@torch.no_grad()
def set_weights(trainer: Trainer) -> None:
    """Overwrites what torch's initialisers drew, whose last bits differ among processors."""
    groups, grows = trainer.tensors(), trainer.recipe.growth is not None
    for player in trainer.networks:
        for name, tensor in floating(groups[player]):
            values = numbers(f"{player}.{name}", tuple(tensor.shape))
            tensor.copy_(torch.from_numpy(scaled(name, values, grows)))
    for name, tensor in groups.get("average", {}).items():
        tensor.copy_(groups["generator"][name])


def floating(group: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """All tensors but counters and the statistics of batch norm, which begin at 0 and 1."""
    return ((name, one) for name, one in group.items() if one.is_floating_point() and ".running_" not in f".{name}")


def scaled(name: str, values: np.ndarray, grows: bool) -> np.ndarray:
    """Numbers of variance 1 in the size usual for a tensor; networks that grow scale their weights themselves."""
    if values.ndim >= 2:
        return values if grows else values / math.sqrt(values[0].size)
    if name.endswith((".weight_u", "._u", "._v")):  # of spectral norm: unit vectors
        return values / np.linalg.norm(values)
    return 0.1 * values + (1.0 if name.endswith("weight") else 0.0)


def numbers(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform float64 numbers of mean 0 and variance 1: Philox keyed by the text, the same everywhere."""
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    random = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
    return (random.random(shape) * 2 - 1) * math.sqrt(3)


@pytest.fixture(scope="session")
def record_of() -> Callable[[str], dict[str, Any]]:
    """What a run of a registered recipe writes as its recipe.json, and the shapes of its networks' parameters."""

    def make(name: str) -> dict[str, Any]:
        recipe = honmono.find(name).make()
        data_spec = nominal_data_spec(recipe)
        if recipe.conditional == "auto":  # as on data with classes
            data_spec = replace(data_spec, classes=tuple("0123456789"))
        recipe = resolve_auto(recipe, [100] * len(data_spec.classes), 1_000)
        return _recorded(Record(name, recipe, data_spec))

    return make


@pytest.fixture
def record_from(tmp_path: Path) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The same from a recipe.json, as a run directory's is read."""

    def read(recipe_json: dict[str, Any]) -> dict[str, Any]:
        run = RunDirectory(tmp_path)
        run.recipe_json.write_text(json.dumps(recipe_json), encoding="utf-8")
        return _recorded(read_record(run))

    return read


def _recorded(record: Record) -> dict[str, Any]:
    with torch.device("meta"):  # shapes without numbers
        networks = build_networks(record.recipe, record.data_spec)
    record = replace(record, recipe=resolve_together(record.recipe, networks))
    shapes = {player: _shapes(network) for player, network in networks.items()}
    return {"shapes": shapes, "recipe_json": record.to_json()}


def _shapes(network: torch.nn.Module) -> str:
    return " ".join("x".join(map(str, parameter.shape)) for parameter in network.parameters())
