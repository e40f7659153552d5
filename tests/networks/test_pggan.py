"""Facts of PGGAN's networks, from the authors' code, and the identities that growing without a jump rests on."""

from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.growing import enlarged, halved
from honmono.networks.pggan import (
    PGGANDiscriminator,
    PGGANGenerator,
    minibatch_stddev,
    pixel_norm,
)
from honmono.recipe.build import count_parameters


Pair = tuple[PGGANGenerator, PGGANDiscriminator]


def pair(channels: int = 1, size: int = 32, latent: int = 8, features: int = 8192, max_width: int = 512) -> Pair:
    torch.manual_seed(0)
    shape = (channels, size, size)
    generator = PGGANGenerator(latent_dim=latent, sample_shape=shape, features=features, max_width=max_width)
    return generator, PGGANDiscriminator(sample_shape=shape, features=features, max_width=max_width)


def weight(layer: nn.Module) -> Tensor:
    assert isinstance(layer.weight, Tensor)
    return layer.weight


def roughen(network: torch.nn.Module) -> None:
    """Biases begin at 0: a test that they are used needs others."""
    for parameter in network.parameters():
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter)


@pytest.mark.parametrize(
    ("channels", "latent", "words", "counts"),
    [
        (1, 512, {}, (20_715_524, 20_722_689)),
        (3, 128, {"features": 4096, "max_width": 128}, (1_296_908, 1_298_689)),
    ],
)
def test_parameters_at_32_pixels(channels: int, latent: int, words: dict, counts: tuple[int, int]) -> None:
    generator, discriminator = pair(channels, latent=latent, **words)
    assert (count_parameters(generator), count_parameters(discriminator)) == counts


def test_channels_halve_beyond_32_pixels() -> None:
    with torch.device("meta"):
        generator = PGGANGenerator(latent_dim=512, sample_shape=(3, 1024, 1024))
        discriminator = PGGANDiscriminator(sample_shape=(3, 1024, 1024))
    channels = [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert [weight(layer).shape[1] for layer in generator.to_colours] == channels
    assert [weight(layer).shape[0] for layer in discriminator.from_colours] == channels
    assert generator.sizes == discriminator.sizes == (4, 8, 16, 32, 64, 128, 256, 512, 1024)


def test_the_layers_of_each_stage_and_their_gains() -> None:
    """The second convolution widens in D; sqrt(2) for what is rectified, 1 for colours and score, sqrt(2)/4 first."""
    generator, discriminator = pair(channels=3, size=64, latent=512)
    of_g, of_d = (
        [[tuple(weight(layer).shape) for layer in block] for block in network.blocks]  # type: ignore[union-attr]
        for network in (generator, discriminator)
    )
    wide = (512, 512, 3, 3)
    assert of_g == [[wide], *[[wide, wide]] * 3, [(256, 512, 3, 3), (256, 256, 3, 3)]]
    assert of_d == [[(512, 513, 3, 3)], *[[wide, wide]] * 3, [(256, 256, 3, 3), (512, 256, 3, 3)]]
    assert weight(discriminator.dense).shape == (512, 512 * 16) and weight(discriminator.score).shape == (1, 512)
    assert generator.project.scale == sqrt(2) / 4 / sqrt(512) and generator.to_colours[1].scale == 1 / sqrt(512)
    assert generator.blocks[0][0].scale == discriminator.blocks[1][0].scale == sqrt(2) / sqrt(9 * 512)  # type: ignore[index]
    assert discriminator.from_colours[1].scale == sqrt(2) / sqrt(3) and discriminator.score.scale == 1 / sqrt(512)
    assert discriminator.dense.scale == sqrt(2) / sqrt(512 * 16)


def test_pixel_norm_leaves_a_mean_square_of_1() -> None:
    assert pixel_norm(torch.tensor([[3.0, 4.0]])).tolist() == [pytest.approx([3 / sqrt(12.5), 4 / sqrt(12.5)])]
    x = pixel_norm(torch.randn(2, 7, 3, 3) * 5)
    torch.testing.assert_close(x.square().mean(1), torch.ones(2, 3, 3))
    assert not pixel_norm(torch.zeros(1, 4)).any()  # the 1e-8 below the root


def test_groups_of_the_minibatch_deviation_are_strided() -> None:
    """Samples 0, 2, 4, 6 are one group, 1, 3, 5, 7 the other: values 0..3 have a biased variance of 1.25."""
    x = torch.tensor([0.0, 5, 1, 5, 2, 5, 3, 5]).view(8, 1, 1, 1).expand(8, 2, 4, 4)
    shown = minibatch_stddev(x, 4)
    assert shown.shape == (8, 1, 4, 4)
    expected = torch.tensor([sqrt(1.25), 1e-4] * 4)
    torch.testing.assert_close(shown[:, 0, 0, 0], expected)
    torch.testing.assert_close(shown, expected.view(8, 1, 1, 1).expand_as(shown))


@pytest.mark.parametrize(("batch", "size"), [(1, 1), (3, 3), (6, 3), (7, 1), (8, 4)])
def test_groups_are_the_most_that_divide_the_batch(batch: int, size: int) -> None:
    x = torch.randn(batch, 3, 2, 2, dtype=torch.float64)
    groups = x.reshape(size, batch // size, 3, 2, 2)
    expected = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3)).repeat(size)
    torch.testing.assert_close(minibatch_stddev(x, 4)[:, 0, 1, 0], expected)


