"""Drawing fakes: chunks of one size, labels in turn, truncation, and a generator that is left as it was."""

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.model import Model, latents, take
from honmono.networks.batch_norm import SamplingMode
from honmono.randomness import stream
from honmono.recipe.build import build_networks
from honmono.recipe.latents import Normal, Uniform
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.samplers import Stepwise
from honmono.recipe.value import Recipe


DIGITS = DataSpec((1, 8, 8), tuple("0123456789"))


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return override(find("dcgan-digits").make(), find("dcgan-digits").tiny)


@pytest.fixture(scope="module")
def model(recipe: Recipe) -> Model:
    return Model(build_networks(recipe, DIGITS)["generator"], recipe, DIGITS)


def drawn(model: Model, chunks: int, seed: int = 0, **asked: Any) -> Tensor:
    return torch.cat([*islice(model.fakes(seed=seed, **asked), chunks)])


def test_chunks_have_the_recipe_s_batch_size_and_no_end(model: Model, recipe: Recipe) -> None:
    chunks = [*islice(model.fakes(seed=0), 5)]
    assert {tuple(chunk.shape) for chunk in chunks} == {(8, 1, 8, 8)}
    assert len({chunk.numpy().tobytes() for chunk in chunks}) == 5
    assert not any(chunk.requires_grad for chunk in chunks)


def test_the_seed_decides_the_fakes(model: Model, recipe: Recipe) -> None:
    assert torch.equal(drawn(model, 2), drawn(model, 3)[:16])
    assert not torch.isclose(drawn(model, 1, seed=1), drawn(model, 1)).all()


def test_classes_take_turns_or_one_is_asked_for(model: Model, recipe: Recipe) -> None:
    draws = [recipe.latent.draw(stream(0, "sample", chunk), 8, (1, 8, 8)) for chunk in range(2)]
    for chunk, labels in enumerate([np.arange(8), np.arange(8, 16) % 10]):
        expected = model.at(draws[chunk], labels)
        assert torch.equal(drawn(model, 2)[8 * chunk : 8 * chunk + 8], expected)
    assert torch.equal(drawn(model, 1, label=3), model.at(draws[0], np.full(8, 3)))


