import gc
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from honmono.data.pictures import Pictures
from honmono.errors import Refused


pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves metadata open


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Files that were left open are closed before another test begins, which would be warned of them."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import config
    from huggingface_hub import constants

    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def values(pictures: Pictures) -> tuple[list[float], list[int] | None]:
    opened = pictures.open()
    assert opened.length is not None
    real, label = opened.gather(np.arange(opened.length), np.random.default_rng(0))
    return real[:, 0, 0, 0].tolist(), None if label is None else label.tolist()


def test_a_local_folder_in_the_hubs_layout(tmp_path: Path, encode) -> None:
    for split, name, value in (("train", "b", 5), ("train", "a", 6), ("test", "a", 7), ("test", "b", 8)):
        path = tmp_path / "set" / split / name / "0.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode(np.full((8, 8), value, np.uint8)))
    source = f"hf:imagefolder:{tmp_path / 'set'}"
    assert values(Pictures(source=source, range=(0, 255))) == ([6, 5], [0, 1])
    assert values(Pictures(source=f"{source}@test", range=(0, 255))) == ([7, 8], [0, 1])
    assert Pictures(source=source).open().classes == ("a", "b")
    with pytest.raises(Refused, match="'val'.*@train', .*@test'"):
        Pictures(source=f"{source}@val").open()


def test_parquet_with_and_without_the_hubs_metadata(tmp_path: Path, encode) -> None:
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    pictures = [encode(np.full((8, 8), value, np.uint8)) for value in (1, 2, 3)]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["x", "y"])})
    held = {"image": [{"bytes": content, "path": None} for content in pictures], "label": [1, 0, 1]}
    datasets.Dataset.from_dict(held, features=features).to_parquet(tmp_path / "typed.parquet")
    opened = Pictures(source=f"hf:parquet:{tmp_path / 'typed.parquet'}").open()
    assert opened.class_counts == {"x": 1, "y": 2}
    assert opened.record["notes"] == ["pictures are its column 'image', classes 'label'"]

    pq.write_table(pa.table({"id": [7, 8, 9], "png": pictures, "label": [0, 2, 0]}), tmp_path / "plain.parquet")
    plain = Pictures(source=f"hf:parquet:{tmp_path / 'plain.parquet'}", range=(0, 255))
    assert values(plain) == ([1, 2, 3], [0, 2, 0])

    pq.write_table(pa.table({"id": [7, 8, 9]}), tmp_path / "none.parquet")
    with pytest.raises(Refused, match="no column of pictures among id"):
        Pictures(source=f"hf:parquet:{tmp_path / 'none.parquet'}").open()


def test_broken_cells_are_skipped_and_change_the_fingerprint(tmp_path: Path, encode) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    good = encode(np.full((8, 8), 9, np.uint8))
    pq.write_table(pa.table({"image": [good, b"", None, b"junk", good]}), tmp_path / "a.parquet")
    opened = Pictures(source=f"hf:parquet:{tmp_path / 'a.parquet'}").open()
    assert opened.length == 2 and opened.classes == ()
    assert [(entry["name"], entry["why"]) for entry in opened.record["skipped"]] == [
        ("1", "an empty cell"),
        ("2", "an empty cell"),
        ("3", "not a picture"),
    ]


def test_pictures_that_the_test_table_has_too_are_named(tmp_path: Path, encode) -> None:
    import datasets

    pictures = [{"bytes": encode(np.full((8, 8), value, np.uint8)), "path": None} for value in range(5)]
    features = datasets.Features({"image": datasets.Image()})
    splits = {"train": pictures[:3], "test": pictures[2:4], "unlabeled": pictures[4:] + pictures[:1]}
    tables = datasets.DatasetDict()
    for name, held in splits.items():
        tables[name] = datasets.Dataset.from_dict({"image": held}, features=features)
    tables.save_to_disk(tmp_path / "set")
    record = Pictures(source=str(tmp_path / "set")).open().record
    assert record["in_other_splits"] == [{"name": "2", "also": "test/0"}]
    test = Pictures(source=f"{tmp_path / 'set'}@test").open().record
    assert {"name": "0", "also": "train/2"} in test["in_other_splits"]


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="gone: write hf:imagefolder:PATH"):
        Pictures(source=f"hf:imagefolder:{tmp_path / 'gone'}").open()
    with pytest.raises(Refused, match="hf:nobody/nothing cannot be loaded") as refusal:
        Pictures(source="hf:nobody/nothing").open()
    assert "\n" not in str(refusal.value)


def test_labels_that_are_words_are_classes(tmp_path: Path, encode) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pictures = [encode(np.full((8, 8), value, np.uint8)) for value in (1, 2, 3)]
    pq.write_table(pa.table({"image": pictures, "label": ["emu", "cat", "emu"]}), tmp_path / "words.parquet")
    opened = Pictures(source=f"hf:parquet:{tmp_path / 'words.parquet'}").open()
    assert opened.class_counts == {"cat": 1, "emu": 2}
    assert opened.record["classes_from"] == "its column 'label'"
    assert Pictures(source=f"hf:parquet:{tmp_path / 'words.parquet'}", classes="none").open().classes == ()


def test_an_image_folder_of_classes_with_metadata_of_other_things(tmp_path: Path, encode) -> None:
    names = [f"{name}/{place}.png" for name in ("cat", "dog") for place in range(2)]
    for name in names:
        (tmp_path / "set" / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "train" / name).write_bytes(encode(np.zeros((8, 8), np.uint8)))
    rows = "".join(json.dumps({"file_name": name, "text": "a picture"}) + "\n" for name in names)
    (tmp_path / "set" / "train" / "metadata.jsonl").write_text(rows)
    opened = Pictures(source=f"hf:imagefolder:{tmp_path / 'set'}").open()
    assert opened.class_counts == {"cat": 2, "dog": 2}


def test_an_image_folder_with_labels_in_its_metadata(tmp_path: Path, encode) -> None:
    folder = tmp_path / "set" / "train"
    folder.mkdir(parents=True)
    for place in range(4):
        (folder / f"{place}.png").write_bytes(encode(np.full((8, 8), place, np.uint8)))
    rows = "".join(f"{place}.png,{('cat', 'dog')[place % 2]}\n" for place in range(4))
    (folder / "metadata.csv").write_text(f"file_name,label\n{rows}")
    opened = Pictures(source=f"hf:imagefolder:{tmp_path / 'set'}").open()
    assert opened.class_counts == {"cat": 2, "dog": 2}


@pytest.mark.parametrize("suffix", ["cls", "json"])
def test_a_webdataset_with_labels(tmp_path: Path, encode, suffix: str) -> None:
    with tarfile.open(tmp_path / "shard.tar", "w") as archive:
        for place in range(4):
            label = str(place % 2) if suffix == "cls" else json.dumps({"label": place % 2, "caption": "x"})
            files = {"png": encode(np.full((8, 8), place, np.uint8)), suffix: label.encode()}
            for ending, content in files.items():
                member = tarfile.TarInfo(f"{place:06}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    opened = Pictures(source=f"hf:webdataset:{tmp_path / 'shard.tar'}").open()
    assert opened.class_counts == {"0": 2, "1": 2}
