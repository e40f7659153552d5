"""Each tab in a real Chromium: what it shows, a wrong input in each field, two visitors at once."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.recipe.registry import find


pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
Client = Any
Visit = Callable[..., Any]
PICTURES, STOPPED, POINTS = "00001-dcgan-digits", "00002-dcgan-digits", "00003-gan-grid"
WRONG_TRAININGS = {
    "data": "/etc",
    "size": "large",
    "steps": "-3",
    "batch_size": "0",
    "seed": "x",
    "changes": "nonsense",
}
WRONG_SAMPLES = {"seed": "x", "truncation": "-1"}


def wait_for_pictures(page: Any, selector: str) -> None:
    page.wait_for_function(
        "s => (all => all.length && all.every((one) => one.naturalWidth))([...document.querySelectorAll(s)])",
        arg=selector,
    )


def saved(download: Any) -> io.BytesIO:
    """The content of a download."""
    return io.BytesIO(Path(download.value.path()).read_bytes())


def error_in(page: Any, form: str) -> str:
    page.wait_for_function("f => { const e = document.querySelector(f + ' .error'); return e && !e.hidden }", arg=form)
    return page.inner_text(f"{form} .error")


@pytest.mark.parametrize(
    "path", ["/runs", f"/runs/{PICTURES}", "/explore", "/points", "/data", f"/compare?run={PICTURES}"]
)
@pytest.mark.parametrize("width", [1300, 400])
def test_pages_fit_the_screen(client: Client, visit: Visit, path: str, width: int) -> None:
    page = visit(client, path, width)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.inner_text("nav a[aria-current]") in ("Runs", "Explore", "Points", "Data", "Compare")


def test_the_list_shows_each_run_s_state_and_pictures(client: Client, visit: Visit) -> None:
    page = visit(client, "/runs")
    wait_for_pictures(page, ".card img")
    states = dict(
        zip(page.locator(".card h3").all_inner_texts(), page.locator(".state").all_inner_texts(), strict=True)
    )
    assert states == {PICTURES: "done", STOPPED: "stopped", POINTS: "done"}


def test_a_run_has_its_film_curves_and_numbers(client: Client, visit: Visit) -> None:
    page = visit(client, f"/runs/{PICTURES}")
    wait_for_pictures(page, "#frame")
    assert page.inner_text("#at") == "step 4" and page.get_attribute("#step", "max") == "4"
    page.locator("#step").press("Home")
    assert page.inner_text("#at") == "step 0"
    page.wait_for_selector("#curves .chart path.line", state="attached")
    titles = " ".join(page.locator(".chart figcaption").all_inner_texts())
    assert "discriminator loss" in titles and "generator loss" in titles
    assert "precision[digits]" in page.inner_text("#live table")
    page.click("#play")
    page.wait_for_function("() => document.getElementById('at').textContent !== 'step 0'")


@pytest.mark.parametrize("field", WRONG_TRAININGS)
def test_a_wrong_field_of_a_training_is_named(client: Client, visit: Visit, field: str) -> None:
    page = visit(client, "/runs")
    page.fill(f"#start [name={field}]", WRONG_TRAININGS[field])
    page.click("#start button[type=submit]")
    assert error_in(page, "#start")
    page.wait_for_selector(f"#start [name={field}][aria-invalid]")
    assert "/runs" in page.url and len(list(client.folders.runs.glob("[0-9]*"))) == 3


def test_a_training_is_started_watched_stopped_and_resumed(
    opened: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    client = opened()
    page = visit(client, "/runs?data=digits")
    page.fill("#start [name=steps]", "200000")
    page.fill(
        "#start [name=changes]",
        "training.sample_every=50\ntraining.log_every=10\ntraining.measure_images=none\ngenerator.width=4\ndiscriminator.width=4",
    )
    page.wait_for_function("() => document.getElementById('command').textContent.includes('--steps 200000')")
    page.click("#start button[type=submit]")
    page.wait_for_url("**/runs/00004-*", timeout=120_000)
    page.wait_for_selector("#step", timeout=120_000)
    page.wait_for_selector(".state.training")
    page.wait_for_function("() => Number(document.getElementById('step').max) >= 2", timeout=120_000)
    page.wait_for_selector("#curves .chart path.line", state="attached")
    assert "--set generator.width=4 --set discriminator.width=4 --run" in page.inner_text("#live pre")
    page.click("#stop")
    page.wait_for_selector(".state.stopped", timeout=120_000)
    saved = honmono.load(next(client.folders.runs.glob("00004-*"))).step
    page.fill("#resume [name=steps]", "soon")
    page.click("#resume button")
    assert "whole number" in error_in(page, "#run")
    page.fill("#resume [name=steps]", str(saved))
    page.click("#resume button")
    assert "give a later one" in error_in(page, "#run")
    page.fill("#resume [name=steps]", str(saved + 20))
    page.click("#resume button")
    page.wait_for_selector(".state.done", timeout=120_000)
    assert honmono.load(next(client.folders.runs.glob("00004-*"))).step == saved + 20


def test_a_training_is_stopped_before_its_run_begins(
    opened: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while it packs a large set of data, for which the page of its start does not wait."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setattr("honmono.studio.trainings.STARTING", 0.0)
    page = visit(opened(), "/runs")
    page.click("#start button[type=submit]")
    page.wait_for_url("**/runs/00004-*")
    page.click("#stop")
    page.wait_for_selector("#live .error:not([hidden])")
    assert "ended before its run began" in page.inner_text("#live .error")
    assert "Traceback" not in page.inner_text("#live .said")


def test_samples_are_those_of_the_command(client: Client, visit: Visit) -> None:
    page = visit(client, f"/explore?run={PICTURES}")
    wait_for_pictures(page, "#grid img")
    page.select_option("[name=label]", "3")
    page.fill("[name=truncation]", "0.7")
    page.fill("[name=seed]", "5")
    page.wait_for_function(
        "() => document.querySelector('#grid button')?.title.startsWith('seed 5, number 0, class 3')"
    )
    with page.expect_download() as download:
        page.click("[data-download=npy]")
    ours = np.load(saved(download))
    theirs = honmono.load(client.folders.runs / PICTURES).sample(64, label="3", truncation=0.7, seed=5)
    assert np.abs(ours - theirs.numpy()).max() == 0
    with page.expect_download() as download:
        page.click("[data-download=png]")
    assert Image.open(saved(download)).size[0] >= 512


@pytest.mark.parametrize("field", WRONG_SAMPLES)
def test_a_wrong_field_of_samples_is_named(client: Client, visit: Visit, field: str) -> None:
    page = visit(client, f"/explore?run={PICTURES}")
    wait_for_pictures(page, "#grid img")
    page.fill(f"#ask [name={field}]", WRONG_SAMPLES[field])
    page.wait_for_selector(f"#ask [name={field}][aria-invalid]")
    assert error_in(page, "main")
    page.fill(f"#ask [name={field}]", "3")
    page.wait_for_selector(f"#ask [name={field}]:not([aria-invalid])")


def test_kept_samples_are_interpolated_and_looked_up(client: Client, visit: Visit) -> None:
    page = visit(client, f"/explore?run={PICTURES}")
    page.fill("[name=seed]", "12345678901234567890")  # more digits than a script's numbers have
    page.wait_for_function("() => document.querySelector('#grid button')?.title.startsWith('seed 1234567890123456789')")
    wait_for_pictures(page, "#grid img")
    ends = [page.get_attribute(f"#grid button:nth-child({place}) img", "src") for place in (1, 8)]
    page.click("#grid button:nth-child(1)")
    page.click("#grid button:nth-child(8)")
    page.click("#between")
    page.wait_for_selector("#strip figure:nth-child(12)")
    frames = page.eval_on_selector_all("#strip img", "all => all.map((one) => one.src)")
    assert [frames[0], frames[-1]] == ends and len(set(frames)) == 12
    with page.expect_download() as download:
        page.click("#film")
    assert getattr(Image.open(saved(download)), "n_frames", 1) > 12
    page.click("#nearest")
    page.wait_for_function("() => document.getElementById('note').textContent.includes('all 1,797 training pictures')")
    captions = page.locator("#strip figcaption").all_inner_texts()
    assert captions[0] == "sample" and sorted(map(float, captions[1:])) == list(map(float, captions[1:]))


def test_sliders_move_samples_along_directions(client: Client, visit: Visit) -> None:
    page = visit(client, f"/explore?run={PICTURES}")
    wait_for_pictures(page, "#grid img")
    still = page.get_attribute("#grid img", "src")
    page.click("#grid button:nth-child(1)")
    page.click("#steer summary")
    page.wait_for_selector("#steer input:enabled")
    page.select_option("#steer select", "pca")
    page.wait_for_selector("#steer input:enabled")
    page.locator("#steer input").nth(1).press("End")
    page.wait_for_function("() => document.querySelector('#grid button').title.endsWith('moved')")
    moved = page.get_attribute("#grid img", "src")
    query = f"/explore/{PICTURES}/samples?num=64&directions=pca&moves=0&moves=6&format="
    assert moved == json.loads(client.get(f"{query}json").body)["pictures"][0] != still
    with page.expect_download() as download:
        page.click("[data-download=npy]")
    assert np.array_equal(np.load(saved(download)), np.load(io.BytesIO(client.get(f"{query}npy").body)))
    page.click("#grid button:nth-child(1)")
    page.click("#between")
    page.wait_for_selector("#strip figure:nth-child(12)")
    frames = page.eval_on_selector_all("#strip img", "all => all.map((one) => one.src)")
    assert [frames[0], frames[-1]] == [still, moved]
    page.click("#unmoved")
    page.wait_for_function("s => document.querySelector('#grid img').src === s", arg=still)


def test_a_flow_has_fields_of_its_sampler_and_no_directions(opened: Any, visit: Visit) -> None:
    client = opened()
    run = client.folders.runs / "00004-flow"
    honmono.train("flow-mnist", data="digits", size=28, steps=1, changes=find("flow-mnist").tiny, run=run)
    page = visit(client, "/explore?run=00004-flow")
    wait_for_pictures(page, "#grid img")
    assert page.locator("#steer").count() == 0
    for field, wrong in (("sampler_steps", "0"), ("guidance", "x")):
        page.fill(f"#ask [name={field}]", wrong)
        page.wait_for_selector(f"#ask [name={field}][aria-invalid]")
        assert error_in(page, "main")
        page.fill(f"#ask [name={field}]", "2")
        page.wait_for_selector(f"#ask [name={field}]:not([aria-invalid])")


def test_runs_are_compared_on_one_seed(client: Client, visit: Visit) -> None:
    page = visit(client, "/compare")
    for name in (PICTURES, STOPPED, POINTS):
        page.check(f"[name=run][value='{name}']")
    page.click("#choice button")
    wait_for_pictures(page, "#sides img")
    assert page.locator("#sides figure").count() == 3 and "precision" in page.inner_text("table thead")
    page.fill("#ask [name=seed]", "9")
    page.wait_for_function("() => document.querySelectorAll('#sides img[data-seed=\"9\"]').length === 2")
    page.fill("#ask [name=seed]", "x")
    page.wait_for_selector("#ask [name=seed][aria-invalid]")


def test_points_have_a_slider_over_steps(client: Client, visit: Visit) -> None:
    page = visit(client, "/points")
    wait_for_pictures(page, "#frame")
    assert page.inner_text("#at") == "step 4"
    newest = page.get_attribute("#frame", "src")
    page.locator("#step").press("Home")
    page.wait_for_function("() => document.getElementById('at').textContent === 'step 0'")
    assert page.get_attribute("#frame", "src") != newest
    wait_for_pictures(page, "#frame")


def test_two_visitors_see_their_own_samples(client: Client, visit: Visit) -> None:
    pages = [visit(client, f"/explore?run={name}") for name in (PICTURES, STOPPED)]
    for round_ in range(3):
        for place, page in enumerate(pages):
            page.fill("[name=seed]", str(10 * place + round_))
    for place, page in enumerate(pages):
        page.wait_for_function(
            "s => document.querySelector('#grid button')?.title.startsWith(s)", arg=f"seed {10 * place + 2},"
        )
    sources = [page.get_attribute("#grid button:nth-child(1) img", "src") for page in pages]
    for source, name, seed in zip(sources, (PICTURES, STOPPED), (2, 12), strict=True):
        answer = client.get(f"/explore/{name}/samples?num=64&seed={seed}&format=json")
        assert json.loads(answer.body)["pictures"][0] == source