@pytest.mark.parametrize("share", [3, 8, 20])
def test_samples_in_a_row_share_the_latents_of_the_first_ones(model: Model, recipe: Recipe, share: int) -> None:
    own = np.concatenate([recipe.latent.draw(stream(0, "sample", chunk), 8, (1, 8, 8)) for chunk in range(3)])
    at = np.arange(24)
    for chunk in range(3):
        rows = at[8 * chunk : 8 * chunk + 8]
        expected = model.at(own[rows // share], rows % 10)
        assert torch.equal(drawn(model, 3, share=share)[8 * chunk : 8 * chunk + 8], expected)


@pytest.mark.parametrize(("number", "chunks"), [(1, 1), (32, 1), (40, 2), (64, 3), (80, 4), (81, 5)])
def test_so_many_are_taken_of_chunks_of_any_sizes(number: int, chunks: int) -> None:
    rows = torch.arange(160.0).double().view(80, 2)
    parts = rows.split((32, 8, 32, 8)) * 2
    endless = iter(parts)
    taken = take(endless, number)
    assert torch.equal(taken, torch.cat([rows, rows])[:number]) and taken.dtype == torch.float64
    assert len([*endless]) == len(parts) - chunks  # none is made for nothing


def test_sampling_leaves_the_generator_as_it_was(model: Model) -> None:
    generator = model.generator.train()
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    made = {}
    modes: tuple[SamplingMode, ...] = ("running", "batch", "identity")
    for mode in modes:
        made[mode] = drawn(model.with_batch_norm(mode), 1)
        assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())
        assert all(part.training for part in generator.modules())
    assert not torch.allclose(made["running"], made["batch"])
    assert not torch.allclose(made["running"], made["identity"])


def test_without_labels_none_is_passed(recipe: Recipe) -> None:
    plain = replace(recipe, conditional=False)
    model = Model(build_networks(plain, DIGITS)["generator"], plain, DIGITS)
    assert model.at(plain.latent.draw(stream(0, "z"), 2, (1, 8, 8))).shape == (2, 1, 8, 8)
    assert drawn(model, 1).shape == (8, 1, 8, 8)


def test_fakes_are_made_in_the_generator_s_own_type(recipe: Recipe) -> None:
    generator, _ = build_networks(recipe, DIGITS).values()
    assert drawn(Model(generator.double(), recipe, DIGITS), 1).dtype == torch.float64


def test_truncated_latents_keep_their_distribution_within_the_bound() -> None:
    z = latents(Normal(8), stream(0, "z"), 4_000, (2,), 0.5)
    assert np.abs(z).max() <= 0.5
    assert z.std() == pytest.approx(0.2837, abs=0.005)  # of N(0, 1) given |z| <= 0.5
    whole = latents(Normal(8), stream(0, "z"), 4_000, (2,), None)
    kept = np.abs(whole) <= 0.5
    np.testing.assert_array_equal(z[kept], whole[kept])
    np.testing.assert_array_equal(latents(Normal(8), stream(0, "z"), 4_000, (2,), 9.0), whole)


@pytest.mark.parametrize("truncation", [0.0, -1.0, 1e-9, float("nan")])
def test_a_truncation_that_leaves_nothing_is_refused(truncation: float) -> None:
    with pytest.raises(Refused, match="at least 0.01"):
        latents(Normal(2), stream(0, "z"), 4, (2,), truncation)


def test_latents_with_bounds_are_not_truncated() -> None:
    with pytest.raises(Refused, match="--truncation needs"):
        latents(Uniform(2), stream(0, "z"), 4, (2,), 1.0)


def test_points_are_no_pictures(recipe: Recipe) -> None:
    points = Model(torch.nn.Identity(), recipe, DataSpec((2,), ()))
    assert points.range is None
    with pytest.raises(Refused):
        points.pictures(torch.zeros(3, 2))


@pytest.fixture(scope="module", params=["flow-mnist", "ddpm-mnist"])
def stepwise(request: pytest.FixtureRequest) -> Model:
    """An untrained network whose last layer, which begins at 0, has other weights."""
    recipe = override(find(request.param).make(), find(request.param).tiny)
    network = build_networks(recipe, DIGITS)["generator"].double()
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter += 0.1 * torch.from_numpy(stream(0, "weights", number).standard_normal(parameter.shape))
    return Model(network, recipe, DIGITS)


def test_samples_are_made_from_noise_by_the_recipe_s_sampler(stepwise: Model) -> None:
    recipe, labels = stepwise.recipe, np.arange(4)
    noise = recipe.latent.draw(stream(0, "sample", 0), 4, (1, 8, 8))
    schedule = recipe.objective.noise_schedule()
    assert isinstance(recipe.sampler, Stepwise)
    with torch.no_grad():
        expected = recipe.sampler(
            stepwise.generator.eval(),
            torch.from_numpy(noise).double(),
            torch.from_numpy(labels),
            schedule=schedule,
            returns=recipe.objective.network_returns(),
        )
    torch.testing.assert_close(drawn(stepwise, 1), expected, rtol=0, atol=1e-12)


def test_more_steps_and_guidance_make_other_samples_of_the_same_noise(stepwise: Model) -> None:
    own = drawn(stepwise, 1)
    for other in (stepwise.with_sampler(steps=3), stepwise.with_sampler(guidance=2.0)):
        assert not torch.allclose(drawn(other, 1), own)
        assert other.chosen is not None and other.with_sampler(steps=2, guidance=1.25).chosen is None
    assert torch.equal(drawn(stepwise.with_sampler(), 1), own)


def test_noise_that_a_sampler_adds_depends_on_seed_and_place_alone() -> None:
    recipe = override(find("ddpm-mnist").make(), {**find("ddpm-mnist").tiny, "sampler.eta": "1"})
    model = Model(build_networks(recipe, DIGITS)["generator"], recipe, DIGITS)
    assert torch.equal(drawn(model, 3)[4:8], drawn(model, 2)[4:])
    assert not torch.allclose(drawn(model, 1), drawn(model, 1, seed=1))
    added = [drawn(model, 2)[at : at + 4] - drawn(model.with_sampler(steps=1), 2)[at : at + 4] for at in (0, 4)]
    assert not torch.allclose(added[0], added[1])


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"guidance": -1.0}, {"guidance": float("nan")}])
def test_values_that_no_sampler_takes_are_refused_by_their_option(stepwise: Model, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^--(sampler-steps|guidance) \S+: give a number from"):
        stepwise.with_sampler(**wrong)


def test_options_that_a_sampler_has_not_are_refused(model: Model, stepwise: Model) -> None:
    with pytest.raises(Refused, match="--sampler-steps: not for this run, since it samples directly"):
        model.with_sampler(steps=5)
    if stepwise.recipe.objective.predicts == "noise":
        with pytest.raises(Refused, match="--solver: .* --sampler-steps and --guidance"):
            stepwise.with_sampler(solver="heun")
    else:
        with pytest.raises(Refused, match="--solver runge: give one of euler, midpoint, heun"):
            stepwise.with_sampler(solver="runge")
