from math import inf, log

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, WeightDecay


@pytest.fixture
def players(as_players):
    def make(num_classes: int = 0, dtype: torch.dtype = torch.float32) -> Players:
        torch.manual_seed(0)
        generator = DCGANGenerator(latent_dim=3, sample_shape=(1, 8, 8), num_classes=num_classes, width=4)
        discriminator = DCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=num_classes, width=4)
        return as_players(generator.to(dtype), discriminator.to(dtype))

    return make


def moment(num_classes: int = 0, dtype: torch.dtype = torch.float32, fakes: int = 4) -> tuple[Batch, Draws]:
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(4, 1, 8, 8, generator=generator, dtype=dtype)
    latent = torch.randn(fakes, 3, generator=generator, dtype=dtype)
    labels = (torch.arange(4) % num_classes, torch.arange(fakes) % num_classes) if num_classes else (None, None)
    return Batch(real, labels[0]), Draws(latent, labels[1])


def total(terms: dict[str, Tensor]) -> float:
    return sum(term.item() for term in terms.values())


def test_values_of_logits_by_hand():
    objective = NonSaturating()
    real, fake = torch.tensor([0.0, log(3)]), torch.tensor([log(3)])
    terms = objective.discriminator_terms(real, fake)
    assert terms["real"].item() == pytest.approx((log(2) + log(4 / 3)) / 2)  # p = 1/2, 3/4
    assert terms["fake"].item() == pytest.approx(log(4))
    assert objective.generator_terms(fake)["fake"].item() == pytest.approx(log(4 / 3))


def test_large_logits_neither_overflow_nor_lose_their_gradient():
    fake = torch.tensor([-1000.0, 1000.0], requires_grad=True)
    NonSaturating().generator_terms(fake)["fake"].backward()
    assert fake.grad is not None and fake.grad.tolist() == [-0.5, 0]


def test_probabilities_are_torchs_bce_loss():
    objective = NonSaturating(scores="probabilities")
    real, fake = torch.tensor([0.5, 0.0]), torch.tensor([0.25, 1.0])
    terms = objective.discriminator_terms(real, fake)
    assert terms["real"].item() == pytest.approx((log(2) + 100) / 2)  # log 0 is clamped at -100
    assert terms["fake"].item() == pytest.approx((log(4 / 3) + 100) / 2)
    assert objective.generator_terms(fake)["fake"].item() == pytest.approx(log(4) / 2)


def test_probabilities_and_logits_agree():
    logits = torch.randn(8, generator=torch.Generator().manual_seed(0))
    first = NonSaturating().discriminator_terms(logits, -logits)
    second = NonSaturating(scores="probabilities").discriminator_terms(logits.sigmoid(), (-logits).sigmoid())
    assert torch.allclose(first["real"], second["real"]) and torch.allclose(first["fake"], second["fake"])


def test_dcgan_mnist_article_at_chance_and_when_all_is_rejected():
    objective = NonSaturating(scores="double_sigmoid")
    half, none = torch.full((4,), 0.5), torch.zeros(4)
    assert total(objective.discriminator_terms(half, half)) == pytest.approx(1.4482, abs=5e-5)
    assert total(objective.discriminator_terms(none, none)) == pytest.approx(1.3863, abs=5e-5)
    assert total(objective.generator_terms(none)) == pytest.approx(log(2))


def test_bounds_of_the_double_sigmoid_are_reached():
    objective = NonSaturating(scores="double_sigmoid")
    bounds = objective.bounds()
    assert bounds["discriminator"] == pytest.approx((1.0064, 2.0064), abs=5e-5)
    assert bounds["generator"] == pytest.approx((0.3133, 0.6931), abs=5e-5)
    zero, one = torch.zeros(2), torch.ones(2)
    reached = (total(objective.discriminator_terms(one, zero)), total(objective.discriminator_terms(zero, one)))
    assert reached == pytest.approx(bounds["discriminator"], abs=1e-6)
    reached = (total(objective.generator_terms(one)), total(objective.generator_terms(zero)))
    assert reached == pytest.approx(bounds["generator"], abs=1e-6)


def test_other_bounds():
    assert NonSaturating().bounds() == {"discriminator": (0, inf), "generator": (0, inf)}
    assert NonSaturating(scores="probabilities").bounds() == {"discriminator": (0, 200), "generator": (0, 100)}
    decayed = NonSaturating(scores="double_sigmoid", penalties=(WeightDecay(),)).bounds()
    assert decayed["discriminator"] == (pytest.approx(1.0064, abs=5e-5), inf)


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("together", [False, True])
def test_losses_are_the_formula(players, num_classes, together):
    who = players(num_classes)
    batch, draws = moment(num_classes, fakes=6)  # there may be more fakes than reals
    objective = NonSaturating(together=together)
    who.generator.module.eval()
    terms = objective.discriminator_loss(Step(who, batch, draws))
    fake = who.generator(draws.latent, draws.label)
    logits = who.discriminator(batch.real, batch.label), who.discriminator(fake, draws.label)
    ones, zeros = torch.ones(4), torch.zeros(6)
    assert list(terms) == ["real", "fake"]
    bce = functional.binary_cross_entropy_with_logits
    assert torch.allclose(terms["real"], bce(logits[0], ones), atol=1e-6)
    assert torch.allclose(terms["fake"], bce(logits[1], zeros), atol=1e-6)
    loss = objective.generator_loss(Step(who, batch, draws))
    assert list(loss) == ["fake"] and torch.allclose(loss["fake"], bce(logits[1], zeros + 1), atol=1e-6)


def test_the_discriminators_loss_gives_the_generator_no_gradient(players):
    who = players()
    batch, draws = moment()
    sum(NonSaturating(together=True).discriminator_loss(Step(who, batch, draws)).values(), torch.zeros(())).backward()
    assert all(parameter.grad is None for parameter in who.generator.module.parameters())
    assert all(parameter.grad is not None for parameter in who.discriminator.module.parameters())
    sum(NonSaturating().generator_loss(Step(who, batch, draws)).values(), torch.zeros(())).backward()
    assert all(parameter.grad is not None for parameter in who.generator.module.parameters())


def test_precision_of_losses(players):
    objective = NonSaturating(penalties=(R1(1.0),))
    double = objective.discriminator_loss(Step(players(dtype=torch.float64), *moment(dtype=torch.float64)))
    assert {term.dtype for term in double.values()} == {torch.float64}
    with torch.autocast("cpu", torch.bfloat16):
        half = NonSaturating(together=True).discriminator_loss(Step(players(), *moment()))
    assert {term.dtype for term in half.values()} == {torch.float32}
    assert half["real"].item() == pytest.approx(double["real"].item(), abs=0.5)


def test_penalties_are_named_and_each_kind_given_once(players):
    terms = NonSaturating(penalties=(R1(2.0), WeightDecay(("score",)))).discriminator_loss(Step(players(), *moment()))
    assert list(terms) == ["real", "fake", "r1", "decay"]
    with pytest.raises(Refused, match="r1"):
        NonSaturating(penalties=(R1(2.0), R1(1.0)))
