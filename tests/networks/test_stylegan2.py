"""StyleGAN2's networks against their definitions, written out; parameters against the authors' models."""

from math import sqrt

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.networks.stylegan2 import (
    NOISES,
    ModulatedConv2d,
    ResidualHalving,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from honmono.recipe.build import count_parameters


def generator(classes: int = 0, size: int = 28, **words: int | float) -> StyleGAN2Generator:
    torch.manual_seed(0)
    shape = (1, size, size)
    made = StyleGAN2Generator(
        latent_dim=6, sample_shape=shape, num_classes=classes, width=4, max_width=8, style=5, mapping=2, **words
    )
    for layer in made.layers:
        torch.nn.init.constant_(layer.strength, 0.5)  # type: ignore[arg-type]
    return made


def test_parameters_of_the_authors_models_at_1024_pixels() -> None:
    """What the authors' code in PyTorch prints for FFHQ: 30,370,060 and 29,012,513."""
    with torch.device("meta"):
        made = StyleGAN2Generator(latent_dim=512, sample_shape=(3, 1024, 1024))
        discriminator = StyleGAN2Discriminator(sample_shape=(3, 1024, 1024))
    assert (count_parameters(made), count_parameters(discriminator)) == (30_370_060, 29_012_513)
    assert made.num_styles == 18


@pytest.mark.parametrize("doubled", [False, True])
def test_modulation_scales_weights_sample_by_sample(doubled: bool) -> None:
    """Equations 1 and 3 by weights of each sample's own, as in the authors' code."""
    torch.manual_seed(0)
    layer = ModulatedConv2d(5, 3, 4, 3, doubled=doubled).double()
    x, style = torch.randn(2, 3, 6, 6, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    scales = style @ layer.affine.weight.T / sqrt(5) + 1
    for one, scale, made in zip(x, scales, layer(x, style), strict=True):
        weight = layer.weight / sqrt(27) * scale[:, None, None]
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        torch.testing.assert_close(
            made[None], _doubled(one, weight) if doubled else conv2d(one[None], weight, padding=1)
        )


def _doubled(x: Tensor, weight: Tensor) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype)
    blur = (taps[:, None] * taps / 16).expand(weight.shape[0], 1, 4, 4)
    return conv2d(conv_transpose2d(x[None], weight.transpose(0, 1), stride=2), blur, padding=1, groups=len(weight))


def test_colours_are_modulated_but_not_demodulated() -> None:
    torch.manual_seed(0)
    layer = ModulatedConv2d(5, 3, 1, 1, demodulated=False)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(layer(x, torch.zeros(2, 5)), conv2d(x, layer.weight / sqrt(3)))
    assert not torch.allclose(layer(x, torch.ones(2, 5)), layer(x, torch.zeros(2, 5)))


def test_a_residual_block_keeps_the_variance_and_halves_the_size() -> None:
    torch.manual_seed(0)
    block, x = ResidualHalving(16, 32), torch.randn(8, 16, 32, 32)
    x = torch.nn.functional.avg_pool2d(x, 3, 1, 1) * 3  # smooth, as feature maps are
    made = block(x)
    assert made.shape == (8, 32, 16, 16) and 0.3 < made.std() / x.std() < 1.5


def test_mapping_layers_learn_at_a_hundredth_of_the_rate() -> None:
    made = generator()
    first = made.mapping[0]
    assert first.weight.std().item() == pytest.approx(100, rel=0.3) and first.scale == 0.01 / sqrt(6)  # type: ignore
    torch.nn.init.constant_(first.bias, 100.0)  # type: ignore[arg-type]
    torch.testing.assert_close(first(torch.zeros(1, 6)), torch.ones(1, 5))


def test_latents_are_normalised() -> None:
    made, latent = generator().eval(), torch.randn(3, 6)
    torch.testing.assert_close(made(latent), made(7 * latent))


def test_a_latent_has_one_picture_and_noise_is_new_in_training() -> None:
    made, latent = generator(mixing=0).eval(), torch.randn(3, 6)
    assert made(latent).shape == (3, 1, 28, 28) and torch.equal(made(latent), made(latent))
    made.train()
    assert not torch.allclose(made(latent), made(latent))
    for layer in made.layers:
        torch.nn.init.zeros_(layer.strength)  # type: ignore[arg-type]
    assert torch.equal(made(latent), made(latent))


def test_the_noise_of_samples_is_normal_and_each_latent_s_own() -> None:
    torch.manual_seed(1)
    made = generator().eval()
    layer, coefficients = made.layers[4], made.styles(torch.randn(200, 6))[:, 4, -NOISES:]
    for part in (layer.conv.weight, layer.bias):  # type: ignore[union-attr]
        torch.nn.init.zeros_(part)  # type: ignore[arg-type]
    noise = layer(torch.zeros(200, 4, 28, 28), torch.zeros(200, 5), coefficients)[:, 0] / sqrt(2) / 0.5
    noise = torch.where(noise < 0, noise / 0.2, noise)
    assert abs(noise.mean()) < 0.05 and abs(noise.std() - 1) < 0.05
    correlations = torch.corrcoef(noise.flatten(1)).fill_diagonal_(0)
    assert correlations.abs().mean() < 0.5 and abs(correlations.mean()) < 0.05  # one noise for all: 1


def test_mixed_styles_begin_as_the_latent_s_own_and_end_as_others() -> None:
    made, latent = generator(mixing=1).train(), torch.randn(3, 6)
    assert made.num_styles == 6
    starts = set()
    for _ in range(40):
        styles = made.styles(latent)
        own = torch.tensor([torch.equal(styles[:, place], styles[:, 0]) for place in range(6)])
        start = int(own.sum())
        starts.add(start)
        assert own[:start].all() and torch.equal(styles[:, -1], styles[:, start])
    assert starts == {1, 2, 3, 4, 5}
    made.eval()
    assert torch.equal(made.styles(latent), made.styles(latent)[:, :1].expand(-1, 6, -1))


def test_half_of_batches_are_mixed_where_mixing_is_a_half() -> None:
    made, latent = generator(mixing=0.5).train(), torch.randn(2, 6)
    mixed = sum(not torch.equal(styles[:, 0], styles[:, -1]) for styles in (made.styles(latent) for _ in range(400)))
    assert 160 < mixed < 240


def test_each_style_matters() -> None:
    made = generator().eval()
    styles, others = made.styles(torch.randn(16, 6)), made.styles(torch.randn(16, 6))
    before = made.pictures(styles)
    moved = []
    for place in range(made.num_styles):
        changed = styles.clone()
        changed[:, place] = others[:, place]
        moved.append((made.pictures(changed) - before).square().mean().item())
    assert min(moved) > 0


def test_labels_change_pictures_and_scores() -> None:
    made, latent = generator(classes=3).eval(), torch.randn(2, 6)
    pictures = made(latent, torch.tensor([0, 1]))
    assert not torch.allclose(pictures, made(latent, torch.tensor([2, 1]))[:1].expand(2, -1, -1, -1))
    torch.manual_seed(0)
    discriminator = StyleGAN2Discriminator(sample_shape=(1, 28, 28), num_classes=3, width=4, max_width=8, group=0)
    zero, one = (discriminator(pictures, torch.full((2,), label)) for label in (0, 1))
    assert zero.shape == (2,) and not torch.allclose(zero, one)
    torch.nn.init.zeros_(discriminator.embedding.weight)  # type: ignore[union-attr]
    torch.testing.assert_close(
        discriminator(pictures, torch.tensor([0, 1])), discriminator(pictures, torch.tensor([1, 0]))
    )


def test_the_discriminator_couples_samples_by_the_minibatch_deviation_alone() -> None:
    shape = (3, 16, 16)
    with_group, without = (StyleGAN2Discriminator(sample_shape=shape, width=4, max_width=8, group=g) for g in (4, 0))
    assert couples_samples(with_group) and not couples_samples(without)
    x = torch.randn(4, *shape)
    torch.testing.assert_close(without(x)[:2], without(x[:2]))


def test_rectangles_and_refused_sizes() -> None:
    made = StyleGAN2Generator(latent_dim=4, sample_shape=(3, 16, 24), width=2, style=4, mapping=1)
    assert made(torch.randn(2, 4)).shape == (2, 3, 16, 24)
    with pytest.raises(Refused, match="StyleGAN2"):
        StyleGAN2Generator(latent_dim=4, sample_shape=(3, 30, 30))
