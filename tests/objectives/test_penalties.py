import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from honmono.networks.mlp import MLPDiscriminator, MLPGenerator
from honmono.objectives.base import Draws, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2, WeightDecay, input_gradient
from honmono.recipes.dcgan_article import ArticleDiscriminator, ArticleGenerator


class Linear(nn.Module):
    """D(x) = w . x + b, on which penalties have exact values."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.layer = nn.Linear(dimensions, 1)

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.layer(sample.flatten(1)).squeeze(1)


SCORES = torch.zeros(0)  # of reals, which these penalties do not look at


class Same(nn.Module):
    """A generator whose fakes are its latents."""

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


@pytest.fixture
def penalty_of(as_players):
    """The value of a penalty for a discriminator on a real batch."""

    def value(penalty, discriminator, real, label=None) -> Tensor:
        players = as_players(nn.Identity(), discriminator)
        return penalty.value(Step(players, Batch(real, label), Draws(torch.zeros(0, 1), None)), real, SCORES)

    return value


def test_r1_is_exact_on_a_linear_discriminator(penalty_of):
    discriminator = Linear(12)
    value = penalty_of(R1(3.0), discriminator, torch.randn(5, 3, 2, 2))
    weight = discriminator.layer.weight
    assert value.item() == pytest.approx(1.5 * weight.square().sum().item(), rel=1e-6)
    value.backward()  # d/dw gamma/2 ||w||^2 = gamma w
    assert torch.allclose(gradient_of(weight), 3 * weight)


def test_r2_is_r1_on_the_fakes(as_players):
    torch.manual_seed(0)
    discriminator = DCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=3, width=4)
    players = as_players(nn.Identity(), discriminator)
    (real, fake), labels = torch.randn(2, 4, 1, 8, 8), torch.tensor([[0, 1, 2, 2], [2, 1, 0, 0]])
    draws = Draws(torch.zeros(0, 1), labels[1])
    step = Step(players, Batch(real, labels[0]), draws)
    of_fakes = R2(3.0).value(step, fake, SCORES)
    assert torch.equal(of_fakes, R1(3.0).value(step._replace(batch=Batch(fake, labels[1])), real, SCORES))
    assert not torch.equal(of_fakes, R2(3.0).value(step, real, SCORES))


def test_input_gradient_is_each_samples_own():
    sample = torch.randn(6, 2, dtype=torch.float64)
    gradient = input_gradient(lambda x: (x**3).sum(1), sample)
    assert torch.allclose(gradient, 3 * sample**2)


def test_r1_agrees_with_double_backward(penalty_of):
    torch.manual_seed(0)
    discriminator = DCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=3, width=4)
    real, label = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 2])
    penalty_of(R1(1.0), discriminator, real, label).backward()
    named = dict(discriminator.named_parameters())
    ours = {name: gradient_of(parameter) for name, parameter in named.items() if parameter.grad is not None}
    assert len(ours) >= 4
    discriminator.zero_grad()  # forgets the gradients just taken, which `ours` keeps
    real.requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(real, label).sum(), real, create_graph=True)
    (gradient.flatten(1).square().sum(1).mean() / 2).backward()
    for name, parameter in named.items():
        if name in ours:
            assert torch.allclose(ours[name], gradient_of(parameter), atol=1e-7), name
        else:
            assert parameter.grad is None or not parameter.grad.any(), name


def test_a_factor_multiplies_the_penalty_of_its_name_alone(as_players):
    torch.manual_seed(0)
    players = as_players(Same(), Linear(2))
    batch, objective = Batch(torch.randn(4, 2), None), NonSaturating(penalties=(R1(1.0), R2(1.0)))
    plain = objective.discriminator_loss(Step(players, batch, Draws(torch.randn(4, 2), None)))
    half = objective.discriminator_loss(Step(players, batch, Draws(torch.randn(4, 2), None, {"r1": torch.tensor(0.5)})))
    assert half["r1"].item() == pytest.approx(plain["r1"].item() / 2)
    assert half["r2"].item() == pytest.approx(plain["r2"].item())


def test_r1_refuses_batch_norm_in_one_line(penalty_of):
    discriminator = ArticleDiscriminator(sample_shape=(1, 8, 8), batch_norm=True)
    with pytest.raises(ValueError, match="batch norm") as refusal:
        penalty_of(R1(1.0), discriminator, torch.randn(2, 1, 8, 8))
    assert "\n" not in str(refusal.value)
    penalty_of(R1(1.0), discriminator.eval(), torch.randn(2, 1, 8, 8))  # by running statistics nothing is coupled


def test_weight_decay_of_the_article(penalty_of):
    torch.manual_seed(0)
    discriminator = ArticleDiscriminator(sample_shape=(1, 28, 28))
    value = penalty_of(WeightDecay(), discriminator, torch.zeros(1, 1, 28, 28))
    # 0.001 / 2 * (64 * 128 + 128 * 256) * 16 weights * 0.02^2
    assert value.item() == pytest.approx(0.131, abs=0.001)
    value.backward()
    for name, parameter in discriminator.named_parameters():
        if name in ("conv2.weight", "conv3.weight"):
            assert torch.allclose(gradient_of(parameter), 0.001 * parameter)
        else:
            assert parameter.grad is None


def test_weight_decay_refuses_a_layer_that_is_not_there(penalty_of):
    with pytest.raises(Refused, match="did you mean 'conv2'"):
        penalty_of(WeightDecay(("convs2",)), ArticleDiscriminator(sample_shape=(1, 8, 8)), torch.zeros(1, 1, 8, 8))


def gradient_of(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def systems():
    yield (
        "points",
        MLPGenerator(latent_dim=3, sample_shape=(2,), widths=(8, 8), batch_norm=True, output="linear"),
        MLPDiscriminator(sample_shape=(2,), widths=(8, 8)),
        NonSaturating(penalties=(R1(1.0),)),
        0,
    )
    yield (
        "conditional",
        DCGANGenerator(latent_dim=3, sample_shape=(1, 8, 8), num_classes=3, width=4),
        DCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=3, width=4, spectral_norm=True),
        NonSaturating(together=True, penalties=(R1(1.0),)),
        3,
    )
    yield (
        "article",
        ArticleGenerator(latent_dim=3, sample_shape=(1, 8, 8)),
        ArticleDiscriminator(sample_shape=(1, 8, 8)),
        NonSaturating(scores="double_sigmoid", penalties=(WeightDecay(),)),
        0,
    )


@pytest.mark.parametrize("name", ["points", "conditional", "article"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_compiled_loss_is_the_eager_one(as_players, name, player):
    torch.manual_seed(0)
    _, generator, discriminator, objective, num_classes = next(system for system in systems() if system[0] == name)
    label = torch.arange(6) % num_classes if num_classes else None
    real = torch.randn(6, 2) if name == "points" else torch.randn(6, 1, 8, 8)
    step = Step(as_players(generator, discriminator), Batch(real, label), Draws(torch.randn(6, 3), label))
    networks = nn.ModuleList([generator, discriminator])
    start = {key: value.clone() for key, value in networks.state_dict().items()}
    loss = getattr(objective, f"{player}_loss")
    torch._dynamo.reset()
    results = []
    for function in (loss, torch.compile(loss, backend="aot_eager", dynamic=False)):
        networks.load_state_dict(start)
        networks.zero_grad()
        terms = function(step)
        torch.stack(list(terms.values())).sum().backward()
        results.append([*terms.values(), *(p.grad for p in networks.parameters() if p.grad is not None)])
    assert len(results[0]) == len(results[1])
    for eager, compiled in zip(*results, strict=True):
        assert torch.allclose(eager, compiled, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", [R1, R2])
def test_a_penalty_of_every_fourth_sample_is_theirs(as_players, make):
    torch.manual_seed(0)
    discriminator = DCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=3, width=4)
    players = as_players(nn.Identity(), discriminator)
    samples, labels = torch.randn(6, 1, 8, 8), torch.tensor([0, 1, 2, 2, 1, 0])
    some, few = (samples, labels), (samples[[0, 4]], labels[[0, 4]])
    values = [
        make(3.0, every=every).value(Step(players, Batch(*one), Draws(torch.zeros(0, 1), one[1])), one[0], SCORES)
        for every, one in ((4, some), (1, few))
    ]
    assert torch.equal(*values)
    for wrong in ({"every": 0}, {"gamma": -1.0}):
        with pytest.raises(Refused, match=f"{make.__name__}.*gamma .*every"):
            make(**wrong)
