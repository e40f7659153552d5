"""Recorded steps: the same numbers as unrecorded ones, on a CPU with a recording that computes again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from honmono.devices import choose
from honmono.recipe import Recipe
from honmono.training.engine import Engine, Record, Work
from honmono.training.trainer import Trainer
from honmono.training.whole_steps.replay import WARM_UPS, Replayed


def halfway(weight: Tensor, target: Tensor) -> Sequence[Tensor]:
    """Moves the weight half of the way to the target; returns how far it was."""
    distance = (target - weight).abs()
    weight.lerp_(target, 0.5)
    return [distance]


def recorder(recordings: list[Work]) -> Record:
    """Records like a CUDA graph: nothing is run, and a result is always in the same tensor."""

    def record(work: Work) -> Work:
        places: list[Tensor] = []

        def replay() -> Sequence[Tensor]:
            results = work()
            places[:] = places or [torch.empty_like(result) for result in results]
            for place, result in zip(places, results, strict=True):
                place.copy_(result)
            return places

        recordings.append(replay)
        return replay

    return record


def distances(step: Replayed, state: list[Tensor], targets: Sequence[float]) -> list[float]:
    """Of all calls, read after the last one, as a log reads them."""
    results = [step(state, [torch.tensor(target)]) for target in targets]
    return [float(distance) for (distance,) in results]


def test_a_replay_computes_with_the_inputs_of_its_call_and_the_state_as_it_is() -> None:
    targets = [float(number) for number in range(2 * WARM_UPS)]
    recordings: list[Work] = []
    state, plain_state = [torch.tensor(8.0)], [torch.tensor(8.0)]
    step, plain = Replayed(halfway, recorder(recordings)), Replayed(halfway, None)
    assert distances(step, state, targets) == distances(plain, plain_state, targets)
    assert torch.equal(state[0], plain_state[0]) and len(recordings) == 1
    state, plain_state = [torch.tensor(-3.0)], [torch.tensor(-3.0)]  # as after a resume
    assert distances(step, state, targets) == distances(plain, plain_state, targets)
    assert torch.equal(state[0], plain_state[0]) and len(recordings) == 2


def test_what_cannot_be_recorded_is_run_with_a_warning() -> None:
    def record(work: Work) -> Work:
        raise RuntimeError("operation not permitted when stream is capturing")

    targets = [1.0] * 2 * WARM_UPS
    state, plain_state = [torch.tensor(8.0)], [torch.tensor(8.0)]
    with pytest.warns(UserWarning, match="not permitted"):
        found = distances(Replayed(halfway, record), state, targets)
    assert found == distances(Replayed(halfway, None), plain_state, targets)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_recorded_steps_train_as_the_updates_one_by_one(points: Recipe) -> None:
    choices = choose("cuda", "fp32", "off")
    plain, whole = (
        Trainer(points, points.data.open(), Engine(replace(choices, compile=compile))) for compile in ("off", "step")
    )
    for _ in range(4 * WARM_UPS):
        torch.testing.assert_close(whole.step(), plain.step(), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(whole.tensors(), plain.tensors(), rtol=1e-2, atol=1e-3)
