import pytest
import torch
from torch import nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.dcgan_same import Padding, SameDCGANDiscriminator, SameDCGANGenerator
from honmono.networks.label_maps import LabelMapsConv2d
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


def test_batch_norm_is_a_switch():
    assert couples_samples(SameDCGANDiscriminator(sample_shape=(1, 8, 8), width=4))
    assert not couples_samples(SameDCGANDiscriminator(sample_shape=(1, 8, 8), width=4, batch_norm=False))
    plain = {"sample_shape": (1, 8, 8), "width": 4, "levels": 2}
    for first, count in ((False, 1), (True, 2)):
        discriminator = SameDCGANDiscriminator(**plain, first_batch_norm=first)
        assert sum(isinstance(part, nn.BatchNorm2d) for part in discriminator.modules()) == count
    for projection, count in ((True, 2), (False, 1)):
        generator = SameDCGANGenerator(latent_dim=3, **plain, project_batch_norm=projection)
        assert sum(isinstance(part, nn.BatchNorm2d) for part in generator.modules()) == count


def test_labels_enter_one_hot_behind_the_latent_and_as_maps_behind_the_colours():
    generator = SameDCGANGenerator(latent_dim=3, sample_shape=(1, 8, 8), num_classes=5, width=4, levels=2)
    discriminator = SameDCGANDiscriminator(sample_shape=(1, 8, 8), num_classes=5, width=4, levels=2)
    assert generator.project.in_features == 3 + 5
    assert isinstance(first := discriminator.shrink[0], LabelMapsConv2d) and first.weight.shape[1] == 1 + 5
    latent, picture = torch.randn(1, 3).expand(2, -1), torch.randn(1, 1, 8, 8).expand(2, -1, -1, -1)
    fakes = generator.eval()(latent, torch.tensor([0, 4]))
    scores = discriminator.eval()(picture, torch.tensor([0, 4]))
    assert not torch.allclose(fakes[0], fakes[1]) and not torch.allclose(scores[0], scores[1])


def test_without_padding_pictures_must_be_large_enough():
    discriminator = SameDCGANDiscriminator(sample_shape=(3, 61, 61), width=4, padding="valid")
    assert discriminator(torch.randn(2, 3, 61, 61)).shape == (2,) and discriminator.score.in_features == 32
    with pytest.raises(Refused, match="--size 61"):
        SameDCGANDiscriminator(sample_shape=(3, 60, 60), width=4, padding="valid")
    with pytest.raises(Refused, match="levels is 0"):
        SameDCGANDiscriminator(sample_shape=(1, 8, 8), levels=0)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_xavier_weights_lie_within_their_bounds_and_fill_them(padding: Padding):
    generator = SameDCGANGenerator(latent_dim=20, sample_shape=(3, 32, 32), width=8, levels=2, xavier=True)
    discriminator = SameDCGANDiscriminator(sample_shape=(3, 32, 32), width=8, levels=2, padding=padding, xavier=True)
    parts = [*generator.modules(), *discriminator.modules()]
    layers = [
        part
        for part in parts
        if isinstance(part, nn.Linear | nn.Conv2d | SameConv2d | LabelMapsConv2d | SameConvTranspose2d)
    ]
    assert len(layers) == 6
    for layer in layers:
        weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
        field = weight[0, 0].numel() if weight.dim() == 4 else 1
        bound = (6 / ((weight.shape[0] + weight.shape[1]) * field)) ** 0.5
        assert bias.abs().max() == 0 and 0.95 * bound < weight.abs().max() <= bound


def test_the_paper_s_64_pixels():
    """4x4x1024, then 512, 256, 128 channels, twice the side each time, to 64x64x3."""
    generator = SameDCGANGenerator(latent_dim=100, sample_shape=(3, 64, 64), width=128)
    shapes, x = [], generator.project(torch.randn(2, 100)).unflatten(1, generator.base_shape)
    for part in generator.grow:
        shapes += [tuple(x.shape[1:])] if isinstance(part, SameConvTranspose2d) else []
        x = part(x)
    assert shapes == [(1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32)] and x.shape == (2, 3, 64, 64)


def test_weights_begin_normal_where_nothing_is_cut_off():
    torch.manual_seed(0)
    discriminator = SameDCGANDiscriminator(sample_shape=(3, 64, 64), width=32, truncated=False)
    weight = dict(discriminator.named_parameters())["shrink.2.weight"]
    assert weight.std().item() == pytest.approx(0.02, rel=0.02) and weight.abs().max().item() > 0.06
