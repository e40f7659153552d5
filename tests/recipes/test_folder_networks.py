import pytest
import torch

from honmono.errors import Refused
from honmono.networks.batch_norm import couples_samples
from honmono.recipes.folder import ResidualBlock, ResidualDiscriminator, ResidualGenerator, _moved


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def block(width: int) -> int:
    """Parameters of a residual block: 1x1 to half as many channels, 3x3, 1x1 back, with biases."""
    half = width // 2
    return 2 * width * half + 9 * half**2 + 2 * half + width


def test_parameters_at_32_pixels_in_colour() -> None:
    generator = ResidualGenerator(latent_dim=128, sample_shape=(3, 32, 32), num_classes=10)
    chain = 16 * (128 * 64 + 64 * 32 + 32 * 3) + 64 + 32 + 3
    norms = 2 * (128 + 64 + 32) + 2 * (128 + 64)  # before the chain's convolutions, and before the branches
    assert count(generator) == 10 * 128 + 256 * 2048 + block(128) + block(64) + chain + norms
    discriminator = ResidualDiscriminator(sample_shape=(3, 32, 32), num_classes=10)
    chain = 16 * (3 * 32 + 32 * 64 + 64 * 128) + 32 + 64 + 128
    assert count(discriminator) == chain + block(64) + block(128) + 2049 + 10 * 128


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (28, 3), (48, 2), (64, 3), (256, 3)])
def test_any_size_that_doubles_and_any_channels(size: int, channels: int) -> None:
    shape = (channels, size, size)
    generator = ResidualGenerator(latent_dim=3, sample_shape=shape, width=4, max_width=8)
    fake = generator(torch.randn(2, 3))
    assert fake.shape == (2, *shape) and fake.abs().max() <= 1
    assert ResidualDiscriminator(sample_shape=shape, width=4, max_width=8)(fake).shape == (2,)


def test_blocks_stand_everywhere_but_next_to_the_picture() -> None:
    discriminator = ResidualDiscriminator(sample_shape=(3, 64, 64), width=4, blocks=2)
    assert [len(level) for level in discriminator.blocks] == [0, 2, 2, 2]  # type: ignore[arg-type]
    generator = ResidualGenerator(latent_dim=3, sample_shape=(3, 64, 64), width=4, blocks=2)
    assert [len(level) for level in generator.blocks] == [2, 2, 2, 0]  # type: ignore[arg-type]
    smallest = ResidualDiscriminator(sample_shape=(1, 8, 8), width=4)
    assert [len(level) for level in smallest.blocks] == [1]  # type: ignore[arg-type]


