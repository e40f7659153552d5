"""The server on a port of this machine: its answers are `honmono sample`'s, and it says no where it should."""

import base64
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from honmono.data.base import DataSpec
from honmono.generation.load import TrainedRun
from honmono.generation.write import write_samples


Serving = Callable[..., Any]


def detail(answer: Any) -> str:
    return json.loads(answer.body)["detail"]


@pytest.mark.parametrize("query", [{"num": 5}, {"num": 20, "seed": 3}, {"num": 3, "label": "7", "truncation": 0.7}])
def test_files_are_those_of_sample(serving: Serving, digits: TrainedRun, tmp_path: Path, query: dict[str, Any]) -> None:
    client = serving(digits)
    for form, raw in (("png", False), ("npy", True)):
        expected = write_samples(digits, out=tmp_path / f"samples.{form}", raw=raw, **query).read_bytes()
        answer = client.get("/samples", format=form, **query)
        assert answer.status == 200
        if form == "png":
            assert answer.headers["content-type"] == "image/png" and answer.body == expected
        else:
            assert np.array_equal(np.load(io.BytesIO(answer.body)), np.load(io.BytesIO(expected)))


def test_json_has_each_picture_and_its_label(serving: Serving, digits: TrainedRun) -> None:
    said = json.loads(serving(digits).get("/samples", format="json", num=12, seed=4).body)
    assert said["seed"] == 4 and said["labels"] == [*"012345678901"]
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one.split(",")[1])))) for one in said["pictures"]]
    assert np.array_equal(np.stack(pictures), digits.pictures(12, seed=4)[:, 0])
    one = json.loads(serving(digits).get("/samples", format="json", num=2, label_index=7).body)
    assert one["labels"] == ["7", "7"]


def test_points_are_numbers(serving: Serving, points: TrainedRun) -> None:
    client = serving(points)
    said = json.loads(client.get("/samples", format="json", num=3).body)
    assert said["labels"] == [] and np.allclose(said["points"], points.sample(3).numpy())
    assert client.get("/samples").status == 422


def test_samplers_have_their_options(serving: Serving, untrained: Callable[..., TrainedRun], tmp_path: Path) -> None:
    flow = untrained("flow-mnist", tmp_path / "run", DataSpec((1, 28, 28), tuple("0123456789")))
    client = serving(flow)
    options = {"sampler_steps": 3, "solver": "euler", "guidance": 2.0}
    answer = client.get("/samples", format="npy", num=2, **options)
    expected = flow.with_sampler(steps=3, solver="euler", guidance=2.0).sample(2)
    assert np.array_equal(np.load(io.BytesIO(answer.body)), expected.numpy())
    for wrong in ({"sampler_steps": 10**9}, {"solver": "none"}, {"guidance": "inf"}, {"truncation": 1}):
        assert client.get("/samples", **wrong).status == 422


def test_what_cannot_be_made_is_refused_in_one_line(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits, pictures=8)
    for query, named in [
        ({"num": 9}, "num 9"),
        ({"num": 0}, "num: "),
        ({"seed": "x"}, "seed: "),
        ({"colour": "red"}, "colour: "),
        ({"format": "gif"}, "format: "),
        ({"label": "ten"}, "label ten: "),
        ({"label_index": 10}, "label_index 10: "),
        ({"label": "1", "label_index": 1}, "label and label_index: "),
        ({"truncation": "nan"}, "truncation nan: "),
        ({"batch_norm": "some"}, "batch_norm some: "),
        ({"sampler_steps": 3}, "sampler_steps"),
    ]:
        answer = client.get("/samples", **query)
        assert answer.status == 422 and detail(answer).startswith(named) and "\n" not in detail(answer), query
        assert "--" not in detail(answer), query
    assert client.get("/samples").status == 200, "and goes on"
    assert client.get("/elsewhere").status == 404


def test_pages_elsewhere_cannot_ask(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits)
    assert client.get("/samples", {"Host": "elsewhere.example"}).status == 403
    assert client.get("/samples", {"Host": "127.0.0.1.elsewhere.example:80"}).status == 403
    assert client.get("/samples", {"Host": f"localhost:{client.port}"}).status == 200
    assert client.get("/samples", {"Host": "[::1]:8000"}).status == 200


def test_a_token_is_needed_where_one_was_given(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits, token="secret-word")
    for headers in ({}, {"Authorization": "Bearer secret"}, {"Authorization": "Basic secret-word"}):
        answer = client.get("/samples", headers)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/samples", {"Authorization": "Bearer secret-word"}).status == 200
    assert client.get("/metrics").status == 401 and client.get("/health").status == 200


def test_a_rate_is_held_to(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits, rate=0.01)
    assert client.get("/samples").status == 200
    answer = client.get("/samples")
    assert answer.status == 429 and 90 <= int(answer.headers["retry-after"]) <= 100
    assert client.get("/health").status == 200


def test_at_overload_each_request_has_its_answer(
    serving: Serving, untrained: Callable[..., TrainedRun], tmp_path: Path
) -> None:
    flow = untrained("flow-mnist", tmp_path / "run", DataSpec((1, 28, 28), tuple("0123456789")))
    client = serving(flow, pictures=4, queue=8)
    with ThreadPoolExecutor(12) as pool:
        answers = [*pool.map(lambda seed: client.get("/samples", num=4, seed=seed, sampler_steps=40), range(12))]
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {200, 503}
    assert all(int(one.headers["retry-after"]) >= 1 for one in answers if one.status == 503)
    counts = dict(re.findall(r'honmono_requests_total\{status="(\d+)"\} (\d+)', client.get("/metrics").body.decode()))
    assert {int(status): int(count) for status, count in counts.items()} == {
        n: statuses.count(n) for n in set(statuses)
    }
    assert client.get("/samples", num=1, sampler_steps=2).status == 200


def test_requests_of_one_moment_are_counted_as_few_forwards(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits)
    with ThreadPoolExecutor(8) as pool:
        bodies = [one.body for one in pool.map(lambda seed: client.get("/samples", seed=seed, format="npy"), range(24))]
    assert all(np.array_equal(np.load(io.BytesIO(b)), digits.sample(1, seed=n).numpy()) for n, b in enumerate(bodies))
    counts = client.get("/metrics").body.decode()
    assert "honmono_samples_total 24" in counts and "honmono_waiting_samples 0" in counts
    assert int(re.findall(r"^honmono_batches_total (\d+)", counts, re.MULTILINE)[0]) < 24
    assert 'honmono_request_seconds_bucket{le="+Inf"} 24' in counts


def test_the_run_and_the_interface_are_described(serving: Serving, digits: TrainedRun) -> None:
    client = serving(digits, rate=5.0)
    said = json.loads(client.get("/run").body)
    assert said["classes"] == [*"0123456789"] and said["sample_shape"] == [1, 8, 8]
    assert said["limits"] == {"pictures": 64, "queue": 1024, "rate": 5.0}
    paths = json.loads(client.get("/openapi.json").body)["paths"]
    assert set(paths) == {"/samples", "/run", "/health", "/metrics"}
    named = {one["name"] for one in paths["/samples"]["get"]["parameters"]}
    assert named >= {"num", "label", "seed", "truncation", "sampler_steps", "format"}
