import pytest
import torch

from honmono.errors import Refused
from honmono.networks.mlp import FourierFeatures, MLPDiscriminator, MLPGenerator


def num_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_gan_mnist_article_has_its_parameters_and_shapes():
    generator = MLPGenerator(latent_dim=100, sample_shape=(1, 28, 28))
    discriminator = MLPDiscriminator(sample_shape=(1, 28, 28), output="sigmoid")
    assert num_parameters(generator) == 1_486_352 and num_parameters(discriminator) == 1_329_153
    sample = generator(torch.randn(3, 100))
    score = discriminator(sample)
    assert sample.shape == (3, 1, 28, 28) and sample.abs().max() <= 1
    assert score.shape == (3,) and 0 < score.min() and score.max() < 1


def test_points_are_unbounded_and_labels_matter():
    torch.manual_seed(0)
    generator = MLPGenerator(latent_dim=2, sample_shape=(2,), num_classes=3, widths=(8,), output="linear")
    discriminator = MLPDiscriminator(sample_shape=(2,), num_classes=3, widths=(8,), activation="relu")
    latent, first, second = torch.randn(4, 2), torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1, 2, 0])
    sample = generator(100 * latent, first)
    assert sample.shape == (4, 2) and sample.abs().max() > 1
    for network, value in ((generator, latent), (discriminator, sample)):
        changed = (network(value, first) != network(value, second)).reshape(4, -1).any(1)
        assert changed.tolist() == [True, False, False, False]


def test_batch_norm_replaces_biases():
    generator = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(400,) * 4, batch_norm=True, output="linear")
    # PacGAN's generator for points: four layers of 400, batch norm, no biases
    assert num_parameters(generator) == 2 * 400 + 3 * 400**2 + 4 * 800 + 400 * 2 + 2


def test_weights_begin_as_wide_as_asked_and_biases_at_zero():
    generator = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(400, 400), batch_norm=True, weight_std=0.02)
    weights = [layer.weight for layer in generator.modules() if isinstance(layer, torch.nn.Linear)]
    assert [weight.std().item() for weight in weights] == pytest.approx([0.02] * 3, rel=0.1)
    assert generator.last.bias.abs().max() == 0
    torch.manual_seed(0)
    untouched = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(400,))
    torch.manual_seed(0)
    first = torch.nn.Linear(2, 400)
    assert all(torch.equal(a, b) for a, b in zip(untouched.hidden.parameters(), first.parameters(), strict=True))


def test_a_sigmoid_is_computed_in_float32_under_bfloat16():
    discriminator = MLPDiscriminator(sample_shape=(2,), widths=(4,), output="sigmoid")
    torch.nn.init.zeros_(discriminator.last.weight)
    torch.nn.init.constant_(discriminator.last.bias, 8.0)
    with torch.autocast("cpu", torch.bfloat16):
        score = discriminator(torch.zeros(1, 2))
    assert score.dtype == torch.float32 and score.item() == pytest.approx(0.999665, abs=1e-6)  # bfloat16: 1.0
    assert discriminator.double()(torch.zeros(1, 2, dtype=torch.float64)).dtype == torch.float64


def test_a_discriminator_can_see_points_through_fixed_frequencies():
    torch.manual_seed(0)
    discriminator = MLPDiscriminator(sample_shape=(2,), widths=(8,), fourier=5, fourier_scale=3.0)
    seen = discriminator.seen
    assert isinstance(seen, FourierFeatures)
    x = torch.tensor([[0.5, -1.0]])
    angle = x @ seen.frequencies
    assert torch.equal(seen(x), torch.cat([x, angle.sin(), angle.cos()], dim=1))
    assert not any(parameter.shape == (2, 5) for parameter in discriminator.parameters())
    assert "seen.frequencies" in discriminator.state_dict()  # drawn once, so a resume must find them
    assert FourierFeatures(2, 10_000, 3.0).frequencies.std().item() == pytest.approx(3.0, rel=0.05)


def test_xavier_is_as_keras_begins():
    """Uniform on +-sqrt(6 / (inputs + outputs)), biases 0 (Glorot & Bengio, 2010, equation 16)."""
    torch.manual_seed(0)
    points = {"sample_shape": (2,), "widths": (128, 128), "xavier": True}
    for network, sizes in (
        (MLPGenerator(latent_dim=4, **points), (4, 128, 128, 2)),
        (MLPDiscriminator(**points), (2, 128, 128, 1)),
    ):
        layers = [part for part in network.modules() if isinstance(part, torch.nn.Linear)]
        for layer, before, after in zip(layers, sizes, sizes[1:], strict=False):
            bound = (6 / (before + after)) ** 0.5
            assert 0.85 * bound < layer.weight.abs().max() <= bound and layer.bias.eq(0).all()
        assert len(layers) == 3


def test_a_generator_with_fourier_features_takes_them_besides_the_latent():
    torch.manual_seed(0)
    plain = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(8,), output="linear")
    seen = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(8,), output="linear", fourier=5, fourier_scale=3.0)
    assert num_parameters(seen) - num_parameters(plain) == 2 * 5 * 8
    assert seen.hidden[0].in_features == 12 and seen(torch.randn(3, 2)).shape == (3, 2)


def test_a_generator_with_a_skip_adds_its_latent():
    generator = MLPGenerator(latent_dim=2, sample_shape=(2,), widths=(8,), output="linear", skip=True)
    torch.nn.init.zeros_(generator.last.weight)
    torch.nn.init.constant_(generator.last.bias, 0.5)
    latent = torch.randn(4, 2)
    torch.testing.assert_close(generator(latent), latent + 0.5)
    with pytest.raises(Refused, match="skip"):
        MLPGenerator(latent_dim=3, sample_shape=(2,), output="linear", skip=True)
    with pytest.raises(Refused, match="skip"):
        MLPGenerator(latent_dim=2, sample_shape=(2,), output="tanh", skip=True)
