import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator


def small_generator(latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0) -> DCGANGenerator:
    return DCGANGenerator(
        latent_dim=latent_dim, sample_shape=sample_shape, num_classes=num_classes, width=4, max_width=8
    )


def small_discriminator(sample_shape: tuple[int, ...], num_classes: int = 0, spectral_norm: bool = False):
    return DCGANDiscriminator(
        sample_shape=sample_shape, num_classes=num_classes, width=4, max_width=8, spectral_norm=spectral_norm
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 10, 12, 14, 28, 32, 40, 48, 64, 96, 256])
def test_sizes(size, channels):
    shape = (channels, size, size)
    generator = small_generator(6, shape)
    discriminator = small_discriminator(shape)
    sample = generator(torch.randn(2, 6))
    assert sample.shape == (2, *shape) and sample.abs().max() <= 1
    assert discriminator(sample).shape == (2,)


@pytest.mark.parametrize("sides", [(48, 64), (64, 48), (28, 100), (12, 8)])
def test_rectangles_double_from_a_base_grid_of_their_own(sides):
    shape = (3, *sides)
    sample = small_generator(6, shape, num_classes=2)(torch.randn(2, 6), torch.tensor([0, 1]))
    assert sample.shape == (2, *shape)
    assert small_discriminator(shape, num_classes=2)(sample, torch.tensor([0, 1])).shape == (2,)


def test_widths_double_towards_the_base_grid_up_to_the_cap():
    discriminator = DCGANDiscriminator(sample_shape=(3, 64, 64), width=16, max_width=64)
    convolutions = [part for part in discriminator.modules() if isinstance(part, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [16, 32, 64, 64]
    generator = DCGANGenerator(latent_dim=5, sample_shape=(3, 64, 64), width=16, max_width=64)
    transposed = [part for part in generator.modules() if isinstance(part, nn.ConvTranspose2d)]
    assert [layer.in_channels for layer in transposed] == [64, 64, 32, 16]
    assert generator.base_shape == (64, 4, 4)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 27, 27), "28"),
        ((3, 4, 4), "8"),
        ((1, 9, 9), "8"),
        ((1, 30, 30), "28"),
        ((1, 28, 33), "28x32"),
        ((3, 31, 53), "32x56"),
        ((3, 6, 20), "8x20"),
        ((2,), "(2,)"),
    ],
)
def test_impossible_shapes_are_refused_naming_what_is_possible(shape, said):
    for make in (
        lambda: DCGANGenerator(latent_dim=4, sample_shape=shape),
        lambda: DCGANDiscriminator(sample_shape=shape),
    ):
        with pytest.raises(Refused) as refusal:
            make()
        assert said in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_labels_matter_in_both_players_and_nothing_couples_samples_in_the_discriminator(spectral_norm):
    torch.manual_seed(0)
    generator = small_generator(6, (1, 8, 8), num_classes=3).eval()
    discriminator = small_discriminator((1, 8, 8), 3, spectral_norm)
    discriminator.eval()
    latent, first, second = torch.randn(4, 6), torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1, 2, 0])
    sample = generator(latent, first)
    for network, value in ((generator, latent), (discriminator, sample)):
        difference = (network(value, first) - network(value, second)).reshape(4, -1).abs().amax(1)
        assert difference[0] > 1e-5 and difference[1:].max() < 1e-6
    assert couples_samples(generator) and not couples_samples(discriminator)
    apart = torch.cat([discriminator(sample[:1], first[:1]), discriminator(sample[1:], first[1:])])
    assert torch.allclose(discriminator(sample, first), apart, atol=1e-6)


def test_spectral_norm_bounds_every_layer():
    torch.manual_seed(0)
    discriminator = small_discriminator((1, 16, 16), 5, spectral_norm=True)
    for _ in range(30):  # one step of the power iteration each
        discriminator(torch.randn(2, 1, 16, 16), torch.tensor([0, 1]))
    discriminator.eval()
    layers = [part for part in discriminator.modules() if isinstance(part, nn.Conv2d | nn.Linear | nn.Embedding)]
    assert len(layers) == 4
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


def test_generator_starts_as_the_paper_says():
    torch.manual_seed(0)
    generator = DCGANGenerator(latent_dim=100, sample_shape=(1, 28, 28))
    for part in generator.modules():
        if isinstance(part, nn.Linear | nn.ConvTranspose2d):
            assert part.weight.std().item() == pytest.approx(0.02, rel=0.05)
        if isinstance(part, nn.BatchNorm2d):
            assert part.weight.mean().item() == pytest.approx(1, abs=0.01) and not part.bias.any()


def test_labels_begin_as_loud_as_they_are_asked_to():
    sizes = {"latent_dim": 64, "sample_shape": (1, 8, 8), "num_classes": 50, "width": 4}
    for std in (1.0, 0.25, 0.0):
        embedding = DCGANGenerator(**sizes, label_std=std).embedding
        assert embedding is not None
        assert embedding.weight.std().item() == pytest.approx(std, rel=0.05)
