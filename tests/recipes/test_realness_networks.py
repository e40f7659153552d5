"""RealnessGAN's networks: the sources' counts of parameters, shapes, resampling and spectral norm."""

import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.recipes.realness import (
    RealnessArticleDiscriminator,
    RealnessArticleGenerator,
    RealnessDiscriminator,
    RealnessGenerator,
)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_article_s_parameters_and_shapes() -> None:
    generator = RealnessArticleGenerator(latent_dim=100, sample_shape=(3, 32, 32))
    discriminator = RealnessArticleDiscriminator(sample_shape=(3, 32, 32))
    assert (count(generator), count(discriminator)) == (80_323, 38_900)
    fake = generator(torch.randn(2, 100))
    assert fake.shape == (2, 3, 32, 32) and 0 < fake.min() and fake.max() < 1
    shapes = []
    for layer in discriminator.shrink:
        layer.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    assert discriminator(fake).shape == (2, 20)
    assert shapes[2::3][:3] == [(32, 16, 16), (32, 8, 8), (32, 4, 4)] and shapes[-1] == (512,)
    # 0.5 all over where the last convolution is 0
    for parameter in generator.grow[-1].parameters():
        nn.init.zeros_(parameter)
    assert (generator(torch.randn(2, 100)) == 0.5).all()


def test_the_paper_s_parameters_and_shapes() -> None:
    generator = RealnessGenerator(latent_dim=128, sample_shape=(3, 32, 32))
    assert count(generator) == 427_968
    assert generator(torch.randn(2, 128)).shape == (2, 3, 32, 32)
    for resampling, head in ((False, 6_144), (True, 12_288)):
        discriminator = RealnessDiscriminator(sample_shape=(3, 32, 32), outcomes=3, resampling=resampling)
        assert count(discriminator.shrink) == 165_376 and count(discriminator.head) == head
        assert count(discriminator) == 165_376 + head
        assert discriminator(torch.randn(2, 3, 32, 32)).shape == (2, 3)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in discriminator.modules())


def test_the_paper_s_weights_begin_at_a_deviation_of_0_02() -> None:
    torch.manual_seed(0)
    generator = RealnessGenerator(latent_dim=128, sample_shape=(3, 32, 32))
    discriminator = RealnessDiscriminator(sample_shape=(3, 32, 32), spectral_norm=False)
    layers = [part for network in (generator, discriminator) for part in network.modules()]
    convolutions = [part for part in layers if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 4 + 3 and all(part.bias is None for part in convolutions)
    for part in convolutions:
        assert part.weight.std().item() == pytest.approx(0.02, rel=0.05)
    scales = torch.cat([part.weight for part in layers if isinstance(part, nn.BatchNorm2d)])
    assert len(scales) == 128 + 64 + 32
    assert scales.mean().item() == pytest.approx(1, abs=0.005) and scales.std().item() == pytest.approx(0.02, rel=0.2)


@pytest.mark.parametrize(("size", "most"), [(256, 1024), (1024, 4096)])
def test_channels_double_to_4x4_without_a_limit(size: int, most: int) -> None:
    with torch.device("meta"):
        generator = RealnessGenerator(latent_dim=128, sample_shape=(3, size, size))
        discriminator = RealnessDiscriminator(sample_shape=(3, size, size), outcomes=51, resampling=True)
        assert generator(torch.randn(1, 128)).shape == (1, 3, size, size)
        assert discriminator(torch.randn(1, 3, size, size)).shape == (1, 51)
    assert generator.grow[0].weight.shape == (128, most, 4, 4)
    assert discriminator.head.weight.shape == (102, most * 16)


def test_every_layer_of_d_has_spectral_norm_and_its_head_too() -> None:
    torch.manual_seed(0)
    discriminator = RealnessDiscriminator(sample_shape=(3, 16, 16), width=8, outcomes=4)
    for _ in range(30):  # each pass makes one step of the power iteration
        discriminator(torch.randn(2, 3, 16, 16))
    layers = [part for part in discriminator.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3
    for layer in layers:
        assert layer.bias is None
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)
    plain = RealnessDiscriminator(sample_shape=(3, 16, 16), width=8, outcomes=4, spectral_norm=False)
    assert torch.linalg.matrix_norm(next(plain.parameters()).flatten(1), 2).item() != pytest.approx(1, abs=0.1)


def test_resampled_outcomes_have_the_head_s_means_and_variances() -> None:
    torch.manual_seed(0)
    discriminator = RealnessDiscriminator(
        sample_shape=(1, 8, 8), width=4, outcomes=2, resampling=True, spectral_norm=False
    )
    discriminator.head = nn.Linear(64, 4)
    nn.init.zeros_(discriminator.head.weight)
    with torch.no_grad():
        discriminator.head.bias.copy_(torch.tensor([1.0, -2.0, 0.0, 2.0]))  # means, then log variances
        drawn = discriminator(torch.zeros(20_000, 1, 8, 8))
        torch.testing.assert_close(drawn.mean(0), torch.tensor([1.0, -2.0]), atol=0.06, rtol=0)
        torch.testing.assert_close(drawn.var(0), torch.tensor([0.0, 2.0]).exp(), atol=0.2, rtol=0)
        torch.manual_seed(1)
        first = discriminator(torch.zeros(3, 1, 8, 8))
        torch.manual_seed(1)
        torch.testing.assert_close(discriminator(torch.zeros(3, 1, 8, 8)), first, atol=0, rtol=0)


def test_no_sample_depends_on_another() -> None:
    torch.manual_seed(0)
    discriminator = RealnessDiscriminator(sample_shape=(3, 8, 8), outcomes=3).eval()
    samples = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(discriminator(samples)[:2], discriminator(samples[:2]))


@pytest.mark.parametrize(
    "network",
    [RealnessArticleDiscriminator, RealnessDiscriminator],
)
def test_what_does_not_fit_is_refused(network: type[nn.Module]) -> None:
    with pytest.raises(Refused, match="--size 32"):
        network(sample_shape=(3, 48, 48))
    with pytest.raises(Refused, match="--size 8"):
        network(sample_shape=(3, 4, 4))
    with pytest.raises(Refused, match="conditional=false"):
        network(sample_shape=(3, 32, 32), num_classes=10)
