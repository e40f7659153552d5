"""What a run says of its classes before it starts, and the columns of its grids."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory
from honmono.runs.images import GAP
from honmono.training.classes import class_lines, columns, data_lines
from honmono.training.trainer import Trainer


@pytest.fixture
def of_classes(in_training: Callable[..., Trainer], tmp_path: Path) -> Callable[..., Trainer]:
    """A trainer of `folder` on so many 8x8 pictures of each class; the level of grey is that of the class."""

    def build(counts: Mapping[str, int], conditional: str = "auto", classes: str = "auto") -> Trainer:
        for level, (name, number) in enumerate(counts.items()):
            (tmp_path / "pictures" / name).mkdir(parents=True)
            for place in range(number):
                picture = Image.fromarray(np.full((8, 8), 8 * level, np.uint8))
                picture.save(tmp_path / "pictures" / name / f"{place:03}.png")
        entry = find("folder")
        changes = {**entry.tiny, "data.source": str(tmp_path / "pictures"), "conditional": conditional}
        changes["data.classes"] = classes
        return in_training(override(entry.make(), changes))

    return build


def test_classes_are_named_with_their_pictures(of_classes: Callable[..., Trainer]) -> None:
    trainer = of_classes({"cat": 60, "dog": 70})
    assert data_lines(trainer)[1] == "classes 2: cat (60), dog (70); from subfolders"
    (learns,) = class_lines(trainer)
    assert learns.startswith("learns 2 classes")


def test_many_classes_are_counted(of_classes: Callable[..., Trainer]) -> None:
    trainer = of_classes({f"c{place:02}": 2 + place for place in range(24)})
    assert class_lines(trainer)[0].startswith("learns 24 classes")
    classes = data_lines(trainer)[1]
    assert classes.startswith("classes 24: c00 (2), c01 (3)") and "c19 (21), and 4 more" in classes


def test_classes_of_few_pictures_are_named(of_classes: Callable[..., Trainer]) -> None:
    _, few = class_lines(of_classes({"cat": 60, "dog": 49, "emu": 3}))
    assert "emu (3), dog (49)" in few and "conditional=false" in few and "cat" not in few


def test_a_class_is_rare_beside_a_common_one(of_classes: Callable[..., Trainer]) -> None:
    _, few = class_lines(of_classes({"cat": 600, "dog": 600, "emu": 59}))
    assert "emu (59)" in few and "conditional" not in few


def test_a_class_for_each_picture_is_said_with_the_way_out(of_classes: Callable[..., Trainer]) -> None:
    people = {f"person{place:02}": 1 for place in range(20)}
    learns, shown, few = class_lines(of_classes(people, classes="folders"))
    assert "20 classes" in learns
    assert "classes.txt" in shown and "--set conditional=false" in few


def test_nothing_is_said_of_classes_that_are_not_learned(of_classes: Callable[..., Trainer]) -> None:
    trainer = of_classes({"cat": 3, "dog": 4}, conditional="false")
    assert class_lines(trainer) == [] and columns(trainer) == []


def test_columns_are_the_commonest_and_the_rarest(of_classes: Callable[..., Trainer]) -> None:
    trainer = of_classes({f"c{place:02}": 1 + (place + 4) % 20 for place in range(20)})
    assert columns(trainer) == sorted([*range(8, 16), *range(16, 20), *range(4)])


def test_as_many_classes_as_fit_are_all_columns(of_classes: Callable[..., Trainer]) -> None:
    assert columns(of_classes({f"c{place:02}": 1 + place % 5 for place in range(16)})) == [*range(16)]


def test_a_grid_of_many_classes_has_one_in_each_column(of_classes: Callable[..., Trainer], tmp_path: Path) -> None:
    recipe = of_classes({f"c{place:02}": 1 + (place + 4) % 20 for place in range(20)}).recipe
    honmono.train(recipe, run=tmp_path / "run", steps=1, device="cpu", precision="fp32", compile="off")
    run = RunDirectory(tmp_path / "run")
    header, *lines = (run.samples / "classes.txt").read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == ["column", "class", "pictures", "label_fidelity"]
    assert lines[0].split("\t") == ["1", "c00", "5"] and lines[15].split("\t") == ["16", "c19", "4"]
    shown = [*range(4), *range(8, 20)]
    with Image.open(run.samples / "real.png") as opened:
        pixels = np.asarray(opened.convert("L"))
    side = (pixels.shape[1] - GAP) // 16
    for column, label in enumerate(shown):
        cells = pixels[GAP + 1 :: side, GAP + 1 + column * side]
        assert len(cells) == 8 and abs(cells.astype(int) - 8 * label).max() <= 1
    with Image.open(run.sample(1)) as opened:
        assert opened.size == pixels.shape[::-1]


def test_the_label_fidelity_stands_beside_the_class(tmp_path: Path) -> None:
    entry = find("dcgan-digits")
    changes = {**entry.tiny, "metrics": "(LabelFidelity(features='digits', fakes=50),)"}
    recipe = override(entry.make(), changes)
    honmono.train(recipe, run=tmp_path / "run", steps=1, device="cpu", precision="fp32", compile="off")
    _, *lines = (tmp_path / "run" / "samples" / "classes.txt").read_text(encoding="utf-8").splitlines()
    fidelity = [float(line.split("\t")[3]) for line in lines]
    assert len(fidelity) == 10 and all(0 <= one <= 1 for one in fidelity)
