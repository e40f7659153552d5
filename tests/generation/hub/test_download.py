"""Models of the hub: two files of one commit are read, nothing else is, and each failure says what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import honmono
from honmono.errors import Failed, Refused
from honmono.generation.load import TrainedRun


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_model_is_loaded_by_its_name(hub: Any, published: TrainedRun) -> None:
    commit = hub.repositories["me/digits"].commit("main")
    loaded = honmono.load("hf:me/digits", device="cpu")
    assert torch.equal(loaded.sample(5), published.sample(5)) and loaded.classes == published.classes
    assert loaded.source == f"hf:me/digits@{commit}"
    asked = {request.rpartition("/")[2] for request in hub.requests if "/resolve/" in request}
    assert asked == {"config.json", "model.safetensors"}
    assert not Path(loaded.run.path).exists()  # until something is written


def test_what_is_made_lies_in_a_folder_of_its_own(hub: Any, published: TrainedRun) -> None:
    loaded = honmono.load(Path("hf:me/digits"), device="cpu")
    commit = loaded.source.rpartition("@")[2]
    assert honmono.sample(loaded, 4) == Path(f"me--digits-{commit[:8]}/samples.png")
    line = honmono.evaluate("hf:me/digits", "prdc", num=40, device="cpu")
    assert line.run.path == Path(f"me--digits-{commit[:8]}")
    assert json.loads((line.run.path / "metrics.jsonl").read_text())["source"] == loaded.source
    config = honmono.export(loaded, "safetensors", "again") / "config.json"
    assert json.loads(config.read_text())["source"] == loaded.source == honmono.load("again").source


def test_a_commit_can_be_chosen(hub: Any, published: TrainedRun, stirred: Callable[..., TrainedRun]) -> None:
    first = hub.repositories["me/digits"].commit("main")
    other = stirred("dcgan-digits", **{"generator.width": "5"}).save_pretrained("other")
    hub.repositories["me/digits"].add({path.name: path.read_bytes() for path in other.iterdir()})
    assert torch.equal(honmono.load(f"hf:me/digits@{first}").sample(3), published.sample(3))
    assert not torch.equal(honmono.load("hf:me/digits").sample(3), published.sample(3))
    assert torch.equal(honmono.from_pretrained("me/digits", revision=first).sample(3), published.sample(3))


def test_what_is_in_the_cache_needs_no_network(
    hub: Any, published: TrainedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Refused, match="HF_HUB_OFFLINE is set, and config.json is not in the cache: unset it"):
        honmono.load("hf:me/digits")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    honmono.load("hf:me/digits")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert torch.equal(honmono.load("hf:me/digits").sample(3), published.sample(3)) and not hub.requests


def test_a_private_model_needs_a_token(hub: Any, published: TrainedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories["me/digits"].private = True
    with monkeypatch.context() as patch, pytest.raises(Refused, match="no such model, or it is private.*HF_TOKEN"):
        patch.setenv("HF_TOKEN", "hf_another")
        honmono.load("hf:me/digits")
    assert honmono.load("hf:me/digits").step == 7


def test_what_is_not_there_is_said(hub: Any, published: TrainedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="hf:me/other: the hub has no such model"):
        honmono.load("hf:me/other")
    with pytest.raises(Refused, match="no revision 'v2'"):
        honmono.load("hf:me/digits@v2")
    hub.create("you/bert", {"config.json": b"{}", "pytorch_model.bin": b"code"})
    with pytest.raises(Refused, match="has no model.safetensors"):
        honmono.load("hf:you/bert")
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{filename}")
    with pytest.raises(Failed, match="config.json cannot be downloaded"):
        honmono.load("hf:me/unknown")


def test_nothing_of_the_hub_is_trusted(hub: Any, published: TrainedRun) -> None:
    files = hub.files("me/digits")
    with pytest.raises(Refused, match="omit --trust-code"):
        honmono.load("hf:me/digits", trust_code=True)
    config = json.loads(files["config.json"])
    touching = config["recipe"] | {"generator": {"$partial": "os.system", "command": "touch touched"}}
    hub.create("me/code", files | {"config.json": json.dumps(config | {"recipe": touching}).encode()})
    with pytest.raises(Refused, match="needs os.system"):
        honmono.load("hf:me/code")
    hub.create("me/deep", files | {"config.json": b"[" * 100_000})
    with pytest.raises(Refused, match="was not written by"):
        honmono.load("hf:me/deep")
    hub.create("me/long", files | {"config.json": b" " * (2**24 + 1)})
    with pytest.raises(Refused, match="16,777,217 bytes"):
        honmono.load("hf:me/long")
    shaped = config["interface"] | {"sample_shape": [1, "8", -8]}
    hub.create("me/shape", files | {"config.json": json.dumps(config | {"interface": shaped}).encode()})
    with pytest.raises(Refused, match="was not written by"):
        honmono.load("hf:me/shape")
    assert not Path("touched").exists()


@pytest.mark.parametrize(
    "name",
    [
        "hf:digits",
        "hf:me/digits/deep",
        "hf:../me",
        "hf:me/../../passwd",
        "hf:-me/digits",
        "hf:me/dig its",
        "hf:me/di--gits",
        "hf:me/digits@",
        "hf:me/digits@../../main",
        "hf:" + "a" * 60 + "/" + "b" * 60,
    ],
)
def test_names_that_are_none_are_refused(hub: Any, name: str) -> None:
    with pytest.raises(Refused, match="OWNER/NAME"):
        honmono.load(name)
    assert not hub.requests


def test_verbs_that_need_a_run_s_log_say_so(hub: Any) -> None:
    with pytest.raises(Refused, match="give a run directory"):
        honmono.plot(Path("hf:me/digits"))
    assert not hub.requests
