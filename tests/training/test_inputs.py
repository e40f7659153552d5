from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
import torch

from honmono.data.batches import Batches
from honmono.devices import choose
from honmono.objectives.coulomb import Coulomb
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.hyperparameters import leaves
from honmono.recipe.override import override
from honmono.recipe.updates import Simultaneous, Update, WarmUp, fresh_batches
from honmono.recipe.value import Recipe
from honmono.recipes.dcgan import dcgan_digits
from honmono.schedules import Linear
from honmono.training.engine import Engine
from honmono.training.inputs import Clock, StepInputs
from honmono.training.trainer import Trainer


D, G = Update("discriminator"), Update("generator")


def moment(recipe: Recipe, clock: Clock | None = None, rank: int = 0, processes: int = 1) -> StepInputs:
    engine = Engine(choose("cpu", "fp32", "off"))
    engine.rank, engine.processes = rank, processes
    dataset = recipe.data.open()
    real = Batches(dataset, recipe.data, recipe.training.batch_size, recipe.training.seed)
    return StepInputs(recipe, real, len(dataset.classes), engine, clock or Clock(step=1))


def test_a_discriminator_takes_a_fresh_batch_and_the_generator_the_latest(points: Recipe) -> None:
    clock = Clock(step=1)
    now = moment(points, clock)
    first, size = now.real(D)
    assert size == len(first.real) == clock.images == 16
    second, _ = now.real(D)
    assert not torch.equal(first.real, second.real) and clock.images == 32
    assert now.real(G)[0].real is second.real and clock.images == 32


def test_a_named_batch_is_taken_once(points: Recipe) -> None:
    clock = Clock(step=1)
    now = moment(points, clock)
    first = now.real(Update("discriminator", real="x"))[0]
    assert now.real(Update("generator", real="x"))[0].real is first.real
    assert now.real(Update("discriminator", real="x"))[0].real is first.real
    assert clock.images == 16
    assert now.real(Update("discriminator", real="y"))[0].real is not first.real
    assert clock.images == 32


@pytest.mark.parametrize("real", [None, "x"])
def test_a_batch_that_only_a_generator_has_looked_at_is_fresh_for_the_discriminator(
    points: Recipe, real: str | None
) -> None:
    """Else a program that begins with the generator would use up real samples that no discriminator sees."""
    clock = Clock(step=1)
    now = moment(points, clock)
    looked = now.real(G)[0]
    assert now.real(G)[0].real is looked.real
    assert now.real(Update("discriminator", real=real))[0].real is looked.real
    assert clock.images == 16
    assert now.real(D)[0].real is not looked.real
    assert clock.images == 32


def test_a_generator_may_have_fresh_batches_of_its_own(points: Recipe) -> None:
    now, fresh = moment(points), Update("generator", real="fresh")
    batches = [now.real(update)[0].real for update in (D, fresh, fresh)]
    assert not any(torch.equal(one, two) for one, two in combinations(batches, 2))
    assert now.real(G)[0].real is batches[0]  # the discriminator's latest


def test_named_draws_are_shared_and_others_are_fresh(points: Recipe) -> None:
    now = moment(points)
    batch, size = now.real(D)
    named, other = Update("generator", draws="a"), Update("generator", draws="b")
    a, again, b = (now.draws(update, batch, size).latent for update in (named, named, other))
    fresh, fresher = (now.draws(G, batch, size).latent for _ in range(2))
    assert a is again and a.shape == (16, leaves(points)["latent.dim"])
    every = (a, b, fresh, fresher)
    assert all(not torch.equal(one, two) for i, one in enumerate(every) for two in every[:i])


def test_draws_follow_from_seed_and_step_alone(points: Recipe) -> None:
    def latent(recipe: Recipe, step: int) -> torch.Tensor:
        now = moment(recipe, Clock(step, images=160))
        return now.draws(G, *now.real(D)).latent

    assert torch.equal(latent(points, 3), latent(points, 3))
    assert not torch.equal(latent(points, 3), latent(points, 4))
    assert not torch.equal(latent(points, 3), latent(override(points, {"training.seed": "1"}), 3))


def test_draws_fit_a_smaller_last_batch(points: Recipe) -> None:
    recipe = override(points, {"data.drop_last": "false"})  # 44 points: 16, 16, 12
    now = moment(recipe, Clock(step=1, images=32))
    shared = Update("discriminator", draws="z")
    (last, size), (next_, full) = now.real(shared), now.real(shared)
    assert (size, full) == (12, 16)
    assert len(now.draws(shared, last, size).latent) == 12 and len(now.draws(shared, next_, full).latent) == 16


def test_labels_of_fakes(on_small_data: Callable[[Recipe], Recipe]) -> None:
    recipe = override(dcgan_digits(), {"training.batch_size": "64"})
    now = moment(recipe)
    batch, size = now.real(D)
    uniform = now.draws(G, batch, size).label
    assert uniform is not None and batch.label is not None
    assert set(uniform.tolist()) <= set(range(10)) and not torch.equal(uniform, batch.label)
    now = moment(replace(recipe, fake_labels="real"))
    batch, size = now.real(D)
    assert now.draws(G, batch, size).label is batch.label
    now = moment(replace(recipe, conditional=False))
    batch, size = now.real(D)
    assert batch.label is None and now.draws(G, batch, size).label is None


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_processes_see_parts_of_one_batch_and_of_one_draw(processes: int) -> None:
    recipe = override(dcgan_digits(), {"training.batch_size": "8"})
    parts = []
    for rank in range(processes):
        now = moment(recipe, rank=rank, processes=processes)
        batch, size = now.real(D)
        assert size == 8
        draws = now.draws(G, batch, size)
        parts.append((batch.real, batch.label, draws.latent, draws.label))
    now = moment(recipe)
    batch, size = now.real(D)
    draws = now.draws(G, batch, size)
    whole = (batch.real, batch.label, draws.latent, draws.label)
    for part, expected in zip(zip(*parts, strict=True), whole, strict=True):
        assert torch.equal(torch.cat(part), expected)  # type: ignore[arg-type]


