"""The real pictures: a subset drawn once and for all, as the network wants them, their features in the cache."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import FEATURES, RECORD, Reference
from honmono.metrics.features.named import feature_network
from honmono.randomness import stream
from honmono.recipe.value import Recipe


SHAPE = (1, 8, 8)


@pytest.fixture
def reference(recipe: Recipe, networks: Networks, stored: Path) -> Reference:
    return Reference(recipe, SHAPE, str(stored), networks)


@pytest.fixture
def anew(recipe: Recipe, stored: Path) -> Callable[[Any], Reference]:
    """Another process's reference, through a network of one's own."""
    return lambda network: Reference(recipe, SHAPE, str(stored), Networks(lambda name: network, torch.device("cpu")))


def quarters_of(pictures: Tensor) -> Tensor:
    return pictures.float().view(-1, 2, 4, 2, 4).mean((2, 4)).flatten(1)


def test_a_subset_is_the_first_of_one_order(reference: Reference, stored: Path) -> None:
    held = np.load(stored)
    order = stream(0, "reference").permutation(300)
    reals = reference.reals("quarters")
    few, more = reals.extracted(20), reals.extracted(200)
    expected = torch.from_numpy(held["images"][order[:200]])[:, None]
    torch.testing.assert_close(more.features, quarters_of(expected))
    assert torch.equal(few.features, more.features[:20]) and more.labels is not None
    np.testing.assert_array_equal(more.labels.numpy(), held["labels"][order[:200]])
    assert torch.equal(reals.pictures(torch.tensor([7, 0, 19])), expected[[7, 0, 19]])
    used = reference.used["quarters"]
    assert used.stored.source == str(stored) and (used.used, used.stored.total) == (200, 300)


def test_where_there_are_fewer_all_are_taken(reference: Reference) -> None:
    reals = reference.reals("quarters")
    assert len(reals.extracted(10_000).features) == 300
    assert reference.used["quarters"].used == 300


def test_pictures_are_as_the_network_wants_them_whatever_the_recipe_makes_of_them(
    recipe: Recipe, networks: Networks, stored: Path
) -> None:
    own = Pictures(source=str(stored), size=16, flip=True, limit=7, range=(0.0, 1.0))
    sides = [Reference(replace(recipe, data=data), SHAPE, None, networks) for data in (own, replace(own, size=8))]
    assert all(len(side.reals("quarters").extracted(300).features) == 300 for side in sides)
    assert len({side.used["quarters"].stored.content for side in sides}) == 1


def test_pictures_that_were_trained_on_are_not_packed_again(
    recipe: Recipe, networks: Networks, stored: Path, cache: Path
) -> None:
    own = Pictures(source=str(stored), flip=True, range=(0.0, 1.0))  # of a size that follows from the data
    own.open()
    trained = Reference(replace(recipe, data=own), SHAPE, None, networks)
    trained.reals("quarters").extracted(300)
    packed = cache / "packed"
    assert sum(path.is_dir() for path in packed.iterdir()) == 1
    resized = Reference(replace(recipe, data=replace(own, size=16)), (1, 16, 16), None, networks)
    resized.reals("quarters").extracted(300)
    assert sum(path.is_dir() for path in packed.iterdir()) == 2
    assert resized.used["quarters"].stored.content == trained.used["quarters"].stored.content


def test_features_are_kept_in_the_cache(
    cache: Path, reference: Reference, anew: Callable[[Any], Reference], quarters: Any
) -> None:
    made = reference.reals("quarters").extracted(280)
    assert quarters.given == [256, 256]
    again = anew(quarters).reals("quarters").extracted(280)
    fewer = anew(quarters).reals("quarters").extracted(30)  # of those that are there already
    assert quarters.given == [256, 256]
    assert torch.equal(again.features, made.features) and torch.equal(fewer.features, made.features[:30])
    assert made.logits is not None and again.logits is not None and torch.equal(again.logits, made.logits)
    anew(quarters).reals("quarters").extracted(290)
    assert len(quarters.given) == 4


def test_other_weights_have_features_of_their_own(
    cache: Path, reference: Reference, anew: Callable[[Any], Reference], quarters: Any
) -> None:
    reference.reals("quarters").extracted(30)
    quarters.checksum = lambda: "1" * 64
    anew(quarters).reals("quarters").extracted(30)
    assert len(quarters.given) == 2


@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "no record", "other record"])
def test_what_is_damaged_is_made_anew(
    cache: Path, reference: Reference, anew: Callable[[Any], Reference], quarters: Any, how: str
) -> None:
    made = reference.reals("quarters").extracted(30)
    features, record = next(cache.rglob(FEATURES)), next(cache.glob(f"references/**/{RECORD}"))
    content = bytearray(features.read_bytes())
    content[-1] ^= 1
    match how:
        case "flipped":
            features.write_bytes(content)
        case "cut":
            features.write_bytes(content[:100])
        case "gone":
            features.unlink()
        case "no record":
            record.unlink()
        case _:
            record.write_text("[]")
    assert torch.equal(anew(quarters).reals("quarters").extracted(30).features, made.features)
    assert len(quarters.given) == 2
    anew(quarters).reals("quarters").extracted(30)
    assert len(quarters.given) == 2


def test_a_cache_that_takes_nothing_costs_only_time(
    cache: Path, reference: Reference, anew: Callable[[Any], Reference], quarters: Any
) -> None:
    reference.reals("quarters")  # packed
    (cache / "references").write_text("a file where a folder should be")
    assert len(reference.reals("quarters").extracted(30).features) == 30
    assert len(anew(quarters).reals("quarters").extracted(30).features) == 30
    assert len(quarters.given) == 2


def test_processes_may_race_for_one_entry(cache: Path, stored: Path) -> None:
    code = f"""