def test_a_block_s_branch_by_hand() -> None:
    layer, x = ResidualBlock(2), torch.tensor([3.0, -4.0]).view(1, 2, 1, 1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.reduce.weight.copy_(torch.tensor([1.0, 1.0]).view(1, 2, 1, 1))
        layer.change.weight[0, 0, 1, 1] = 2.0  # the middle of the 3x3
        layer.expand.weight.copy_(torch.tensor([1.0, 10.0]).view(2, 1, 1, 1))
    branch = 2 * (3.0 - 0.2 * 4.0)
    torch.testing.assert_close(layer(x).flatten(), torch.tensor([3 + branch, -4 + 10 * branch]))


def test_at_first_a_block_is_the_identity_and_weights_are_dcgan_s() -> None:
    torch.manual_seed(0)
    generator = ResidualGenerator(latent_dim=128, sample_shape=(3, 64, 64))
    discriminator = ResidualDiscriminator(sample_shape=(3, 64, 64))
    x = torch.randn(4, 128, 8, 8)
    for network in (generator, discriminator):
        blocks = [part for part in network.modules() if isinstance(part, ResidualBlock)]
        assert len(blocks) == 3 and all(block.expand.weight.abs().max() == 0 for block in blocks)
        assert all(torch.equal(block(x), x) for block in blocks if block.reduce.in_channels == 128)
        assert blocks[0].change.weight.std().item() > 0.02
    assert generator.project.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert discriminator.shrink[2].weight.std().item() == pytest.approx(0.02, rel=0.02)  # type: ignore[union-attr]


def test_labels_and_projection() -> None:
    torch.manual_seed(0)
    generator = ResidualGenerator(latent_dim=3, sample_shape=(1, 8, 8), num_classes=4, width=4)
    latent = torch.randn(1, 3).expand(4, -1)
    assert generator.embedding is not None
    fake = generator(latent, torch.arange(4))
    torch.testing.assert_close(fake[0], fake[1])  # at first the latent decides alone
    torch.nn.init.normal_(generator.embedding.weight)
    fake = generator(latent, torch.arange(4))
    assert (fake[0] - fake[1]).abs().max() > 1e-3
    discriminator = ResidualDiscriminator(sample_shape=(1, 8, 8), num_classes=4, width=4)
    assert discriminator.embedding is not None
    plain = discriminator(fake, torch.zeros(4, dtype=torch.int64))
    with torch.no_grad():
        discriminator.embedding.weight[0].zero_()
    bare = discriminator(fake, torch.zeros(4, dtype=torch.int64))
    assert not torch.equal(plain, bare)
    with pytest.raises(AssertionError, match="needs labels"):
        generator(latent)


def test_each_class_moves_the_batch_norms_by_its_own_numbers() -> None:
    torch.manual_seed(0)
    generator = ResidualGenerator(latent_dim=3, sample_shape=(1, 16, 16), num_classes=4, width=4, labels="norm").eval()
    assert generator.embedding is None and [tuple(one.shape) for one in generator.moves.parameters()] == [
        (4, 2 * 8),
        (4, 2 * 4),
    ]
    latent, label = torch.randn(1, 3).expand(2, -1), torch.tensor([0, 3])
    first, other = generator(latent, label)
    assert (first - other).abs().max() > 1e-3
    with torch.no_grad():
        for one in generator.moves.parameters():
            one[3] = one[0]
    torch.testing.assert_close(generator(latent, label)[1], first)
    with torch.no_grad():  # a class without moves is drawn by what all share
        for one in generator.moves.parameters():
            one.zero_()
    shared = ResidualGenerator(latent_dim=3, sample_shape=(1, 16, 16), width=4, labels="norm").eval()
    shared.load_state_dict(generator.state_dict(), strict=False)
    torch.testing.assert_close(generator(latent, label)[0], shared(latent)[0])
    with pytest.raises(AssertionError, match="needs labels"):
        generator(latent)


def test_a_move_by_hand() -> None:
    x = torch.tensor([1.0, -2.0]).view(1, 2, 1, 1)
    moved = _moved(x, torch.tensor([[0.5, -1.0, 10.0, 20.0]]))
    assert moved.flatten().tolist() == [1.0 * 1.5 + 10.0, -2.0 * 0.0 + 20.0]


def test_a_projection_of_the_whole_grid_sees_where_something_is() -> None:
    torch.manual_seed(0)
    discriminator = ResidualDiscriminator(sample_shape=(1, 8, 8), num_classes=2, width=4, projection="grid")
    assert discriminator.embedding is not None and discriminator.embedding.weight.shape == (2, 4 * 4 * 4)
    sample, label = torch.randn(3, 1, 8, 8), torch.tensor([0, 1, 1])
    plain = discriminator(sample, label)
    with torch.no_grad():
        discriminator.embedding.weight[1].zero_()
    bare = discriminator(sample, label)
    assert plain[0] == bare[0] and not torch.equal(plain[1:], bare[1:])


def test_nothing_couples_the_discriminator_s_samples_and_other_sizes_are_refused() -> None:
    assert couples_samples(ResidualGenerator(latent_dim=3, sample_shape=(3, 16, 16), width=4))
    assert not couples_samples(ResidualDiscriminator(sample_shape=(3, 16, 16), width=4))
    with pytest.raises(Refused, match=r"the residual network .* 37x37: use"):
        ResidualDiscriminator(sample_shape=(3, 37, 37))
