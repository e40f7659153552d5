import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.data.sources.base import Classes, Listing
from honmono.data.sources.layout import lay_out


def laid_out(files: Mapping[str, str], classes: Classes = "auto") -> Listing:
    names = [*files]
    layout = lay_out("there", names, None, classes, lambda places: ((at, files[names[at]].encode()) for at in places))
    return layout.listing


def by_name(listing: Listing) -> dict[str, str | None]:
    return {name: None if label is None else listing.classes[label] for name, label in listing.items}


SHELVED = {f"{place // 10:05}/img{place:08}.png": "" for place in range(30)}
WANTED = {name: str(place % 3) for place, name in enumerate(SHELVED)}


@pytest.mark.parametrize("how", ["numbers", "one-hot", "mapping"])
def test_stylegan_s_labels_win_over_its_folders(how: str) -> None:
    labels: object = [[name, place % 3] for place, name in enumerate(SHELVED)]
    if how == "one-hot":
        labels = [[name, [float(place % 3 == label) for label in range(3)]] for place, name in enumerate(SHELVED)]
    if how == "mapping":
        labels = {name: place % 3 for place, name in enumerate(SHELVED)}
    listing = laid_out({**SHELVED, "dataset.json": json.dumps({"labels": labels})})
    assert by_name(listing) == WANTED and listing.classes_from == "dataset.json"
    assert [*listing.strays] == []  # a file that is used is not left out


@pytest.mark.parametrize("kind", ["cls", "json", "dataset.json", "metadata.csv"])
def test_files_that_labels_are_read_from_are_not_left_out(kind: str) -> None:
    names = {f"{place}.png": "" for place in range(12)}
    beside = {
        f"{place}.{kind}": str(place % 3) if kind == "cls" else f'{{"label": {place % 3}}}' for place in range(12)
    }
    if kind == "dataset.json":
        beside = {kind: json.dumps({"labels": [[name, place % 3] for place, name in enumerate(names)]})}
    if kind == "metadata.csv":
        beside = {kind: "file_name,label\n" + "".join(f"{name},{place % 3}\n" for place, name in enumerate(names))}
    listing = laid_out({**names, **beside, "notes.txt": ""})
    assert len(listing.classes) == 3 and [name for name, _ in listing.strays] == ["notes.txt"]


def test_stylegan_s_data_without_labels_has_no_classes() -> None:
    folders = {f"{name}/{place}.png": "" for name in ("x", "y") for place in range(3)}
    listing = laid_out({**folders, "dataset.json": '{"labels": null}'})
    assert listing.classes == () and "--classes folders" in listing.notes[0]
    assert laid_out({**folders, "dataset.json": '{"labels": null}'}, classes="folders").classes == ("x", "y")


@pytest.mark.parametrize("kind", ["csv", "csv with semicolons", "jsonl"])
def test_a_table_with_a_column_of_labels(kind: str) -> None:
    files = {f"set/train/{place:02}.png": "" for place in range(12)} | {"set/test/0.png": ""}
    rows = [(f"{place:02}.png", ("cat", "dog", "emu")[place % 3]) for place in range(12)]
    if kind.startswith("csv"):
        text = "file_name,label\n" + "".join(f"{name},{label}\n" for name, label in rows)
        text = text.replace(",", ";") if "semicolons" in kind else text
    else:
        text = "".join(json.dumps({"file_name": name, "label": label}) + "\n" for name, label in rows)
    listing = laid_out({**files, f"set/train/metadata.{kind.split()[0]}": text})
    assert by_name(listing) == {f"set/train/{name}": label for name, label in rows} and listing.split == "train"


def test_a_table_without_labels_leaves_folders_as_classes() -> None:
    files = {f"{name}/{place}.png": "" for name in ("cat", "dog") for place in range(3)}
    text = "".join(json.dumps({"file_name": name, "text": "a picture"}) + "\n" for name in files)
    assert laid_out({**files, "metadata.jsonl": text}).classes == ("cat", "dog")


def test_labels_that_are_no_classes_are_passed_over_with_a_line() -> None:
    files = {f"{place}.png": "" for place in range(20)}
    for name, text in (
        ("metadata.csv", "file_name,label\n" + "".join(f"{place}.png,word {place}\n" for place in range(20))),
        ("metadata.csv", "file_name,label\n1.png,x\n"),
        ("dataset.json", json.dumps({"labels": [[f"{place}.png", [0.1, 0.7]] for place in range(20)]})),
        ("dataset.json", "{"),
    ):
        listing = laid_out({**files, name: text})
        assert listing.classes == () and any("not used" in note for note in listing.notes)


