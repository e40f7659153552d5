"""Pages in a real Chromium, opened from the disk: they draw what `honmono sample` draws, without a network."""

import base64
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.data.base import DataSpec
from honmono.generation.exports.web_runtime import fetch_runtime
from honmono.generation.interpolate import slerp
from honmono.generation.load import TrainedRun
from honmono.objectives.diffusion import DDPM
from honmono.randomness import stream
from honmono.recipe.samplers import DDIM
from honmono.runs.images import grid


pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCRIPTS = Path(honmono.__file__).parent / "generation" / "exports" / "page"
Stirred = Callable[..., TrainedRun]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def runtime() -> Path:
    return fetch_runtime()


@pytest.fixture
def visit(browser: Any, runtime: Path, tmp_path: Path) -> Iterator[Callable[[TrainedRun], Any]]:
    """Opens a run's page, once it has drawn; at the end, no error occurred and nothing was fetched."""
    tab = browser.new_page()
    fetched, errors = list[str](), list[str]()
    tab.on("request", lambda one: fetched.append(one.url))
    tab.on("pageerror", lambda one: errors.append(str(one)))
    tab.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)

    def open_page(run: TrainedRun) -> Any:
        tab.goto(honmono.export(run, "page", tmp_path / "page.html", runtime=runtime).as_uri())
        says(tab, "Pictures:")
        return tab

    yield open_page
    tab.close()
    assert errors == [] and {url.partition(":")[0] for url in fetched} <= {"file", "blob"}


def says(tab: Any, text: str) -> None:
    playwright.expect(tab.locator("#status")).to_contain_text(text, timeout=60_000)


def picture(tab: Any, kind: str = "RGB") -> np.ndarray:
    url = tab.locator("#pictures").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert(kind)).astype(int)


def largest(tab: Any, expected: Image.Image) -> int:
    """The largest difference in grey levels of what the page shows."""
    return int(np.abs(picture(tab) - np.asarray(expected.convert("RGB")).astype(int)).max())


def of_digits(stirred: Stirred) -> TrainedRun:
    return stirred("dcgan-digits")


def by_batch(stirred: Stirred) -> TrainedRun:
    return stirred("dcgan-digits").with_batch_norm("batch")


def flow(stirred: Stirred) -> TrainedRun:
    return stirred("flow-mnist").with_sampler(steps=2, solver="heun", guidance=2.0)


def with_noise(stirred: Stirred) -> TrainedRun:
    run = stirred("flow-mnist")
    recipe = replace(run.recipe, objective=DDPM(), sampler=DDIM(steps=3, eta=1.0))
    return replace(run, model=replace(run.model, recipe=recipe))


def in_colour(stirred: Stirred) -> TrainedRun:
    """Uniform latents, three channels, no classes."""
    return stirred("dcgan-64-paper")


@pytest.mark.parametrize("kind", [of_digits, by_batch, flow, with_noise, in_colour])
def test_the_page_draws_the_samples_of_a_seed(
    visit: Callable[..., Any], stirred: Stirred, tmp_path: Path, kind: Callable[..., TrainedRun]
) -> None:
    run = kind(stirred)
    tab = visit(run)
    tab.locator("#count").select_option("16")
    tab.locator("#seed").fill("12345678901234567890")
    says(tab, "Pictures: 16, seed 12345678901234567890,")
    expected = honmono.sample(run, 16, tmp_path / "expected.png", seed=12345678901234567890)
    assert picture(tab).std() > 10 and largest(tab, Image.open(expected)) <= 1


def test_class_truncation_and_the_way_between_seeds(visit: Callable[..., Any], stirred: Stirred) -> None:
    run = stirred("dcgan-digits", **{"latent.dim": "30"})
    tab = visit(run)
    tab.locator("#count").select_option("4")
    tab.locator("#class").select_option(label="7")
    tab.locator("#truncation").fill("0.5")
    tab.locator("#next").fill("9")
    tab.locator("#seed").fill("3")
    says(tab, "Pictures: 4, seed 3,")
    assert largest(tab, grid(run.pictures(4, label=7, seed=3, truncation=0.5), 4)) <= 1
    assert largest(tab, grid(run.pictures(4, label=7, seed=3), 4)) > 1
    tab.locator("#share").fill("0.25")
    says(tab, "25 % of the way to seed 9")
    here, there = (run.saved_latents(4, seed=seed, truncation=0.5).latents for seed in (3, 9))
    middle = run.model.pictures(run.at(slerp(here, there, 0.25), np.full(4, 7)))
    assert largest(tab, grid(middle, 4)) <= 1