def test_only_the_minibatch_deviation_couples_samples() -> None:
    generator, discriminator = pair(features=16)
    assert couples_samples(discriminator) and not couples_samples(generator)
    alone = PGGANDiscriminator(sample_shape=(1, 32, 32), features=16, group=0)
    sample = torch.randn(4, 1, 32, 32)
    assert not couples_samples(alone)
    torch.testing.assert_close(alone(sample)[:2], alone(sample[:2]))
    assert not torch.allclose(discriminator(sample)[:2], discriminator(sample[:2]))


@pytest.mark.parametrize("stage", [1, 2, 3])
@torch.no_grad()
def test_a_stage_at_full_alpha_is_the_next_one_at_alpha_0(stage: int) -> None:
    generator, discriminator = pair(channels=5, features=32)
    roughen(generator)
    roughen(discriminator)
    latent, side = torch.randn(4, 8), generator.sizes[stage]
    sample = torch.randn(4, 5, side, side)
    found = []
    for stand in ((stage - 1, 1.0), (stage, 0.0)):
        for network in (generator, discriminator):
            network.set_stage(*stand)
        found.append((generator(latent), discriminator(sample if stand[1] == 0 else halved(sample))))
    (old, old_score), (new, new_score) = found
    assert old.shape == (4, 5, side // 2, side // 2)
    assert torch.equal(enlarged(old, side), new)
    assert torch.equal(old_score, new_score)


@torch.no_grad()
def test_fading_mixes_old_and_new_by_alpha() -> None:
    generator, _ = pair(features=32)
    latent, made = torch.randn(2, 8), {}
    for alpha in (0.0, 0.3, 1.0):
        generator.set_stage(2, alpha)
        made[alpha] = generator(latent)
    torch.testing.assert_close(made[0.3], 0.7 * made[0.0] + 0.3 * made[1.0])


@torch.no_grad()
def test_samples_of_a_young_stage_have_the_full_size() -> None:
    generator, _ = pair(features=16)
    generator.set_stage(1, 1.0)
    latent = torch.randn(2, 8)
    young = generator(latent)
    assert young.shape == (2, 1, 8, 8)
    assert torch.equal(generator.eval()(latent), enlarged(young, 32))


def test_stages_not_yet_reached_get_no_gradient() -> None:
    generator, discriminator = pair(features=16)
    for network in (generator, discriminator):
        network.set_stage(1, 0.5)
    discriminator(generator(torch.randn(4, 8))).sum().backward()
    for network, ends in ((generator, "to_colours"), (discriminator, "from_colours")):
        moved = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
        waiting = {name for name, _ in network.named_parameters()} - moved
        unborn = tuple(f"{part}.{stage}." for part in (ends, "blocks") for stage in (2, 3))
        assert waiting and all(name.startswith(unborn) for name in waiting)
        assert not any(name.startswith(unborn) for name in moved)


@torch.no_grad()
def test_latents_are_normalised_and_pictures_are_not_squashed() -> None:
    generator, _ = pair(features=16)
    latent = torch.randn(2, 8)
    torch.testing.assert_close(generator(latent), generator(7 * latent), rtol=0, atol=1e-3)
    torch.nn.init.constant_(generator.to_colours[3].bias, 40.0)  # type: ignore[union-attr]
    assert generator(latent).min() > 10


def test_sizes_other_than_powers_of_two() -> None:
    generator, discriminator = pair(channels=2, size=28, features=16)
    assert generator.sizes == discriminator.sizes == (7, 14, 28)
    assert discriminator(generator(torch.randn(4, 8))).shape == (4,)
    with pytest.raises(Refused, match="PGGAN .* 30x30: .* --size 28"):
        pair(size=30)
    with pytest.raises(Refused, match="PGGAN .*labels: use --set conditional=false"):
        PGGANDiscriminator(sample_shape=(1, 8, 8), num_classes=3)
