"""The evidence of a generator: its fakes as the network sees them, in an order that nothing changes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.data.pictures import Pictures
from honmono.errors import Failed, Refused
from honmono.evaluation.evidence import GeneratorEvidence
from honmono.evaluation.extraction import Networks
from honmono.evaluation.reference import Reference
from honmono.generation.model import Model
from honmono.metrics.features.named import feature_network
from honmono.randomness import preserve_rng_state
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe


CLASSES = ("a", "b", "c", "d")
Gather = Callable[..., GeneratorEvidence]


@pytest.fixture
def gather(recipe: Recipe, networks: Networks, stored: Path) -> Gather:
    """Evidence of a generator of 8x8 pictures."""

    def make(
        generator: nn.Module, shape: tuple[int, ...] = (1, 8, 8), recipe: Recipe = recipe, **asked: Any
    ) -> GeneratorEvidence:
        reference = Reference(recipe, shape, str(stored), networks)
        model = Model(generator, recipe, DataSpec(shape, CLASSES), truncation=asked.get("truncation"))
        return GeneratorEvidence(model, asked.get("seed", 0), reference, networks)

    return make


def quarters_of(pictures: Tensor) -> Tensor:
    return pictures.float().view(-1, 2, 4, 2, 4).mean((2, 4)).flatten(1)


def test_fakes_are_those_of_sampling_quantized(gather: Gather, recipe: Recipe) -> None:
    generator = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    plain = replace(recipe, conditional=False)
    generator.forward = lambda latent, label=None: nn.Sequential.forward(generator, latent)  # type: ignore[method-assign]
    samples = torch.cat([*islice(Model(generator, plain, DataSpec((1, 8, 8), ())).fakes(seed=3), 5)])
    evidence = gather(generator, recipe=plain, seed=3)
    expected = ((samples + 1) * 127.5).round().byte()
    assert torch.equal(evidence.pictures("fake", "quarters", torch.arange(40)), expected)
    found = evidence.extracted("fake", "quarters", 33)
    torch.testing.assert_close(found.features, quarters_of(expected)[:33])
    assert found.labels is None and found.features.dtype == torch.float32 and evidence.seed == 3


def test_class_i_is_asked_of_sample_i(gather: Gather, saying: Callable[..., nn.Module]) -> None:
    generator = saying(lambda latent: latent)
    generator.forward = lambda latent, label: (label / 2 - 1).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)  # type: ignore
    found = gather(generator).extracted("fake", "quarters", 30)
    assert found.labels is not None and found.labels.tolist() == [place % 4 for place in range(30)]
    levels = [0, 64, 128, 191]  # of -1, -0.5, 0, 0.5
    assert found.features[:, 0].round().int().tolist() == [levels[place % 4] for place in range(30)]


def test_real_labels_are_the_places_of_their_names(
    gather: Gather, drawing: nn.Module, recipe: Recipe, stored: Path, networks: Networks
) -> None:
    """The stored pictures' classes are 0, 1 and 2."""
    evidence = gather(drawing)
    evidence.classes = ("2", "cat", "0")
    found = evidence.extracted("real", "quarters", 300)
    own = Reference(recipe, (1, 8, 8), str(stored), networks).reals("quarters").extracted(300)
    assert found.labels is not None and own.labels is not None
    assert found.labels.tolist() == [{0: 2, 1: -1, 2: 0}[label] for label in own.labels.tolist()]
    assert gather(drawing, recipe=replace(recipe, conditional=False)).extracted("real", "quarters", 9).labels is None


def test_the_first_fakes_are_looked_at_again_without_being_drawn_again(gather: Gather, drawing: nn.Module) -> None:
    drawn = 0

    def count(*_: object) -> None:
        nonlocal drawn
        drawn += 1

    drawing.register_forward_hook(count)
    with preserve_rng_state(torch.device("cpu")):
        evidence, places = gather(drawing), torch.tensor([250, 3, 3])
        expected = gather(drawing).pictures("fake", "quarters", places)
        evidence.extracted("fake", "quarters", 256)
        before = drawn
        assert torch.equal(evidence.pictures("fake", "quarters", places), expected) and drawn == before
        assert len(evidence.pictures("fake", "quarters", torch.tensor([900]))) == 1 and drawn > before


def test_the_first_fakes_never_depend_on_how_many_are_asked_for(gather: Gather, drawing: nn.Module) -> None:
    with preserve_rng_state(torch.device("cpu")):
        at_once = gather(drawing).extracted("fake", "quarters", 600).features
        growing = gather(drawing)
        for number in (10, 300, 64, 600):
            torch.rand(7)  # whoever draws in between
            growing.pictures("fake", "quarters", torch.arange(9))
            assert torch.equal(growing.extracted("fake", "quarters", number).features, at_once[:number])
        other = gather(drawing, seed=1).extracted("fake", "quarters", 600).features
    assert not torch.isclose(other, at_once).all(1).any()


