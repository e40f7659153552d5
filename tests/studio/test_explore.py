"""Samples, ways between them and their nearest training pictures, as the pages' scripts ask for them."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono


Client = Any
RUN = "/explore/00001-dcgan-digits"


def pixels(address: str) -> np.ndarray:
    """The pixels of a picture in a `data:` address."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def test_a_grid_is_that_of_honmono_sample(client: Client) -> None:
    trained = honmono.load(client.folders.runs / "00001-dcgan-digits")
    raw = np.load(io.BytesIO(client.get(f"{RUN}/samples?num=20&seed=4&format=npy").body))
    assert np.array_equal(raw, trained.sample(20, seed=4).numpy())
    found = client.get(f"{RUN}/samples?num=20&seed=4&label=7&format=json").json
    assert np.array_equal(pixels(found["pictures"][19]), trained.pictures(20, seed=4, label="7")[19, 0])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("seed=x", "seed"),
        ("label=ten", "label"),
        ("truncation=0", "truncation"),
        ("truncation=x", "truncation"),
        ("batch_norm=none", "batch_norm"),
        ("sampler_steps=9", "sampler_steps"),
        ("num=100000", None),
        ("guidance=2", "guidance"),
        ("solver=heun", "solver"),
    ],
)
def test_a_wrong_control_is_named(client: Client, query: str, field: str | None) -> None:
    answer = client.get(f"{RUN}/samples?{query}")
    assert answer.status == 422 and answer.json["field"] == field, answer.detail


def test_a_way_begins_and_ends_at_its_samples(client: Client) -> None:
    way = {"seeds": [0, 3], "places": [2, 21], "labels": ["", "5"], "truncations": [None, 0.8], "frames": 5}
    frames = [pixels(one) for one in client.post(f"{RUN}/between", way).json["pictures"]]
    trained = honmono.load(client.folders.runs / "00001-dcgan-digits")
    first, last = trained.pictures(3, seed=0)[2, 0], trained.pictures(22, seed=3, label="5", truncation=0.8)[21, 0]
    assert np.abs(frames[0].astype(int) - first).max() <= 1 and np.abs(frames[-1].astype(int) - last).max() <= 1
    gif = Image.open(io.BytesIO(client.post(f"{RUN}/between.gif", way).body))
    assert gif.format == "GIF" and getattr(gif, "n_frames", 1) == 8


@pytest.mark.parametrize(
    "wrong", [{"places": [0, 256]}, {"places": [-1, 0]}, {"frames": 1}, {"labels": ["x", ""]}, {"x": 1}]
)
def test_a_wrong_way_is_refused(client: Client, wrong: dict[str, Any]) -> None:
    assert client.post(f"{RUN}/between", {"seeds": [0, 0], "places": [0, 1]} | wrong).status == 422


def test_the_nearest_training_picture_of_a_picture_is_near(client: Client) -> None:
    found = client.post(f"{RUN}/nearest", {"ask": {"seed": 1, "label": "4"}, "place": 6}).json
    trained = honmono.load(client.folders.runs / "00001-dcgan-digits")
    sample = trained.pictures(7, seed=1, label="4")[6, 0].astype(float)
    ours = [float(np.sqrt(((pixels(one) - sample) ** 2).mean())) for one in found["pictures"]]
    assert np.allclose(ours, found["distances"], atol=0.6) and found["distances"] == sorted(found["distances"])


def test_training_pictures_elsewhere_are_not_shown(opened: Any) -> None:
    """A run's own recipe.json may name any place of the machine."""
    client = opened()
    recorded = client.folders.runs / "00001-dcgan-digits" / "recipe.json"
    recorded.write_text(recorded.read_text().replace('"source": "digits"', '"source": "/etc"'))
    answer = client.post(f"{RUN}/nearest", {"ask": {}, "place": 0})
    assert answer.status == 422 and "--data" in answer.detail


def test_points_have_a_tab_of_their_own(client: Client) -> None:
    assert client.get("/explore/00003-gan-grid/samples").status == 422
    steps = client.get("/points/00003-gan-grid/steps").json["steps"]
    assert steps == [0, 1, 2, 3, 4]
    assert Image.open(io.BytesIO(client.get("/points/00003-gan-grid/4.png").body)).format == "PNG"
    assert client.get("/points/00003-gan-grid/5.png").status == 422
    assert client.get("/points/00001-dcgan-digits/4.png").status == 422


def test_numbers_of_other_protocols_are_marked(opened: Any) -> None:
    client = opened()
    plain = client.get("/compare?run=00001-dcgan-digits&run=00002-dcgan-digits").body.decode()
    assert "Not all can be compared" not in plain and "precision" in plain
    lines = client.folders.runs / "00002-dcgan-digits" / "metrics.jsonl"
    lines.write_text(lines.read_text().replace('"neighbours": 5', '"neighbours": 4'))
    marked = client.get("/compare?run=00001-dcgan-digits&run=00002-dcgan-digits").body.decode()
    assert "Not all can be compared" in marked and "neighbours is" in marked and "<sup>" in marked
