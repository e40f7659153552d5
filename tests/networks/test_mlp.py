import pytest
import torch

from honmono.networks.mlp import MLPDiscriminator, MLPGenerator


def num_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_article_001_has_its_parameters_and_shapes():
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


def test_a_sigmoid_is_computed_in_float32_under_bfloat16():
    discriminator = MLPDiscriminator(sample_shape=(2,), widths=(4,), output="sigmoid")
    torch.nn.init.zeros_(discriminator.last.weight)
    torch.nn.init.constant_(discriminator.last.bias, 8.0)
    with torch.autocast("cpu", torch.bfloat16):
        score = discriminator(torch.zeros(1, 2))
    assert score.dtype == torch.float32 and score.item() == pytest.approx(0.999665, abs=1e-6)  # bfloat16: 1.0
    assert discriminator.double()(torch.zeros(1, 2, dtype=torch.float64)).dtype == torch.float64
