"""`push`: what arrives at the hub, what its card says and does not say, and what is refused before anything is sent."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import honmono
from honmono.errors import Failed, Refused
from honmono.generation.load import TrainedRun


ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the library's, as it uploads
FILES = {"README.md", "config.json", "model.safetensors", "samples.png"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fields_of(card: str) -> dict[str, Any]:
    return yaml.safe_load(card.split("---\n")[1])


def test_a_run_is_published_and_loaded(hub: Any, run: Path) -> None:
    address = honmono.push(run, "me/digits")
    repository = hub.repositories["me/digits"]
    assert address == f"{hub.address}/me/digits/commit/{repository.commit('main')}" and not repository.private
    assert hub.files("me/digits").keys() == FILES
    assert torch.equal(honmono.load("hf:me/digits").sample(5), honmono.load(run).sample(5))


def test_a_card_says_what_the_model_is(hub: Any, run: Path, tmp_path: Path) -> None:
    measured = Path(shutil.copytree(run, tmp_path / "digits"))
    value = honmono.evaluate(measured, "prdc,labels", num=60, device="cpu").measured.metrics["precision[digits]"]
    honmono.push(measured, "me/digits")
    card = hub.files("me/digits")["README.md"].decode()
    assert fields_of(card) == {"library_name": "honmono", "tags": ["honmono", "gan"], "license": "cc-by-4.0"}
    assert "![Samples of seed 0](samples.png)" in card and 'honmono.load("hf:me/digits")' in card
    assert json.loads((run / "environment.json").read_text())["data"] in card
    assert f"| `precision[digits]` ↑ | {value:.4g} |" in card and "fakes 60" in card
    assert "`7`" in card and "Optical Recognition of Handwritten Digits" in card


def test_no_folder_of_this_machine_is_published(hub: Any, run: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(run, tmp_path / "digits"))
    environment = json.loads((elsewhere / "environment.json").read_text())
    command = (
        "/srv/secret/bin/honmono train private/mine.py:gan --data '/srv/secret/my pictures'"
        " --set data.source=/srv/secret/other --data=private/third/ --run runs/secret/numbers --set training.steps=7"
    )
    parent = {"parent": {"run": "/srv/secret/runs/before", "step": 3}}
    environment["resumed"] = [{"command": "/srv/secret/all.py --key secret"}]
    (elsewhere / "environment.json").write_text(json.dumps(environment | {"command": command} | parent))
    honmono.push(elsewhere, "me/digits", license="mit")
    for name, content in hub.files("me/digits").items():
        assert not re.search(rb"secret|private|" + os.fsencode(tmp_path), content), name
    card = hub.files("me/digits")["README.md"].decode()
    assert "honmono train mine.py:gan --data 'my pictures' --set data.source=other --data=third --run numbers" in card
    assert "training.steps=7\nall.py\n" in card and "those of the run `before`" in card


def test_texts_of_a_run_cannot_write_the_card(hub: Any, stirred: Callable[..., TrainedRun], run: Path) -> None:
    trained = honmono.load(run)
    spec = replace(trained.model.data_spec, classes=("`<b>", "a\n# b", *trained.classes[2:]))
    honmono.push(replace(trained, model=replace(trained.model, data_spec=spec)), "me/digits")
    card = hub.files("me/digits")["README.md"].decode()
    assert "`'<b>`, `a # b`" in card and "\n# b" not in card
    assert honmono.load("hf:me/digits").classes[:2] == spec.classes[:2]


def test_the_license_of_data_is_known_or_given(hub: Any, stirred: Callable[..., TrainedRun], run: Path) -> None:
    mine = stirred("dcgan-mnist", **{"data.source": "private/my-pictures"})
    with pytest.raises(Refused, match=r"license of the data \(my-pictures\).*--license"):
        honmono.push(mine, "me/mine")
    with pytest.raises(Refused, match="identifier of the hub"):
        honmono.push(run, "me/mine", license="All rights reserved")
    exported = honmono.export(run, "safetensors", "exported")  # of weights from anywhere
    with pytest.raises(Refused, match="--license"):
        honmono.push(exported, "me/mine")
    assert not hub.requests
    with pytest.raises(Failed, match='not published.*"license" must be one of'):
        honmono.push(run, "me/mine", license="none-such")
    honmono.push(mine, "me/mine", license="cc-by-nc-4.0")
    assert fields_of(hub.files("me/mine")["README.md"].decode())["license"] == "cc-by-nc-4.0"


def test_what_was_started_from_other_weights_needs_a_license(hub: Any, run: Path, tmp_path: Path) -> None:
    child = Path(shutil.copytree(run, tmp_path / "child"))
    environment = json.loads((child / "environment.json").read_text())
    (child / "environment.json").write_text(json.dumps(environment | {"parent": {"run": "other", "step": 1}}))
    with pytest.raises(Refused, match="--license"):
        honmono.push(child, "me/child")


def test_a_private_model_is_never_sent_to_a_public_place(hub: Any, run: Path) -> None:
    honmono.push(run, "me/hidden", private=True)
    assert hub.repositories["me/hidden"].private
    hub.create("me/open", {})
    with pytest.raises(Refused, match="is public"):
        honmono.push(run, "me/open", private=True)
    assert not hub.files("me/open")


def test_a_second_push_is_a_new_version(hub: Any, run: Path, stirred: Callable[..., TrainedRun]) -> None:
    honmono.push(run, "me/digits")
    honmono.push(stirred("dcgan-digits"), "hf:me/digits", license="mit")
    assert len(hub.repositories["me/digits"].commits) == 3  # with the empty one
    assert honmono.load("hf:me/digits").step == 7


def test_a_push_without_network_or_rights_says_so(hub: Any, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(Failed, match="hf auth login"):
        honmono.push(run, "me/digits")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(Refused, match=r"pip install 'honmono\[hf\]'"):
        honmono.push(run, "me/digits")
    monkeypatch.undo()  # offline again, as all tests are
    with pytest.raises(Refused, match="HF_HUB_OFFLINE is set, and a push needs the network"):
        honmono.push(run, "me/digits")


def test_the_tutorial_s_commands_publish_and_load(hub: Any, run: Path, tmp_path: Path) -> None:
    """In processes that learn of the hub by its variables; OWNER is me."""
    text = (ROOT / "docs" / "tutorials" / "use-a-run.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n([^`]*honmono push [^`]*)```", text)
    lines = [line.partition("  #")[0].split() for line in block.replace("OWNER", "me").splitlines()]
    commands = [words for words in lines if words[:1] == ["honmono"]]
    assert [words[1] for words in commands] == ["push", "sample"]
    shutil.copytree(run, tmp_path / "digits")
    chosen = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
    environment = os.environ | chosen | {"PYTHONPATH": str(ROOT / "src")}
    for words in commands:
        command = [sys.executable, "-m", *words]
        ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert hub.files("me/digits").keys() == FILES and (tmp_path / "from-the-hub.png").is_file()