def test_real_samples_do_not_depend_on_the_seed(gather: Gather, drawing: nn.Module) -> None:
    found = [gather(drawing, seed=seed).extracted("real", "quarters", 40).features for seed in (0, 1)]
    assert torch.equal(*found) and len(found[0]) == 40


def test_no_trace_is_left(gather: Gather, drawing: nn.Module) -> None:
    drawing.train()
    next(drawing.children()).eval()
    before = {name: tensor.clone() for name, tensor in drawing.state_dict().items()}
    modes = {name: part.training for name, part in drawing.named_modules()}
    state = torch.get_rng_state()
    with preserve_rng_state(torch.device("cpu")):
        gather(drawing).extracted("fake", "quarters", 100)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in drawing.state_dict().items())
    assert modes == {name: part.training for name, part in drawing.named_modules()}
    assert all(parameter.requires_grad and parameter.grad is None for parameter in drawing.parameters())


def test_a_generator_that_fails_is_told_of(gather: Gather, saying: Callable[..., nn.Module]) -> None:
    broken = gather(saying(lambda latent: torch.full((len(latent), 1, 8, 8), torch.nan)))
    with pytest.raises(Failed, match="NaN or infinity"):
        broken.extracted("fake", "quarters", 10)
    constant = gather(saying(lambda latent: torch.full((len(latent), 1, 8, 8), 3.0)))
    assert constant.notes() == []
    constant.extracted("fake", "quarters", 10)
    assert ["collapsed" in note or "clipped" in note for note in constant.notes()] == [True, True]


def test_features_that_are_not_finite_are_a_failure(
    gather: Gather, drawing: nn.Module, quarters: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        quarters, "load", lambda device: lambda pictures: (torch.full((len(pictures), 4), torch.nan), None)
    )
    with pytest.raises(Failed, match=r"features\[quarters\]"):
        gather(drawing).extracted("fake", "quarters", 10)


def test_points_come_as_float64(saying: Callable[..., nn.Module], networks: Networks) -> None:
    recipe = find("gan-grid").make()
    reference = Reference(recipe, (2,), None, networks)
    model = Model(saying(lambda latent: latent[:, :2] * 3), recipe, DataSpec((2,), ()))
    evidence = GeneratorEvidence(model, 0, reference, networks)
    points = evidence.points(700)
    assert points.shape == (700, 2) and points.dtype == torch.float64
    assert torch.equal(evidence.points(20), points[:20])
    expected = next(model.fakes(seed=0))
    assert torch.equal(points[:512], expected.double())
    with pytest.raises(Refused, match="the quarters features need pictures"):
        evidence.extracted("fake", "quarters", 10)


def test_pictures_are_no_points(gather: Gather, drawing: nn.Module) -> None:
    with pytest.raises(Refused, match="modes is a metric of points"):
        gather(drawing).points(10)


def test_each_channel_is_a_picture_of_its_own(gather: Gather, saying: Callable[..., nn.Module]) -> None:
    def stripes(latent: Tensor) -> Tensor:
        levels = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1)
        return (levels + 0 * latent[:, :1, None, None]).expand(len(latent), 3, 8, 8)

    logits = gather(saying(stripes), (3, 8, 8)).channels("quarters", 21)
    assert logits.shape == (21, 3, 4)
    assert logits[..., 0].round().int().tolist() == [[0, 128, 255]] * 21


def test_only_one_channel_is_read_at_a_time(recipe: Recipe, drawing: nn.Module) -> None:
    colour = Networks(feature_network, torch.device("cpu"))
    data = replace(recipe, data=Pictures(source="digits"))
    reference = Reference(data, (3, 8, 8), None, colour)
    evidence = GeneratorEvidence(Model(drawing, data, DataSpec((3, 8, 8), ())), 0, reference, colour)
    with pytest.raises(Refused, match="the cifar10 features"):
        evidence.channels("cifar10", 10)


def test_a_truncation_reaches_the_latents(gather: Gather, saying: Callable[..., nn.Module]) -> None:
    generator = saying(lambda latent: latent.view(-1, 1, 8, 8))
    kept = gather(generator, truncation=0.5).pictures("fake", "quarters", torch.arange(50))
    assert int(kept.min()) >= 63 and int(kept.max()) <= 192
