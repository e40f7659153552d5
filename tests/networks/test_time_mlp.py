import torch
from torch import nn

from honmono.networks.batch_norm import couples_samples
from honmono.networks.time_mlp import TimeMLP


def test_it_begins_at_0_with_its_parameters_and_no_coupling() -> None:
    network = TimeMLP(sample_shape=(2,), widths=(32, 16), condition=8)
    assert network(torch.randn(3, 2), torch.rand(3)).tolist() == [[0, 0]] * 3
    conditioning = 2 * (8 * 8 + 8)
    layers = (2 + 8) * 32 + 32 + 32 * 16 + 16 + 16 * 2 + 2
    assert sum(parameter.numel() for parameter in network.parameters()) == conditioning + layers
    assert not couples_samples(network)


def test_time_and_labels_matter_for_samples_of_any_shape() -> None:
    torch.manual_seed(0)
    network = TimeMLP(sample_shape=(1, 4, 5), num_classes=3)
    nn.init.normal_(network.last.weight)
    x, t, label = torch.randn(4, 1, 4, 5), torch.rand(4), torch.tensor([0, 1, 2, -1])
    value = network(x, t, label)
    assert value.shape == x.shape
    assert torch.equal(network(x, t, None)[3], value[3])
    for changed in (network(x, t / 2, label), network(x, t, (label + 1) % 3)):
        assert (changed - value).flatten(1).abs().amax(1).min() > 1e-4