def test_pictures_without_a_label_are_left_out() -> None:
    files = {f"{place}.png": "" for place in range(5)}
    text = "file_name,label\n" + "".join(f"{place}.png,{place % 2}\n" for place in range(4))
    listing = laid_out({**files, "metadata.csv": text})
    assert len(listing.items) == 4
    assert ("4.png", "without a label in metadata.csv, column 'label'") in listing.strays


def test_of_several_rows_for_a_picture_the_last_is_taken() -> None:
    files = {f"{place}.png": "" for place in range(12)}
    rows = [f"{place}.png,id{place}\n" for place in range(12)] + [f"{place}.png,{place % 2}\n" for place in range(12)]
    assert laid_out({**files, "metadata.csv": "file_name,label\n" + "".join(rows)}).classes == ("0", "1")
    pairs = [["3.png", None], *([f"{place}.png", place % 2] for place in range(12))]
    assert laid_out({**files, "dataset.json": json.dumps({"labels": pairs})}).classes == ("0", "1")


def test_labels_of_several_types_are_as_json_has_them() -> None:
    files = {f"{place}.png": "" for place in range(6)}
    labels = ("true", "1", '"d"', "0", "2", "2.0")
    text = "".join(f'{{"file_name": "{place}.png", "label": {label}}}\n' for place, label in enumerate(labels))
    assert laid_out({**files, "metadata.jsonl": text}).classes == ("0", "1", "2", "d")


def test_numbers_are_classes_in_their_order_without_gaps() -> None:
    files = {f"{place}.png": "" for place in range(6)}
    text = "file_name,label\n" + "".join(f"{place}.png,{(2, 10, 1)[place % 3]}\n" for place in range(6))
    assert laid_out({**files, "metadata.csv": text}).classes == ("1", "2", "10")


def test_imagenet_s_names_are_those_of_its_mapping() -> None:
    folders = {f"train/{name}/{place}.JPEG": "" for name in ("nx", "ny", "nz") for place in range(2)}
    text = "nx tench, Tinca tinca\nny crane\nnz crane\n"
    listing = laid_out({**folders, "LOC_synset_mapping.txt": text})
    assert listing.classes == ("tench", "crane (ny)", "crane (nz)")
    assert laid_out({**folders, "LOC_synset_mapping.txt": "nx tench\n"}).classes == ("nx", "ny", "nz")


def test_imagenet_s_tree_has_flat_splits_beside_that_of_classes() -> None:
    data, folders = "ILSVRC/Data/CLS-LOC", ("n01440764", "n02102040")
    files = {f"{data}/train/{name}/{name}_{place}.JPEG": "" for name in folders for place in range(4)}
    files |= {f"{data}/{split}/ILSVRC2012_{split}_{place:08}.JPEG": "" for split in ("val", "test") for place in (1, 2)}
    files |= {"ILSVRC/Annotations/CLS-LOC/train/n01440764/a.xml": "", "LOC_val_solution.csv": "ImageId\n"}
    assert laid_out(files).classes == folders
    files["LOC_synset_mapping.txt"] = "n01440764 tench, Tinca tinca\nn02102040 English springer\n"
    listing = laid_out(files)
    assert listing.classes == ("tench", "English springer") and len(listing.items) == 8
    assert listing.split == "train" and dict(listing.splits) == {"train": 8, "val": 2, "test": 2}


