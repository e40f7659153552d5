"""`save_pretrained` and `from_pretrained`: a folder with all that a model needs, and its card."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image

import honmono
from honmono.errors import Refused
from honmono.generation.load import TrainedRun


def test_a_folder_is_a_model(stirred: Callable[..., TrainedRun], tmp_path: Path) -> None:
    run = stirred("dcgan-digits")
    folder = run.save_pretrained(tmp_path / "digits", license="mit")
    assert {path.name for path in folder.iterdir()} == {"README.md", "config.json", "model.safetensors", "samples.png"}
    assert torch.equal(honmono.from_pretrained(folder).sample(5), run.sample(5))
    with Image.open(folder / "samples.png") as picture:
        assert picture.width > picture.height > 8
    fields = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert fields == {"library_name": "honmono", "tags": ["honmono", "gan"], "license": "mit"}
    with pytest.raises(Refused, match="exists: give a new folder"):
        run.save_pretrained(folder)
    with pytest.raises(Refused, match="omit it"):
        honmono.from_pretrained(folder, revision="main")


def test_points_are_a_model_too(stirred: Callable[..., TrainedRun], tmp_path: Path) -> None:
    run = stirred("flow-grid")
    folder = run.save_pretrained(tmp_path / "grid")
    assert torch.equal(honmono.from_pretrained(folder).sample(5), run.sample(5))
    assert (folder / "samples.png").is_file() and "(2,)" not in (folder / "README.md").read_text()


def test_a_license_is_a_name(stirred: Callable[..., TrainedRun], tmp_path: Path) -> None:
    with pytest.raises(Refused, match="identifier of the hub"):
        stirred("dcgan-digits").save_pretrained(tmp_path / "digits", license="MIT\npipeline_tag: evil")
    assert not (tmp_path / "digits").exists()
