import pytest
import torch
from torch import nn

from honmono.networks.batch_norm import BiasedBatchNorm2d, Mode, couples_samples, sampling, set_mode


class MinibatchDeviation(nn.Module):
    couples_samples = True


@pytest.fixture
def module():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 4), nn.BatchNorm1d(4))
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    module(torch.randn(16, 3))  # moves the running statistics off their start
    return module


def buffers(module):
    return {name: value.clone() for name, value in module.named_buffers()}


def unchanged(module, before):
    return all(torch.equal(value, before[name]) for name, value in module.named_buffers())


def test_what_couples_samples(module):
    assert couples_samples(module) and not couples_samples(nn.Linear(2, 2))
    assert couples_samples(nn.Sequential(nn.Linear(2, 2), nn.Sequential(MinibatchDeviation())))


def test_train_moves_every_buffer_and_batch_none(module):
    x = torch.randn(16, 3)
    set_mode(module, "batch")
    before = buffers(module)
    torch.manual_seed(1)
    by_batch = module(x)
    assert unchanged(module, before)
    set_mode(module, "train")
    torch.manual_seed(1)
    assert torch.equal(module(x), by_batch)
    assert not any(torch.equal(value, before[name]) for name, value in module.named_buffers())
    assert module[1].num_batches_tracked == 2


def test_running_uses_the_statistics(module):
    set_mode(module, "running")
    before = buffers(module)
    x = torch.randn(5, 4)
    layer = module[1]
    expected = (x - layer.running_mean) / (layer.running_var + layer.eps).sqrt() * layer.weight + layer.bias
    assert torch.allclose(layer(x), expected, atol=1e-6) and unchanged(module, before)
    assert module[2].training  # nothing but batch norm is set


@pytest.mark.parametrize("mode", ["running", "batch", "identity"])
def test_sampling_changes_nothing_for_good(module, mode):
    set_mode(module, "batch")
    module[2].eval()
    before = buffers(module)
    flags = [(part.training, getattr(part, "track_running_stats", None)) for part in module.modules()]
    with sampling(module, mode):
        first, second = module(torch.ones(4, 3)), module(torch.ones(4, 3))
    assert torch.equal(first, second)  # dropout is off
    assert unchanged(module, before)
    assert flags == [(part.training, getattr(part, "track_running_stats", None)) for part in module.modules()]
    assert not module[1]._forward_hooks


def test_identity_skips_scale_and_offset_too(module):
    x = torch.randn(6, 3)
    with sampling(module, "identity"):
        assert torch.equal(module(x), module[3](module[0](x)))


def test_sampling_modes_differ(module):
    x, outputs = torch.randn(6, 3), {}
    for mode in ("running", "batch", "identity"):
        with sampling(module, mode):
            outputs[mode] = module(x)
    assert not torch.allclose(outputs["running"], outputs["batch"])
    assert not torch.allclose(outputs["batch"], outputs["identity"])


def test_an_error_while_sampling_leaves_no_hook(module):
    with pytest.raises(RuntimeError), sampling(module, "identity"):
        module(torch.ones(2, 99))
    assert module.training and not module[1]._forward_hooks


def test_a_layer_without_running_statistics_keeps_having_none():
    layer = nn.BatchNorm1d(2, track_running_stats=False)
    x = torch.randn(8, 2)
    outputs = []
    for mode in ("train", "batch", "running"):
        set_mode(layer, mode)
        assert not layer.track_running_stats
        outputs.append(layer(x))
    assert torch.equal(outputs[0], outputs[1]) and torch.allclose(outputs[1], outputs[2])


@pytest.mark.parametrize("mode", ["train", "batch", "running"])
def test_the_biased_layer_is_torch_s_but_for_its_running_variance(mode: Mode) -> None:
    torch.manual_seed(0)
    ours, torchs = BiasedBatchNorm2d(3).double(), nn.BatchNorm2d(3).double()
    batches = torch.randn(2, 4, 3, 2, 2, dtype=torch.float64) * 3 + 1
    variance = torch.ones(3, dtype=torch.float64)
    gradients = []
    for layer in (ours, torchs):
        set_mode(layer, mode)
        outputs = torch.stack([layer(batch) for batch in batches])
        gradients.append(torch.autograd.grad(outputs.square().sum(), layer.weight)[0])
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=0)
    for batch in batches:
        variance = 0.9 * variance + 0.1 * batch.var((0, 2, 3), correction=0)
    mean, moved, counted = ours.buffers()
    if mode == "train":
        torch.testing.assert_close(moved, variance, rtol=1e-12, atol=0)
        assert torch.equal(mean, next(torchs.buffers())) and counted == 2
    else:
        assert torch.equal(moved, torch.ones(3)) and counted == 0


def test_the_biased_layer_samples_in_every_mode() -> None:
    torch.manual_seed(0)
    layer = BiasedBatchNorm2d(2)
    x = torch.randn(4, 2, 3, 3)
    layer(x)
    with sampling(layer, "running"):
        running = layer(x)
    with sampling(layer, "identity"):
        assert torch.equal(layer(x), x)
    mean, variance = (one.view(-1, 1, 1) for one in (*layer.buffers(),)[:2])
    expected = (x - mean) / (variance + 1e-5).sqrt()
    torch.testing.assert_close(running, expected)
