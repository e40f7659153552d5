import pytest
import torch

from honmono.errors import Refused
from honmono.networks.maxout import Maxout, MaxoutDiscriminator


def test_a_unit_is_the_largest_of_its_pieces():
    layer = Maxout(1, 2, 3)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [0], [-1], [2], [0], [-3]]))  # pieces of units a, b in turn
        layer.linear.bias.copy_(torch.tensor([0.0, 0, 0, 0, 0.5, 1]))
    # a: max(x, -x, 0.5); b: max(0, 2x, 1 - 3x)
    assert layer(torch.tensor([[2.0], [0.0], [-1.0]])).tolist() == [[2, 4], [0.5, 1], [1, 4]]


def test_a_unit_without_pieces_is_refused():
    with pytest.raises(Refused, match="pieces is 0"):
        Maxout(2, 3, 0)


def test_pacgans_discriminator_of_pairs_and_its_beginning():
    discriminator = MaxoutDiscriminator(sample_shape=(4,), weight_std=0.02)
    parameters = (4 * 1000 + 1000) + 2 * (200 * 1000 + 1000) + (200 + 1)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == parameters
    assert discriminator.hidden[1].linear.weight.std().item() == pytest.approx(0.02, rel=0.01)  # type: ignore[union-attr]
    assert discriminator(torch.randn(3, 4)).shape == (3,)
    conditional = MaxoutDiscriminator(sample_shape=(1, 4, 4), num_classes=2, widths=(8,), pieces=2)
    sample, labels = torch.randn(2, 1, 4, 4), torch.tensor([0, 1])
    assert (conditional(sample, labels) != conditional(sample, 1 - labels)).all()


def test_realnessgans_discriminator_of_points():
    discriminator = MaxoutDiscriminator(sample_shape=(2,), outcomes=5)
    assert discriminator(torch.randn(3, 2)).shape == (3, 5)
    parameters = (2 * 1000 + 1000) + 2 * (200 * 1000 + 1000) + (200 * 5 + 5)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == parameters
    assert MaxoutDiscriminator(sample_shape=(2,), outcomes=1)(torch.randn(3, 2)).shape == (3, 1)