def test_a_truncation_of_styles(visit: Callable[..., Any], stirred: Stirred) -> None:
    run = stirred("stylegan2-mnist")
    tab = visit(run)
    tab.locator("#count").select_option("4")
    tab.locator("#class").select_option(label="7")
    tab.locator("#truncation").fill("0.5")
    tab.locator("#seed").fill("3")
    says(tab, "Pictures: 4, seed 3,")
    assert largest(tab, grid(run.pictures(4, label=7, seed=3, truncation=0.5), 4)) <= 1
    assert largest(tab, grid(run.pictures(4, label=7, seed=3), 4)) > 1
    tab.locator("#truncation").fill("-1")
    says(tab, "Truncation: give a number from 0 on")


def test_wrong_fields_are_said_in_a_line_and_change_nothing(visit: Callable[..., Any], stirred: Stirred) -> None:
    tab = visit(stirred("dcgan-digits"))
    before = picture(tab)
    for field, wrong, said in (
        ("seed", "1.5", "Seed: give a whole number"),
        ("next", "<b>", "Next seed: give a whole number"),
        ("truncation", "0", "Truncation: give a number from 0.01 on"),
    ):
        right = tab.locator(f"#{field}").input_value()
        tab.locator(f"#{field}").fill(wrong)
        says(tab, said)
        assert (picture(tab) == before).all()
        tab.locator(f"#{field}").fill(right)
        says(tab, "Pictures: 64, seed 0,")


def test_names_of_classes_are_text(visit: Callable[..., Any], stirred: Stirred) -> None:
    run = stirred("dcgan-digits")
    names = ("</script><script>document.title = 'mine'</script>", "<img src=x onerror=alert()>", *"23456789")
    run = replace(run, model=replace(run.model, data_spec=DataSpec((1, 8, 8), names)))
    tab = visit(run)
    assert tab.locator("#class option").all_text_contents() == ["all in turn", *names]
    assert tab.title() == "dcgan-digits" and tab.locator("img").count() == 0


def test_a_film_plays_and_a_picture_is_saved(visit: Callable[..., Any], stirred: Stirred, tmp_path: Path) -> None:
    tab = visit(stirred("dcgan-digits"))
    tab.get_by_role("button", name="Play").click()
    says(tab, "% of the way to seed")  # whichever frame is caught: the film does not wait for one who looks
    tab.get_by_role("button", name="Stop").click()
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="Save as PNG").click()
    assert saved.value.suggested_filename == "dcgan-digits-0.png"
    saved.value.save_as(tmp_path / "saved.png")
    assert (np.asarray(Image.open(tmp_path / "saved.png").convert("RGB")) == picture(tab)).all()


def test_draws_are_numpys(browser: Any) -> None:
    """Words, halves, both distributions; in the normal's tail, logarithms of two libraries may differ by a rounding."""
    tab = browser.new_page()
    tab.add_script_tag(content="\n".join((SCRIPTS / name).read_text() for name in ("streams.js", "draws.js")))
    for seed, clock in ((0, (0,)), (-7, (1, 2, 3)), (2**70, (5,))):
        call = f"new Stream('{seed}', 'purpose', {', '.join(map(str, clock))})"
        drawn = np.array(tab.evaluate(f"[...normals({call}, 50000)]"), np.float32)
        random = stream(seed, "purpose", *clock)
        np.testing.assert_array_max_ulp(drawn, random.standard_normal(50_000, dtype=np.float32), maxulp=1)
        even = np.array(tab.evaluate(f"[...uniforms({call}, 999, -1, 3)]"), np.float32)
        expected = stream(seed, "purpose", *clock).uniform(-1, 3, 999).astype(np.float32)
        np.testing.assert_array_equal(even, expected)
    tab.close()
