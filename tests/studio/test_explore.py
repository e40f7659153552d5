"""Samples, ways between them and their nearest training pictures, as the pages' scripts ask for them."""

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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
        ("directions=pca&moves=x", "moves"),
        ("directions=pca&moves=nan", "moves"),
        ("directions=pca&moves=inf", "moves"),
        ("directions=pca&moves=0&moves=-6.01", "moves"),
        ("directions=pca" + 6 * "&moves=1", "moves"),
        ("directions=ica&moves=1", "directions"),
        ("moves=1", "directions"),
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


def test_a_way_begins_and_ends_at_moved_samples(client: Client) -> None:
    moved = {"directions": ["sefa", "pca"], "moves": [[2.0, -1.0], [0.0, 0.0, 3.0]]}
    way = {"seeds": [1, 1], "places": [2, 3], "frames": 3} | moved
    frames = [pixels(one).astype(int) for one in client.post(f"{RUN}/between", way).json["pictures"]]
    for method, query, place, frame in (
        ("sefa", "&moves=2&moves=-1", 2, frames[0]),
        ("pca", "&moves=0&moves=0&moves=3", 3, frames[-1]),
    ):
        grid = client.get(f"{RUN}/samples?format=json&seed=1&num=4&directions={method}{query}").json["pictures"]
        assert np.abs(frame - pixels(grid[place])).max() <= 1
    ask = {"seed": 1, "directions": "sefa", "moves": [2.0, -1.0]}
    near = [client.post(f"{RUN}/nearest", {"ask": one, "place": 2}).json["distances"] for one in (ask, {"seed": 1})]
    assert near[0] != near[1]


@pytest.mark.parametrize("method", ["sefa", "pca"])
def test_samples_move_along_the_directions_of_the_command(client: Client, tmp_path: Path, method: str) -> None:
    run = client.folders.runs / "00001-dcgan-digits"
    trained = honmono.load(run).with_batch_norm("identity")
    written = json.loads(
        honmono.directions(honmono.load(run), tmp_path / "found.html", methods=[method])[1].read_text()
    )
    vectors, moves = np.array(written["directions"][0]["vectors"][:5]), [1.5, 0.0, -2.0, 0.0, 6.0]
    latents = trained.saved_latents(5, seed=4, label="7", truncation=0.8)
    expected = trained.at(latents.latents + moves @ vectors, latents.labels_of(trained.model)).numpy()
    query = f"directions={method}&seed=4&label=7&truncation=0.8&batch_norm=identity&num=5&format=npy"
    raw = np.load(io.BytesIO(client.get(f"{RUN}/samples?{query}{''.join(f'&moves={one}' for one in moves)}").body))
    assert np.allclose(raw, expected, atol=1e-5)
    still = np.load(io.BytesIO(client.get(f"{RUN}/samples?{query}&moves=0").body))
    assert np.array_equal(still, trained.sample(5, seed=4, label="7", truncation=0.8).numpy())
    strengths = client.get(f"{RUN}/directions?method={method}").json["strengths"]
    assert np.allclose(strengths, written["directions"][0]["strengths"][:5])


def test_two_visitors_find_directions_at_once(client: Client) -> None:
    with ThreadPoolExecutor(4) as visitors:
        found = [visitors.submit(client.get, "/explore/00002-dcgan-digits/directions?method=pca") for _ in range(2)]
        drawn = [visitors.submit(client.get, "/explore/00002-dcgan-digits/samples?num=9&format=npy") for _ in range(2)]
        assert found[0].result().json == found[1].result().json
    expected = honmono.load(client.folders.runs / "00002-dcgan-digits").sample(9).numpy()
    assert all(np.array_equal(np.load(io.BytesIO(one.result().body)), expected) for one in drawn)


def test_directions_of_a_new_checkpoint_are_found_anew(opened: Any) -> None:
    client = opened()
    before = client.get(f"{RUN}/directions?method=sefa").json["strengths"]
    honmono.train(resume=client.folders.runs / "00001-dcgan-digits", steps=6)
    after = client.get(f"{RUN}/directions?method=sefa").json["strengths"]
    assert len(after) == 5 and after != before


@pytest.mark.parametrize(
    "wrong",
    [{"places": [0, 256]}, {"places": [-1, 0]}, {"frames": 1}, {"labels": ["x", ""]}, {"x": 1}]
    + [{"moves": [[7.0], []]}, {"moves": [[1.0], []]}, {"directions": ["ica", None]}],
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