import torch
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import Reference
from honmono.metrics.features.named import feature_network
from honmono.recipe.registry import find
recipe = find("dcgan-digits").make()
networks = Networks(feature_network, torch.device("cpu"))
found = Reference(recipe, (1, 8, 8), {str(stored)!r}, networks).reals("mnist").extracted(300)
print(found.features.double().sum().item())
"""
    environment = os.environ | {"HONMONO_CACHE": str(cache)}
    racing = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    sums = [process.communicate()[0] for process in racing]
    assert all(process.returncode == 0 for process in racing) and len(set(sums)) == 1
    assert [path.name for path in cache.glob("references/*/*") if path.is_dir()] == ["300"]
    assert json.loads(next(cache.glob(f"references/*/*/{RECORD}")).read_text())["count"] == 300


def test_a_split_can_stand_in_for_the_recipe_s_own_reals(recipe: Recipe, mnist_dir: Path) -> None:
    mnist = Networks(feature_network, torch.device("cpu"))
    reference = Reference(recipe, (1, 28, 28), f"{mnist_dir}@test", mnist)
    found = reference.reals("mnist").extracted(500)
    assert found.logits is not None and found.labels is not None
    assert (found.logits.argmax(1) == found.labels).float().mean() > 0.98
    used = reference.used["mnist"]
    assert used.stored.split == "test" and (used.used, used.stored.total) == (500, 10_000)


def test_real_pictures_that_nobody_names_are_asked_for(recipe: Recipe, networks: Networks) -> None:
    nameless = replace(recipe, data=Pictures())
    with pytest.raises(Refused, match="--reference SOURCE"):
        Reference(nameless, SHAPE, None, networks).reals("quarters")
    lost = replace(recipe, data=Pictures(source="somewhere/else"))
    with pytest.raises(Refused, match="somewhere/else.*--reference SOURCE"):
        Reference(lost, SHAPE, None, networks).reals("quarters")


def test_how_fakes_are_brought_to_the_network(recipe: Recipe, networks: Networks, stored: Path) -> None:
    def resizing(side: int, **fields: Any) -> str:
        own = replace(recipe, data=Pictures(source=str(stored), size=side, **fields))
        return Reference(own, (1, side, side), None, networks).preprocessing("quarters").resizing

    assert resizing(8, fit="pad") == "none" == resizing(8)
    assert resizing(32, fit="pad") == "centre crop 32 -> 8"
    assert resizing(32, fit="resize") == resizing(32) == "antialiased bilinear 32 -> 8"
    assert resizing(4, fit="pad") == "antialiased bilinear 4 -> 8"


def test_stacked_digits_are_their_own_reference(recipe: Recipe, networks: Networks, stored: Path) -> None:
    own = replace(recipe, data=StackedMNIST(source=str(stored), samples=50, size=16))
    reference = Reference(own, (3, 16, 16), None, networks)
    assert reference.preprocessing("quarters").resizing == "centre crop 16 -> 8"
    reals = reference.reals("quarters")
    assert reals.pictures(torch.arange(10)).shape == (10, 1, 8, 8) and len(reals.extracted(99).features) == 50
    assert reference.used["quarters"].stored.content == own.data.open().fingerprint


def test_reals_are_converted_as_those_trained_on(recipe: Recipe, networks: Networks, tmp_path: Path) -> None:
    """Though all of them are taken, and of another source too: transparent pixels have the recipe's background."""
    for place in range(6):
        Image.fromarray(np.full((8, 8, 4), [90, 90, 90, 0], np.uint8)).save(tmp_path / f"{place}.png")
    for ground, grey in (("black", 0.0), ("white", 255.0)):
        data = Pictures(source=str(tmp_path), ground=ground, limit=3)
        for other in (None, str(tmp_path)):
            reals = Reference(replace(recipe, data=data), SHAPE, other, networks).reals("quarters")
            features = reals.extracted(6).features
            assert features.shape == (6, 4) and (features == grey).all()


@pytest.mark.parametrize("kind", ["rectangles", "transparent", "pixel art"])
def test_samples_that_are_no_plain_squares_are_preprocessed_as_fakes_are(
    recipe: Recipe, networks: Networks, tmp_path: Path, kind: str
) -> None:
    random = np.random.default_rng(0)
    for place in range(6):
        pixels = random.integers(256, size=(16, 24 if kind == "rectangles" else 16, 4), dtype=np.uint8)
        if kind == "pixel art":
            pixels = np.array([[9, 9, 30, 255], [200, 50, 50, 255], [240, 240, 90, 255]], np.uint8)[pixels[..., 0] % 3]
        Image.fromarray(pixels).convert("RGBA" if kind == "transparent" else "RGB").save(tmp_path / f"{place}.png")
    fields: dict[str, Any] = {"rectangles": {"size": "16x24"}, "transparent": {"ground": "alpha"}}.get(kind, {})
    data = Pictures(source=str(tmp_path), range=(0, 255), **fields)
    opened = data.open()
    reference = Reference(replace(recipe, data=data), opened.sample_shape, None, networks)
    order = stream(0, "reference").permutation(6)
    samples = opened.gather(order, np.random.default_rng(0)).real.byte()
    expected = reference.preprocessing("quarters")(samples)
    assert torch.equal(reference.reals("quarters").pictures(torch.arange(6)), expected)