def write(path: Path, files: Mapping[str, bytes]) -> str:
    """The files as an archive, or as a folder."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return str(path)
    folder = path.with_suffix("")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if path.suffix == ".tar":
        with tarfile.open(path, "w") as archive:
            archive.add(folder, ".")
        return str(path)
    return str(folder)


@pytest.mark.parametrize("kind", [".zip", ".tar", ""])
@pytest.mark.parametrize("suffix", ["cls", "json"])
def test_webdataset_s_labels_are_read_from_archives_and_folders(tmp_path: Path, encode, kind: str, suffix: str) -> None:
    files = {}
    for place in range(6):
        files[f"{place:06}.png"] = encode(np.full((8, 8), place, np.uint8))
        label = str(place % 3) if suffix == "cls" else json.dumps({"label": place % 3, "caption": "x"})
        files[f"{place:06}.{suffix}"] = label.encode()
    source = write(tmp_path / f"shard{kind}", files)
    opened = Pictures(source=source, range=(0, 255)).open()
    real, label = opened.gather(np.arange(6), np.random.default_rng(0))
    assert label is not None and (real[:, 0, 0, 0] % 3).tolist() == label.tolist()
    assert opened.class_counts == {"0": 2, "1": 2, "2": 2}
    assert Pictures(source=source, classes="none").open().classes == ()


@pytest.mark.parametrize("shelf", [10, 1000])
@pytest.mark.parametrize("kind", [".zip", ""])
def test_stylegan_s_zip_is_read_by_its_own_labels(tmp_path: Path, encode, shelf: int, kind: str) -> None:
    """In folders of so many pictures each, or in a single one."""
    files = {f"{n // shelf:05}/img{n:08}.png": encode(np.full((8, 8, 3), n, np.uint8)) for n in range(30)}
    for labels in ([[name, place % 3] for place, name in enumerate(files)], None):
        path = tmp_path / str(labels is None) / f"set{kind}"
        path.parent.mkdir()
        source = write(path, {**files, "dataset.json": json.dumps({"labels": labels}).encode()})
        opened = Pictures(source=source, range=(0, 255)).open()
        real, label = opened.gather(np.arange(30), np.random.default_rng(0))
        assert opened.class_counts == ({"0": 10, "1": 10, "2": 10} if labels else {})
        assert labels is None or (label is not None and (real[:, 0, 0, 0] % 3).tolist() == label.tolist())


def test_backslashes_in_a_zip_part_folders(tmp_path: Path, encode) -> None:
    picture = encode(np.zeros((8, 8), np.uint8))
    files = {f"set\\{name}\\{place}.png": picture for name in ("cat", "dog") for place in range(2)}
    record = check(write(tmp_path / "a.zip", files)).record
    assert record["class_counts"] == {"cat": 2, "dog": 2}


def test_other_labels_of_the_same_pictures_are_packed_anew(tmp_path: Path, encode) -> None:
    files = {f"{place}.png": encode(np.full((8, 8), place, np.uint8)) for place in range(4)}
    folder = Path(write(tmp_path / "set", files))
    assert Pictures(source=str(folder)).open().classes == ()
    prints = set()
    for labels in ("aabb", "abab"):
        rows = "".join(f"{place}.png,{label}\n" for place, label in enumerate(labels))
        (folder / "metadata.csv").write_text(f"file_name,label\n{rows}")
        prints.add(Pictures(source=str(folder)).open().fingerprint)
    assert len(prints) == 2


def test_label_files_that_are_used_are_not_left_out() -> None:
    pairs = {f"{place:03}.{suffix}": str(place % 2) for place in range(6) for suffix in ("png", "cls")}
    table = "file_name,label\n" + "".join(f"{place}.png,{'ab'[place % 2]}\n" for place in range(6))
    synsets = {f"n0000000{place % 2}/{place}.png": "" for place in range(6)}
    for files in (
        pairs,
        {f"{place}.png": "" for place in range(6)} | {"metadata.csv": table},
        synsets | {"LOC_synset_mapping.txt": "n00000000 cat\nn00000001 dog\n"},
    ):
        listing = laid_out(files | {"notes.txt": ""})
        assert len(listing.classes) == 2 and [name for name, _ in listing.strays] == ["notes.txt"]


def test_a_table_with_more_values_than_columns_is_read() -> None:
    names = {f"{place}.png": "" for place in range(4)}
    captions = "".join(f"{name},a cat, sitting\n" for name in names)
    assert laid_out({**names, "metadata.csv": f"file_name,caption\n{captions}"}).classes == ()
    labels = "".join(f"{name},{place % 2},more\n" for place, name in enumerate(names))
    assert laid_out({**names, "metadata.csv": f"file_name,label\n{labels}"}).classes == ("0", "1")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_tables_are_read_whatever_ends_their_lines(ends: str) -> None:
    names = {f"{place}.png": "" for place in range(4)}
    rows = [f'./{name};"class\n{place % 2}"' for place, name in enumerate(names)]
    listing = laid_out({**names, "metadata.csv": "\ufeff" + ends.join(["file_name;label", *rows])})
    assert listing.classes == ("class\n0", "class\n1")


def test_names_of_labels_lead_from_their_own_file() -> None:
    pictures = {f"/set/a/{place}.png": "" for place in range(4)}
    rows = ["/set/a/0.png,x", "a/1.png,x", ".//a/2.png,y", "a\\3.png,y"]
    listing = laid_out({**pictures, "/set/metadata.csv": "\n".join(["file_name,label", *rows])})
    assert by_name(listing) == dict(zip(pictures, "xxyy", strict=True))