PROGRAMS = {
    "apart": ((D, G), [1, 1, 1]),
    "one batch for all": ((Update("discriminator", real="x"), Update("generator", real="x")), [1, 1, 1]),
    "generator first": ((G, G, D), [1, 1, 1]),
    "generator first, then a name": ((G, Update("discriminator", real="x")), [1, 1, 1]),
    "two names": ((Update("discriminator", real="x"), Update("discriminator", real="y"), G), [2, 2, 2]),
    "a name and fresh ones": ((Update("discriminator", real="x"), Update("discriminator", count=2), G), [3, 3, 3]),
    "five on one": ((Update("discriminator", real="x", count=5), G), [1, 1, 1]),
    "fresh for each": ((D, Update("generator", real="fresh", count=3)), [4, 4, 4]),
    "fresh for all": ((Update("discriminator", real="fresh", count=2), Update("generator", real="fresh")), [3, 3, 3]),
    "warm-up": ((Update("discriminator", count=WarmUp(2, 4, 1, 100)), G), [4, 2, 2]),
    "at once": ((Simultaneous((G, D)),), [1, 1, 1]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_clock_counts_fresh_batches_as_foretold(
    name: str, points: Recipe, in_training: Callable[..., Trainer]
) -> None:
    updates, batches = PROGRAMS[name]
    recipe = replace(points, updates=updates)
    assert [fresh_batches(recipe.updates, step) for step in (1, 2, 3)] == batches
    trainer = in_training(recipe)
    seen = []
    for _ in range(3):
        trainer.step()
        seen.append(trainer.clock.images)
    assert seen == [16 * sum(batches[:step]) for step in (1, 2, 3)]
    assert [trainer.steps_for(images) for images in seen] == [1, 2, 3]
    assert trainer.steps_for(seen[1] + 1) == 3


@dataclass(frozen=True)
class Chosen(NonSaturating):
    """An objective that is given a number in each step."""

    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        return {"number": random.standard_normal(1)}


def test_what_an_objective_draws_by_step_is_one_for_all_updates_and_processes(points: Recipe) -> None:
    recipe = replace(points, objective=Chosen())

    def numbers(step: int, rank: int) -> list[float]:
        now = moment(recipe, Clock(step), rank, processes=2)
        drawn = [now.draws(update, *now.real(update)).factors["number"] for update in (D, G, G)]
        assert all(one.dtype == torch.float32 for one in drawn)
        return [one.item() for one in drawn]

    first, second = numbers(1, rank=0), numbers(2, rank=0)
    assert len({*first}) == len({*second}) == 1 and first != second
    assert numbers(1, rank=1) == first


def test_an_objective_s_own_schedule_follows_the_clock_of_images(points: Recipe) -> None:
    recipe = replace(points, objective=Coulomb(schedule=Linear(start=1.0, end=0.5, images=32)))
    for images, expected in ((0, 1.0), (16, 0.75), (32, 0.5), (1_000, 0.5)):
        now = moment(recipe, Clock(step=1, images=images))
        assert {name: value.item() for name, value in now.draws(D, *now.real(D)).factors.items()} == {"eps": expected}
    now = moment(replace(points, objective=Coulomb()))
    assert not now.draws(D, *now.real(D)).factors  # what does not change is left out


@dataclass(frozen=True)
class Lucky(NonSaturating):
    """An objective that is given three numbers for each sample."""

    def num_uniform(self) -> int:
        return 3


@pytest.mark.parametrize("processes", [2, 3])
def test_what_an_objective_draws_by_sample_goes_with_its_sample(points: Recipe, processes: int) -> None:
    recipe = replace(points, objective=Lucky())

    def numbers(step: int, rank: int = 0, processes: int = 1) -> list[torch.Tensor]:
        now = moment(recipe, Clock(step), rank, processes)
        drawn = [now.draws(update, *now.real(update)) for update in (D, G)]
        return [one.uniform for one in drawn if one.uniform is not None]

    whole = numbers(1)
    assert [one.shape for one in whole] == [(16, 3)] * 2 and 0 <= whole[0].min() and whole[0].max() < 1
    assert not torch.equal(*whole) and not torch.equal(whole[0], numbers(2)[0])
    parts = [numbers(1, rank, processes) for rank in range(processes)]
    assert all(torch.equal(torch.cat(part), one) for part, one in zip(zip(*parts, strict=True), whole, strict=True))
    now, plain = (moment(replace(points, objective=one)) for one in (Lucky(), NonSaturating()))
    batch, size = now.real(D)
    assert torch.equal(now.draws(D, batch, size).latent, plain.draws(D, *plain.real(D)).latent)  # drawn after latents
