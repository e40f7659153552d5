from functools import partial

import pytest
import torch
from torch import nn

from honmono.devices import choose
from honmono.training.engine import RECOMPILE_LIMIT, Engine


def engine(precision: str = "fp32", compile: str = "off", rank: int = 0, processes: int = 1) -> Engine:
    made = Engine(choose("cpu", precision, compile))
    made.rank, made.processes = rank, processes
    return made


@pytest.mark.parametrize("size", [1, 2, 3, 8, 17, 64])
@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_parts_cover_a_batch_once_and_weigh_what_they_hold(size: int, processes: int) -> None:
    group = [engine(rank=rank, processes=processes) for rank in range(processes)]
    parts = [(list(range(size))[one.part(size)], one.weight(size)) for one in group]
    assert all(rows for rows, _ in parts)  # a process without rows borrows one, so that it can keep in step
    assert [row for rows, weight in parts if weight for row in rows] == list(range(size))
    assert all(weight in (0, len(rows) / size) for rows, weight in parts)
    assert sum(weight for _, weight in parts) == pytest.approx(1)


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor always computes with them")
def test_numbers_next_to_zero_are_zero() -> None:
    torch.set_flush_denormal(False)  # whatever engines were made before
    small = torch.tensor([2e-38])
    assert (small * 0.1).item() > 0
    engine()
    assert (small * 0.1).item() == 0


@pytest.mark.parametrize(
    ("precision", "held", "answered"),
    [
        ("fp32", torch.float32, torch.float32),
        ("bf16", torch.float32, torch.float32),
        ("fp64", torch.float64, torch.float64),
    ],
)
def test_weights_are_held_and_outputs_answered_in_full_precision(
    precision: str, held: torch.dtype, answered: torch.dtype
) -> None:
    class Remembers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 2)
            self.computed: torch.dtype | None = None

        def forward(self, sample: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
            output = self.linear(sample)
            self.computed = output.dtype
            return output

    one = engine(precision)
    module = one.place(Remembers())
    output = one.player(module)(one.sample(torch.ones(4, 3)))
    assert all(parameter.dtype == held for parameter in module.parameters())
    assert output.dtype == answered
    assert module.computed == (torch.bfloat16 if precision == "bf16" else answered)


@pytest.mark.parametrize(
    ("layout", "precision", "network", "channels_last"),
    [
        ("auto", "bf16", nn.Conv2d(3, 5, 3), True),
        ("auto", "bf16", nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4)), False),
        ("contiguous", "bf16", nn.Conv2d(3, 5, 3), False),
        ("channels-last", "fp32", nn.Conv2d(3, 5, 3), True),
        ("channels-last", "bf16", nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4)), True),
    ],
)
def test_layouts_are_those_given_and_auto_avoids_group_norm_in_channels_last(
    layout: str, precision: str, network: nn.Module, channels_last: bool
) -> None:
    one = Engine(choose("cpu", precision, "off", layout=layout))
    one.settle_layout([network])
    assert one.choices.layout == ("channels-last" if channels_last else "contiguous")
    weight = next(one.place(network).parameters())
    for tensor in (one.sample(torch.rand(2, 3, 4, 4)), weight):
        assert tensor.is_contiguous(memory_format=torch.channels_last) == channels_last


def test_optimizers_are_fused_unless_the_recipe_says_otherwise() -> None:
    parameters = [nn.Parameter(torch.ones(2))]

    def fused(**words: object) -> bool:
        return bool(engine().optimizer(partial(torch.optim.Adam, **words), parameters).param_groups[0]["fused"])

    assert fused(lr=1e-3, fused=None)
    assert not fused(lr=1e-3, fused=False)
    assert not fused(lr=1e-3, fused=None, foreach=True)
    assert engine().optimizer(partial(torch.optim.RMSprop, lr=1e-3), parameters).param_groups[0]["lr"] == 1e-3


def test_alone_there_is_nobody_to_wait_for() -> None:
    one = engine()
    value = torch.ones(3)
    assert one.writes and one.total(value) is value and one.share("run") == "run"
    assert one.anyone(True) and not one.anyone(False)
    for call in (one.wait, one.finish):
        call()


def test_uncompiled_losses_are_left_as_they_are() -> None:
    def loss() -> None: ...

    assert engine().compiled(loss) is loss


def test_every_recipe_of_a_process_can_be_compiled() -> None:
    """Torch's own limit of eight variants of one function is fewer than the losses of five recipes."""
    engine(compile="on").compiled(lambda: None)
    assert torch._dynamo.config.recompile_limit == RECOMPILE_LIMIT >= 64
