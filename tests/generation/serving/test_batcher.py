"""Jobs that arrive together are one forward, and each gets the samples that it would get alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.generation.serving.batcher import Batcher, Full, Job
from honmono.generation.serving.counters import Counters


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    batcher = Batcher(64, Counters())
    yield batcher
    batcher.close()


def batches(batcher: Batcher) -> int:
    """How many forwards were counted."""
    (line,) = (one for one in batcher.counters.text(0).splitlines() if one.startswith("honmono_batches_total"))
    return int(line.split()[1])


def test_jobs_of_one_moment_are_one_forward(batcher: Batcher, digits: TrainedRun) -> None:
    batch = digits.recipe.training.batch_size
    jobs = [
        Job(digits.model.with_truncation(truncation), 2, seed, label)
        for seed, label, truncation in [(0, None, None), (7, 3, None), (7, 3, 0.5)]
    ]
    made = [batcher.submit(job) for job in jobs]
    expected = [
        digits.sample(2),
        digits.sample(2, label="3", seed=7),
        digits.sample(2, label="3", seed=7, truncation=0.5),
    ]
    assert batch >= 6 and all(torch.equal(one.result(60), other) for one, other in zip(made, expected, strict=True))
    assert batches(batcher) == 1


def test_a_job_of_several_batches_is_that_of_sample(batcher: Batcher, digits: TrainedRun) -> None:
    num = 2 * digits.recipe.training.batch_size + 3
    assert torch.equal(batcher.submit(Job(digits.model, num, 5)).result(60), digits.sample(num, seed=5))


def test_other_options_are_another_forward(batcher: Batcher, digits: TrainedRun) -> None:
    other = digits.with_batch_norm("identity")
    made = [batcher.submit(Job(model, 2)) for model in (digits.model, other.model)]
    assert torch.equal(made[0].result(60), digits.sample(2)) and torch.equal(made[1].result(60), other.sample(2))
    assert batches(batcher) == 2


def test_what_depends_on_its_batch_is_made_alone(batcher: Batcher, digits: TrainedRun) -> None:
    batch = digits.with_batch_norm("batch")
    made = [batcher.submit(Job(batch.model, 2, seed)) for seed in (0, 1)]
    assert all(torch.equal(one.result(60), batch.sample(2, seed=seed)) for seed, one in enumerate(made))


def test_steps_that_add_noise_are_those_of_sample(
    batcher: Batcher, untrained: Callable[..., TrainedRun], tmp_path: Path
) -> None:
    spec = DataSpec((1, 28, 28), tuple("0123456789"))
    for changes in ({"sampler.eta": "1"}, {"sampler.eta": "0"}):
        noisy = untrained("ddpm-mnist", tmp_path / "run", spec, **changes).with_sampler(steps=3)
        made = [batcher.submit(Job(noisy.model, 2, seed)) for seed in (0, 1)]
        assert all(torch.equal(one.result(60), noisy.sample(2, seed=seed)) for seed, one in enumerate(made))


def test_one_job_s_error_is_its_own(batcher: Batcher, digits: TrainedRun) -> None:
    wrong, right = batcher.submit(Job(digits.model.with_truncation(0.0), 2)), batcher.submit(Job(digits.model, 2))
    with pytest.raises(Refused, match="truncation"):
        wrong.result(60)
    assert torch.equal(right.result(60), digits.sample(2))


def test_the_queue_is_bounded_and_empties(batcher: Batcher, digits: TrainedRun) -> None:
    made = [batcher.submit(Job(digits.model, 32, seed)) for seed in (0, 1)]
    with pytest.raises(Full) as full:
        batcher.submit(Job(digits.model, 1))
    assert full.value.seconds >= 1
    assert all(len(one.result(60)) == 32 for one in made)


def test_a_job_whose_client_left_is_not_made(batcher: Batcher, digits: TrainedRun) -> None:
    left, kept = batcher.submit(Job(digits.model, 2)), batcher.submit(Job(digits.model, 2, 1))
    left.cancel()
    assert torch.equal(kept.result(60), digits.sample(2, seed=1))


def test_closing_makes_what_waits_and_takes_no_more(digits: TrainedRun) -> None:
    batcher = Batcher(64, Counters())
    made = [batcher.submit(Job(digits.model, 4, seed)) for seed in range(8)]
    batcher.close()
    assert all(one.done() and torch.equal(one.result(), digits.sample(4, seed=seed)) for seed, one in enumerate(made))
    assert batcher.waiting == 0
    with pytest.raises(Full):
        batcher.submit(Job(digits.model, 1))


def test_truncations_of_styles_are_made_apart(
    batcher: Batcher, untrained: Callable[..., TrainedRun], tmp_path: Path
) -> None:
    run = untrained("stylegan2-mnist", tmp_path / "run", DataSpec((1, 28, 28), ("a", "b")))
    models = [run.model, run.model.with_truncation(0.5), run.model.with_truncation(0.5)]
    jobs = [batcher.submit(Job(model, 1, seed)) for seed, model in enumerate(models)]
    made = [job.result(60) for job in jobs]  # the generator, in training mode here, is for one thread at a time
    for seed, (one, truncation) in enumerate(zip(made, (None, 0.5, 0.5), strict=True)):
        assert torch.equal(one, run.sample(1, seed=seed, truncation=truncation))
    assert batches(batcher) == 2
