"""What every test runs under: one thread, checked shapes, caches of its own, no screen and no network."""

import functools
import inspect
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import jaxtyping
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor


SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
CHECK = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"  # an int will do for a float
NEVER_CLOSED = {"meta", "img", "wbr", "line", "input"}  # of HTML's tags

# One thread, here and in the processes that tests start: sums come out the same on any number of cores.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ["HF_HUB_OFFLINE"] = "1"

check_always = jaxtyping.jaxtyped


def check_shapes(*, typechecker: Callable[..., Any]) -> Callable[[Any], Any]:
    """jaxtyping's decorator, for functions with a shape in their signature, and only while they run eagerly.

    `torch.compile` cannot trace the checks, and needs none: what it compiles runs eagerly in other tests.
    """

    def decorate(target: Any) -> Any:
        if inspect.isclass(target) or not any(map(has_shape, inspect.get_annotations(target).values())):
            return target
        checked = check_always(target, typechecker=typechecker)

        @functools.wraps(target)
        def run(*args: Any, **kwargs: Any) -> Any:
            return (target if torch.compiler.is_compiling() else checked)(*args, **kwargs)

        return run

    return decorate


def has_shape(annotation: Any) -> bool:
    """Whether a type such as `Float[Tensor, "batch width"]` stands somewhere in an annotation."""
    if inspect.isclass(annotation) and issubclass(annotation, jaxtyping.AbstractArray):
        return True
    return any(map(has_shape, get_args(annotation)))


# The import hook decorates with whatever stands under this name when a module of honmono is imported.
jaxtyping.jaxtyped = check_shapes
jaxtyping.install_import_hook("honmono", CHECK)

from honmono.objectives.base import Step  # noqa: E402, once the hook is installed
from honmono.recipe.value import Recipe  # noqa: E402


@pytest.fixture(autouse=True, scope="session")
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Packed data goes to directories of this test session, in this process and in those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONMONO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hugging-face")))
        yield


@pytest.fixture
def observed() -> Callable[[Recipe], tuple[Recipe, list[tuple[str, Step]]]]:
    """Gives a recipe an objective that notes each player's update and what its loss is computed from."""
    return observing


def observing(recipe: Recipe) -> tuple[Recipe, list[tuple[str, Step]]]:
    kind, steps = type(recipe.objective), list[tuple[str, Step]]()

    @dataclass(frozen=True)
    class Observed(kind):
        def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
            steps.append(("discriminator", step))
            return kind.discriminator_loss(self, step)

        def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
            steps.append(("generator", step))
            return kind.generator_loss(self, step)

    return replace(recipe, objective=Observed(**vars(recipe.objective))), steps


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The directory of MNIST's four IDX files."""
    return real_data("mnist")


@pytest.fixture(scope="session")
def cifar_archive() -> Path:
    """CIFAR-10 as JPEG files: `train|test/<class>/NNNN.jpg` in a `.tar.gz`."""
    return real_data("cifar10-jpeg/cifar10_jpg.tar.gz")


def real_data(name: str) -> Path:
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"no real data beside the checkout: ../shared/data/{name}")
    return path


class ReadHtml(HTMLParser):
    """Tags with their attributes, and the text between them; every tag that opens must close, in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.document = document
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)
        assert not self.open

    @property
    def sources(self) -> list[str]:
        """Of pictures and links."""
        links = ("src", "href", "srcset")
        return [value or "" for _, given in self.tags for name, value in given.items() if name in links]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in NEVER_CLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in NEVER_CLOSED or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def read_html() -> type[ReadHtml]:
    return ReadHtml


@pytest.fixture
def points() -> Any:
    """A GAN of small multilayer perceptrons on 44 points in the plane, 16 in a batch."""
    from honmono.recipe.override import override
    from honmono.recipe.registry import find

    entry = find("gan-grid")
    return override(entry.make(), {**entry.tiny, "data.samples": "44"})


@pytest.fixture(scope="session")
def in_training() -> Callable[..., Any]:
    """A recipe's trainer on the CPU: `in_training(recipe, precision="fp64")`."""
    from honmono.devices import choose
    from honmono.training.engine import Engine
    from honmono.training.trainer import Trainer

    def build(recipe: Any, precision: str = "fp32", compile: str = "off") -> Trainer:
        return Trainer(recipe, recipe.data.open(), Engine(choose("cpu", precision, compile)))

    return build


@pytest.fixture(scope="session")
def on_small_data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Any]:
    """A recipe on 22 pictures of the kind that it was written for (IDX files where grey, else a folder with classes),
    on stacks of them, or on 44 points; what is built in stays as it is."""
    from honmono.data.choose import with_source
    from honmono.data.mixtures import Mixture
    from honmono.data.stacked import StackedMNIST
    from honmono.recipe.describe import nominal_data_spec

    def small(recipe: Any) -> Any:
        data = recipe.data
        if isinstance(data, Mixture):
            return replace(recipe, data=replace(data, samples=44))
        if data.source == "digits":
            return recipe
        channels, size, _ = nominal_data_spec(recipe).sample_shape
        expects = getattr(data, "expects", None)
        size, channels = expects or (size, 1 if isinstance(data, StackedMNIST) else channels)
        folder = tmp_path_factory.getbasetemp() / f"pictures-{channels}x{size}x{size}"
        if not folder.exists():
            write_pictures(folder, channels, size)
        return replace(recipe, data=with_source(data, str(folder), "the recipe"))

    return small


def write_pictures(folder: Path, channels: int, size: int, number: int = 22) -> None:
    """Pictures of noise, of ten classes in turn."""
    random = np.random.default_rng(0)
    if channels == 1:
        folder.mkdir()
        pixels = random.integers(256, size=(number, size, size), dtype=np.uint8)
        labels = (np.arange(number) % 10).astype(np.uint8)
        for name, magic, array in (("images-idx3", 0x803, pixels), ("labels-idx1", 0x801, labels)):
            header = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
            (folder / f"train-{name}-ubyte").write_bytes(header + array.tobytes())
        return
    for place in range(number):
        (folder / str(place % 10)).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(random.integers(256, size=(size, size, 3), dtype=np.uint8))
        picture.save(folder / str(place % 10) / f"{place}.png")
