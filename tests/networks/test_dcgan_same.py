import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.dcgan_same import SameDCGANDiscriminator, SameDCGANGenerator
from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d


def test_parameters_and_sides_of_the_port_on_28_pixels():
    generator = SameDCGANGenerator(latent_dim=100, sample_shape=(3, 28, 28))
    discriminator = SameDCGANDiscriminator(sample_shape=(3, 28, 28))
    upwards = (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) * 25 + (256 + 128 + 64 + 3)
    norms = 2 * (512 + 256 + 128 + 64)
    assert sum(p.numel() for p in generator.parameters()) == 100 * 2048 + 2048 + upwards + norms
    downwards = (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) * 25 + (64 + 128 + 256 + 512)
    norms = 2 * (128 + 256 + 512)
    assert sum(p.numel() for p in discriminator.parameters()) == downwards + norms + 2048 + 1
    assert [layer.size for layer in generator.grow if isinstance(layer, SameConvTranspose2d)] == [4, 7, 14, 28]
    fake = generator(torch.randn(2, 100))
    assert fake.shape == (2, 3, 28, 28) and fake.abs().max() <= 1 and discriminator(fake).shape == (2,)


def test_weights_begin_as_the_ports():
    networks = (
        SameDCGANGenerator(latent_dim=100, sample_shape=(3, 28, 28)),
        SameDCGANDiscriminator(sample_shape=(6, 28, 28)),
    )
    for network, kind in zip(networks, (SameConvTranspose2d, SameConv2d), strict=True):
        layers = [part for part in network.modules() if isinstance(part, kind | nn.Linear)]
        assert all(layer.bias is not None and layer.bias.abs().max() == 0 for layer in layers)
        weights = torch.cat([layer.weight.flatten() for layer in layers if isinstance(layer, kind)])
        cut = kind is SameConv2d  # truncated at two deviations, which leaves 0.88 of them
        assert weights.std().item() == pytest.approx(0.0176 if cut else 0.02, rel=0.01)
        assert (weights.abs().max().item() <= 0.04) == cut


@pytest.mark.parametrize(("size", "levels"), [(28, 2), (32, 4), (8, 4), (37, 3)])
def test_any_square_will_do(size: int, levels: int):
    generator = SameDCGANGenerator(latent_dim=3, sample_shape=(1, size, size), width=4, levels=levels)
    discriminator = SameDCGANDiscriminator(sample_shape=(2, size, size), width=4, levels=levels)
    fake = generator(torch.randn(4, 3))
    assert fake.shape == (4, 1, size, size) and discriminator(fake.view(2, 2, size, size)).shape == (2,)


def test_batch_norm_is_a_switch_and_labels_are_refused():
    assert couples_samples(SameDCGANDiscriminator(sample_shape=(1, 8, 8), width=4))
    assert not couples_samples(SameDCGANDiscriminator(sample_shape=(1, 8, 8), width=4, batch_norm=False))
    with pytest.raises(Refused, match="takes no labels"):
        SameDCGANGenerator(latent_dim=3, sample_shape=(1, 8, 8), num_classes=2)
    with pytest.raises(Refused, match="levels is 0"):
        SameDCGANDiscriminator(sample_shape=(1, 8, 8), levels=0)
