import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.recipes.dcgan_article import ArticleDiscriminator, ArticleGenerator


def num_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def shapes_of(network, value, names):
    shapes, hooks = {}, []
    for name in names:
        layer = network.get_submodule(name)
        hooks.append(layer.register_forward_hook(lambda _, x, y, name=name: shapes.update({name: tuple(y.shape[1:])})))
    output = network(value)
    for hook in hooks:
        hook.remove()
    return output, [shapes[name] for name in names]


def test_parameters_and_shape_chain():
    generator = ArticleGenerator(latent_dim=100, sample_shape=(1, 28, 28))
    discriminator = ArticleDiscriminator(sample_shape=(1, 28, 28))
    assert num_parameters(generator) == 1_070_657 and num_parameters(discriminator) == 660_929
    names = ["fc", "conv1", "conv2", "conv3"]
    sample, shapes = shapes_of(generator, torch.rand(2, 100) * 2 - 1, names)
    assert shapes == [(4096,), (128, 7, 7), (64, 14, 14), (1, 28, 28)]
    score, shapes = shapes_of(discriminator, sample, [*names[1:], "fc"])
    assert shapes == [(64, 14, 14), (128, 7, 7), (256, 4, 4), (1,)]
    assert sample.abs().max() <= 1 and score.shape == (2,) and ((0 < score) & (score < 1)).all()


@pytest.mark.parametrize("random_bias", [True, False])
def test_start(random_bias):
    torch.manual_seed(0)
    generator = ArticleGenerator(latent_dim=100, sample_shape=(1, 28, 28), random_bias=random_bias)
    discriminator = ArticleDiscriminator(sample_shape=(1, 28, 28), random_bias=random_bias)
    parameters = nn.ModuleDict({"g": generator, "d": discriminator}).state_dict()
    for layer in ("g.fc", "g.conv1", "d.conv2", "d.conv3", "d.fc"):
        assert parameters[f"{layer}.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    for layer in ("g.fc", "d.conv3"):
        spread = parameters[f"{layer}.bias"].std().item()
        assert spread == (pytest.approx(0.02, rel=0.15) if random_bias else 0)
    assert torch.all(generator.norm1.weight == 1) and not generator.norm1.bias.any()


def test_activations():
    """ReLU after the projection alone, LeakyReLU 0.2 elsewhere; what enters conv1 is the projection, rectified."""
    torch.manual_seed(0)
    generator = ArticleGenerator(latent_dim=100, sample_shape=(1, 28, 28))
    entered = []
    generator.conv1.register_forward_hook(lambda _, given, __: entered.append(given[0]))
    latent = torch.rand(2, 100) * 2 - 1
    generator(latent)
    assert torch.equal(entered[0], generator.fc(latent).relu().view(2, 256, 4, 4))
    for network in (generator, ArticleDiscriminator(sample_shape=(1, 28, 28))):
        assert isinstance(network.activation, nn.LeakyReLU) and network.activation.negative_slope == 0.2
    assert generator.norm1.eps == generator.norm2.eps == 1e-5


def test_ordinary_alternatives():
    generator = ArticleGenerator(latent_dim=10, sample_shape=(1, 28, 28), project_batch_norm=True, activation="relu")
    assert sum(isinstance(part, nn.BatchNorm2d) for part in generator.modules()) == 3
    assert isinstance(generator.activation, nn.ReLU)
    discriminator = ArticleDiscriminator(sample_shape=(1, 28, 28), sigmoid=False, batch_norm=True)
    assert sum(isinstance(part, nn.BatchNorm2d) for part in discriminator.modules()) == 2
    nn.init.constant_(discriminator.fc.bias, -3.0)
    assert discriminator(generator(torch.randn(2, 10))).max() < 0  # a logit


def test_sigmoid_is_never_half_precision():
    discriminator = ArticleDiscriminator(sample_shape=(1, 28, 28))
    with torch.autocast("cpu", torch.bfloat16):
        assert discriminator(torch.randn(2, 1, 28, 28)).dtype == torch.float32


@pytest.mark.parametrize(("channels", "size"), [(3, 8), (1, 27), (3, 32)])
def test_other_pictures(channels, size):
    shape = (channels, size, size)
    sample = ArticleGenerator(latent_dim=4, sample_shape=shape)(torch.randn(2, 4))
    assert sample.shape == (2, *shape) and ArticleDiscriminator(sample_shape=shape)(sample).shape == (2,)


@pytest.mark.parametrize(("shape", "classes"), [((1, 4, 4), 0), ((1, 28, 28), 10), ((1, 28, 30), 0), ((2,), 0)])
def test_refusals(shape, classes):
    with pytest.raises(Refused):
        ArticleGenerator(latent_dim=4, sample_shape=shape, num_classes=classes)
    with pytest.raises(Refused):
        ArticleDiscriminator(sample_shape=shape, num_classes=classes)


@pytest.mark.parametrize("size", [28, 32])
def test_symmetric_padding_is_a_switch(size: int) -> None:
    shape = (1, size, size)
    generator = ArticleGenerator(latent_dim=100, sample_shape=shape, padding="symmetric")
    discriminator = ArticleDiscriminator(sample_shape=shape, padding="symmetric")
    assert generator.fc.out_features == discriminator.fc.in_features == 256 * (size // 8) ** 2
    sample = generator(torch.randn(2, 100))
    assert sample.shape == (2, *shape)
    assert discriminator(sample).shape == (2,)
