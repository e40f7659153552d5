"""Growth in training: the clock moves networks, reals and batches together, and a checkpoint need not know."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

import honmono
from honmono.errors import Refused
from honmono.networks.growing import GrowingNetwork, at_stage, enlarged, halved
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.networks.pggan import PGGANGenerator
from honmono.objectives.base import PLAYERS
from honmono.recipe.growth import Growth
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]


@pytest.fixture
def growing(on_small_data: Callable[[Recipe], Recipe]) -> Callable[..., Recipe]:
    """`pggan-mnist` in small: 4 -> 8 by default, in batches of 8 and 12, the fade from 4 to 68 images."""

    def build(**changes: str) -> Recipe:
        entry = find("pggan-mnist")
        return on_small_data(
            override(entry.make(), {**entry.tiny, **{k.replace("__", "."): v for k, v in changes.items()}})
        )

    return build


def stands(trainer: Trainer) -> set[tuple[int, float]]:
    """Where all networks of a trainer stand."""
    networks = [*trainer.networks.values(), trainer.model().generator]
    assert all(isinstance(network, GrowingNetwork) for network in networks)
    return {(network.stage, round(float(network.alpha), 4)) for network in networks}  # type: ignore[arg-type]


def test_networks_stand_where_the_clock_says_after_every_step(growing: Callable, in_training: Build) -> None:
    trainer = in_training(growing())
    assert stands(trainer) == {(0, 1.0)}
    seen = []
    for _ in range(7):
        trainer.step()
        (stand,) = stands(trainer)
        seen.append((trainer.clock.images, *stand))
    alphas = [(8, 4 / 64), (20, 16 / 64), (32, 28 / 64), (44, 40 / 64), (56, 52 / 64), (68, 1.0), (80, 1.0)]
    assert seen == [(images, 1, round(alpha, 4)) for images, alpha in alphas]


@pytest.mark.parametrize("channels", [1, 3])
def test_it_grows_from_4_to_32(growing: Callable, in_training: Build, channels: int) -> None:
    small = {"data__size": "32", "growth__train": "16", "growth__fade": "16", "growth__batch_sizes": "(8, 8, 8)"}
    recipe = growing(**small, data__channels=str(channels), training__batch_size="4")
    trainer = in_training(recipe)
    generator, sizes = trainer.networks["generator"], []
    for _ in range(trainer.steps_for(120)):
        losses = trainer.step()
        assert all(loss.isfinite() for loss in losses.values())
        sizes.append(generator(torch.randn(2, 64)).shape)
    assert [size[-1] for size in sizes] == sorted(size[-1] for size in sizes)
    assert set(sizes) == {(2, channels, side, side) for side in (4, 8, 16, 32)}
    assert trainer.clock.images == 120
    assert all(p.isfinite().all() for player in PLAYERS for p in trainer.networks[player].parameters())


def test_reals_are_at_the_stage_of_the_networks(growing: Callable, in_training: Build, observed: Callable) -> None:
    recipe, steps = observed(growing())
    trainer = in_training(recipe)
    reals = trainer.reals()
    for _ in range(2):
        trainer.step()
    given = [step.batch.real for player, step in steps if player == "discriminator"]
    first, second = next(reals).real, next(reals).real
    torch.testing.assert_close(given[0], halved(first))
    torch.testing.assert_close(given[1], at_stage(second, 8, torch.tensor(4 / 64)))
    assert len(given[0]) == 8 and len(given[1]) == 12


def test_optimizers_begin_anew_as_a_fade_begins_and_as_it_ends(growing: Callable, in_training: Build) -> None:
    steps: dict[bool, list[float]] = {}
    for reset in (True, False):
        trainer = in_training(growing(growth__reset_optimizers=str(reset)))
        generator = trainer.networks["generator"]
        assert isinstance(generator, PGGANGenerator)
        counts = steps[reset] = []
        for _ in range(8):
            trainer.step()
            counts.append(float(trainer.optimizers["generator"].state[generator.project_bias].get("step", 0)))
    assert steps[True] == [0, 1, 2, 3, 4, 0, 1, 2]
    assert steps[False] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_a_resume_is_exact_as_a_fade_begins_in_its_middle_and_at_its_end(
    growing: Callable, tmp_path: Path, stop: int
) -> None:
    recipe = growing(training__sample_every="100", training__log_every="1")
    words = {"device": "cpu", "precision": "fp32", "compile": "off"}
    honmono.train(recipe, run=tmp_path / "whole", steps=8, **words)
    honmono.train(recipe, run=tmp_path / "parts", steps=stop, **words)
    honmono.train(resume=tmp_path / "parts", steps=8)
    whole, parts = (sorted((tmp_path / run).glob("checkpoints/000000008/*.safetensors")) for run in ("whole", "parts"))
    assert len(whole) == 5
    for one, other in zip(whole, parts, strict=True):
        assert one.name == other.name and one.read_bytes() == other.read_bytes()
    losses = [(tmp_path / run / "log.jsonl").read_text().splitlines() for run in ("whole", "parts")]
    assert [told(line) for line in losses[0]] == [told(line) for line in losses[1]]


def told(line: str) -> dict:
    """A line of the log without what hangs on the clock on the wall."""
    return {name: value for name, value in json.loads(line).items() if "second" not in name}


def test_steps_for_images_counts_every_stage_s_batches(growing: Callable, in_training: Build) -> None:
    trainer = in_training(growing())
    assert [trainer.steps_for(images) for images in (8, 9, 20, 21, 68, 69)] == [1, 2, 2, 3, 6, 7]
    assert trainer.epoch_images == 22  # batches of many sizes run on into the next epoch: nothing is dropped
    order, seen = [], 0
    for batch in trainer.reals():
        order += [tuple(sample.flatten().tolist()) for sample in batch.real]
        if (seen := seen + len(batch.real)) >= 44:
            break
    assert len(set(order[:22])) == 22 and set(order[22:44]) == set(order[:22])


def test_epochs_end_with_smaller_batches_where_the_recipe_keeps_them(growing: Callable, in_training: Build) -> None:
    trainer = in_training(growing(data__drop_last="false"))
    seen = []
    for _ in range(4):
        trainer.step()
        seen.append(trainer.clock.images)
    assert seen == [8, 20, 22, 34]


@pytest.mark.parametrize("steps", [1, 3, 6])
def test_a_loaded_run_samples_at_the_stage_it_was_saved_at(growing: Callable, tmp_path: Path, steps: int) -> None:
    recipe = growing(training__sample_every="100")
    honmono.train(recipe, run=tmp_path / "run", steps=steps, device="cpu", precision="fp32", compile="off")
    loaded = honmono.load(tmp_path / "run", device="cpu")
    images = {1: 8, 3: 32, 6: 68}[steps]
    expected = recipe.growth.at(images, (4, 8))
    assert isinstance(loaded.raw_generator, GrowingNetwork) and loaded.images == images
    assert (loaded.raw_generator.stage, float(loaded.raw_generator.alpha)) == expected
    assert loaded.sample(3).shape == (3, 1, 8, 8)


def test_samples_of_the_first_stage_are_enlarged(growing: Callable, in_training: Build) -> None:
    trainer = in_training(growing())
    made = next(trainer.model().fakes(seed=0))
    assert made.shape == (8, 1, 8, 8)
    assert torch.equal(made, enlarged(made[..., ::2, ::2], 8))
    assert torch.equal(trainer.downsample_fake(made), made[..., ::2, ::2])


def test_without_growth_all_is_full_grown_from_the_beginning(growing: Callable, in_training: Build) -> None:
    trainer = in_training(growing(growth="none"))
    assert stands(trainer) == {(1, 1.0)}
    trainer.step()
    assert stands(trainer) == {(1, 1.0)} and trainer.clock.images == 8


def test_networks_without_stages_are_refused(growing: Callable, in_training: Build) -> None:
    networks = {
        "generator": partial(MLPGenerator, widths=(4,)),
        "discriminator": partial(MLPDiscriminator, widths=(4,)),
    }
    with pytest.raises(Refused, match=r"MLPGenerator .* --set growth=none"):
        in_training(replace(growing(), **networks))
    with pytest.raises(Refused, match=r"growth\.first=16: .* give 8 or less"):
        in_training(replace(growing(), growth=Growth(first=16)))


def test_a_run_says_how_it_will_grow(growing: Callable, in_training: Build) -> None:
    says = in_training(growing()).growth
    grows = "grows 4 -> 8 pixels a side in batches of 8, 12; full size after 68 images"
    assert says(6) == [grows]  # 68 images
    assert says(5) == [grows, "this run ends before that, at 8 pixels: use --images 136 to train at full size too"]
    assert in_training(growing(growth="none")).growth(5) == []


def test_losses_are_compiled_for_each_stage_and_not_for_each_step(
    growing: Callable, in_training: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traced once for 4, once for all of the fade to 8, once for 8; and they are the eager losses."""
    torch._dynamo.reset()
    recipe = growing(growth__batch_sizes="()")
    eager, graphs = in_training(recipe, "fp64"), defaultdict(lambda: CompileCounterWithBackend("eager"))
    trace = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda loss, dynamic: trace(loss, backend=graphs[loss.__name__], dynamic=dynamic)
    )
    compiled = in_training(recipe, "fp64", compile="on")
    counts = []
    for _ in range(11):
        losses = eager.step()
        for name, loss in compiled.step().items():
            torch.testing.assert_close(loss, losses[name])
        counts.append([graphs[f"{player}_loss"].frame_count for player in PLAYERS])
    assert counts == [[1, 1], *[[2, 2]] * 8, *[[3, 3]] * 2]


def test_packs_fill_the_smallest_batch_of_a_stage(growing: Callable, in_training: Build) -> None:
    changes = {"objective__penalties": "()", "conditional": "false"}
    in_training(growing(objective__pack="8", **changes))
    with pytest.raises(Refused, match=r"objective.pack=9 .* 8"):
        in_training(growing(objective__pack="9", **changes))
