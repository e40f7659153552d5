"""The update program: who moves when, on what, and what stays still meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
import torch
from torch import Tensor

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.mlp import MLPGenerator
from honmono.objectives.base import PLAYERS, Draws, Objective, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2, Penalty
from honmono.recipe import Average, Count, Pair, Recipe, Simultaneous, Update, WarmUp
from honmono.recipe.override import override
from honmono.recipe.updates import updates_made
from honmono.recipes.dcgan_article import dcgan_mnist_article
from honmono.recipes.gan import gan_mnist_article
from honmono.schedules import Cosine, InverseByUpdate, Linear, Schedule
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]
D, G = Update("discriminator"), Update("generator")


@dataclass(frozen=True)
class Observed(Objective):
    """The standard GAN, noting what each update was given and how the players stood then."""

    seen: list[tuple[str, Batch, Draws, dict[str, Tensor]]] = field(default_factory=list, compare=False)
    penalties: tuple[Penalty, ...] = ()

    def schedules(self) -> Mapping[str, Schedule]:
        return {penalty.name: penalty.schedule for penalty in self.penalties}

    def discriminator_loss(self, step: Step) -> Mapping[str, Tensor]:
        return self._note("discriminator", step).discriminator_loss(step)

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        return self._note("generator", step).generator_loss(step)

    def _note(self, player: str, step: Step) -> Objective:
        named = zip(PLAYERS, (step.players.generator, step.players.discriminator), strict=True)
        weights = {name: next(one.module.parameters()).detach().clone() for name, one in named}
        self.seen.append((player, step.batch, step.draws, weights))
        return NonSaturating()


@dataclass(frozen=True)
class Every(Count):
    """Once in every `steps`-th step."""

    steps: int = 2

    def at(self, step: int) -> int:
        return int(step % self.steps == 0)


@pytest.fixture
def observe(points: Recipe, in_training: Build) -> Callable[..., tuple[Trainer, Observed]]:
    def build(*updates: Update | Simultaneous, objective: Observed | None = None, **changes: object) -> tuple:
        objective = objective or Observed()
        return in_training(replace(points, objective=objective, updates=updates, **changes)), objective

    return build


def state(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def moved(module: torch.nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in module.state_dict().items() if not torch.equal(tensor, before[name])}


def test_updates_run_in_order_and_each_sees_the_moves_before_it(observe: Callable) -> None:
    trainer, objective = observe(D, D, G)
    trainer.step()
    players, weights = zip(*((player, standing) for player, _, _, standing in objective.seen), strict=True)
    assert players == ("discriminator", "discriminator", "generator")
    same = [[torch.equal(a[name], b[name]) for name in PLAYERS] for a, b in zip(weights, weights[1:], strict=False)]
    assert same == [[True, False], [True, False]]  # the generator stood still, the discriminator moved


def test_simultaneous_updates_take_every_gradient_before_any_move(observe: Callable) -> None:
    trainer, objective = observe(Simultaneous((D, G)))
    before = {name: state(trainer.networks[name]) for name in PLAYERS}
    losses = trainer.step()
    (*_, first), (*_, second) = objective.seen
    assert all(torch.equal(first[name], second[name]) for name in PLAYERS)
    assert all(moved(trainer.networks[name], before[name]) for name in PLAYERS)
    assert set(losses) == {"discriminator.real", "discriminator.fake", "generator.fake"}


def test_simultaneous_gradients_are_those_of_the_players_apart(observe: Callable) -> None:
    """In the first step the discriminator moves alike, and the generator against a discriminator not yet moved."""
    together, _ = observe(Simultaneous((Update("discriminator", draws="z"), Update("generator", draws="z"))))
    apart, _ = observe(Update("discriminator", draws="z"), Update("generator", draws="z"))
    for trainer in (together, apart):
        trainer.step()
    one, other = (trainer.networks["discriminator"].state_dict() for trainer in (together, apart))
    assert all(torch.equal(one[name], other[name]) for name in one)
    one, other = (trainer.networks["generator"].state_dict() for trainer in (together, apart))
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_named_draws_and_batches_reach_every_update_that_names_them(observe: Callable) -> None:
    """cgan-mnist-article's program: G, G, D on one z and one real batch."""
    g, d = Update("generator", draws="a", real="x"), Update("discriminator", draws="a", real="x")
    trainer, objective = observe(g, g, d)
    trainer.step()
    _, batches, draws, _ = zip(*objective.seen, strict=True)
    assert all(torch.equal(batch.real, batches[0].real) for batch in batches)
    assert all(torch.equal(drawn.latent, draws[0].latent) for drawn in draws)
    assert trainer.clock.images == 16
    trainer.step()
    assert not torch.equal(objective.seen[3][2].latent, draws[0].latent)  # names hold for one step


def test_counts_follow_the_clock_and_single_updates_repeat(observe: Callable) -> None:
    trainer, objective = observe(Update("discriminator", count=3), Update("generator", count=Every(2)))
    names = []
    for _ in range(4):
        trainer.step()
        names.append([player[0] for player, *_ in objective.seen])
        objective.seen.clear()
    assert names == [["d"] * 3, ["d"] * 3 + ["g"]] * 2
    assert trainer.clock.images == 4 * 3 * 16


def test_counts_hold_within_simultaneous_updates(observe: Callable) -> None:
    trainer, objective = observe(Simultaneous((D, Update("generator", count=Every(2)))))
    weights = trainer.networks["generator"].last.weight
    before = weights.detach().clone()
    assert set(trainer.step()) == {"discriminator.real", "discriminator.fake"}
    assert torch.equal(weights, before)
    trainer.step()
    assert not torch.equal(weights, before)


@pytest.mark.parametrize(("first", "last"), [(D, G), (G, D)])
def test_the_other_player_gets_no_gradient(observe: Callable, first: Update, last: Update) -> None:
    """What the last update left on the player that moved first would still be there."""
    trainer, _ = observe(first, last)
    trainer.step()
    for name in PLAYERS:
        assert all(p.grad is None and p.requires_grad for p in trainer.networks[name].parameters())


def test_running_statistics_of_the_discriminator_move_in_its_own_update_or_in_all(
    in_training: Build, on_small_data: Callable[[Recipe], Recipe]
) -> None:
    recipe = override(
        on_small_data(dcgan_mnist_article()),
        {"training.batch_size": "4", "discriminator.batch_norm": "true"},
    )
    twice = in_training(replace(recipe, updates=(D, replace(G, count=2))))
    never = in_training(replace(recipe, updates=(D, replace(G, count=Every(100)))))
    for trainer in (twice, never):
        trainer.step()
    for name, buffer in twice.networks["discriminator"].named_buffers():
        assert torch.equal(buffer, never.networks["discriminator"].get_buffer(name))
    assert int(twice.networks["discriminator"].get_buffer("norm2.num_batches_tracked")) == 2  # real, then fake
    moving = in_training(replace(twice.recipe, discriminator_statistics="all"))
    moving.step()
    assert int(moving.networks["discriminator"].get_buffer("norm2.num_batches_tracked")) == 4


def test_batch_norm_and_one_batch_for_real_and_fake_do_not_go_together(
    in_training: Build, on_small_data: Callable[[Recipe], Recipe]
) -> None:
    changes = {"discriminator.batch_norm": "true", "objective.together": "true"}
    with pytest.raises(Refused, match="--set objective.together=auto"):
        in_training(override(on_small_data(dcgan_mnist_article()), changes))


def test_accumulation_is_refused_where_samples_depend_on_each_other(points: Recipe, in_training: Build) -> None:
    with pytest.raises(Refused, match="--set training.accumulate=1"):
        in_training(override(points, {"training.accumulate": "2"}))


def test_accumulated_parts_are_the_whole_batch(in_training: Build, on_small_data: Callable[[Recipe], Recipe]) -> None:
    """22 pictures in batches of 8, 8 and 6: in three parts of uneven size each, and as a whole."""
    recipe = on_small_data(gan_mnist_article())
    small = {"generator.widths": "(16,)", "discriminator.widths": "(16,)", "training.batch_size": "8"}
    whole, parts = (
        in_training(override(recipe, {**small, "training.accumulate": pieces}), "fp64") for pieces in ("1", "3")
    )
    for _ in range(7):
        for one, other in zip(whole.step().items(), parts.step().items(), strict=True):
            assert one[0] == other[0] and float(one[1]) == pytest.approx(float(other[1]), abs=1e-12)
    assert whole.clock.images == 22 + 22 + 8
    for name in PLAYERS:
        for one, other in zip(whole.networks[name].parameters(), parts.networks[name].parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


def test_the_average_follows_weights_and_buffers(observe: Callable) -> None:
    trainer, _ = observe(D, G)
    assert trainer.average is None and trainer.model().generator is trainer.networks["generator"]
    average = Average(halflife=32, ramp=1.0)
    trainer, objective = observe(D, G, training=replace(trainer.recipe.training, average=average))
    expected = state(trainer.average.module)
    for images in (16, 32, 48):
        trainer.step()
        assert trainer.clock.images == images
        decay = average.decay(images, 16)
        for name, tensor in trainer.networks["generator"].state_dict().items():
            if tensor.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * tensor
    averaged = trainer.model().generator.state_dict()
    buffers = [name for name in averaged if name.endswith("running_mean")]
    assert buffers and all(averaged[name].any() for name in buffers)
    for name, tensor in averaged.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, expected[name])
    assert moved(trainer.networks["generator"], averaged)


def test_schedules_reach_the_optimizers_on_the_clock_of_images(observe: Callable, points: Recipe) -> None:
    schedules = Pair(Cosine(images=64), Linear(begin=16, images=32))
    trainer, _ = observe(D, G, training=replace(points.training, learning_rates=schedules))
    rates = []
    for _ in range(5):
        trainer.step()
        rates.append([trainer.optimizers[name].param_groups[0]["lr"] / 1e-3 for name in PLAYERS])
        assert trainer.rates() == {name: trainer.optimizers[name].param_groups[0]["lr"] for name in PLAYERS}
    generator, discriminator = zip(*rates, strict=True)  # in steps that begin at 0, 16, 32, 48 and 64 images
    assert generator == pytest.approx([1, 0.853553, 0.5, 0.146447, 0], abs=1e-6)
    assert discriminator == pytest.approx([1, 1, 0.5, 0, 0])


def test_keras_s_decay_counts_each_player_s_own_updates(observe: Callable, points: Recipe) -> None:
    """And a resumed run counts on from where it was."""
    critic = Update("discriminator", count=WarmUp(count=2, high=3, steps=1, every=9))
    schedules = Pair(InverseByUpdate(decay=0.5))
    trainer, _ = observe(critic, G, training=replace(points.training, learning_rates=schedules))
    for _ in range(3):
        trainer.step()
    rates = {"generator": 1e-3 / (1 + 0.5 * 2), "discriminator": 1e-3 / (1 + 0.5 * (3 + 2 + 2 - 1))}
    assert trainer.rates() == pytest.approx(rates)
    assert [updates_made(trainer.recipe.updates, name, 3) for name in PLAYERS] == [3, 7]


def test_schedules_reach_penalties_on_the_clock_of_images(observe: Callable, points: Recipe) -> None:
    size = points.training.batch_size
    penalty = R1(1.0, schedule=Linear(start=1.0, end=0.0, images=4 * size))
    trainer, observed = observe(D, G)
    trainer, observed = observe(D, G, objective=replace(observed, penalties=(penalty, R2(1.0))))
    for _ in range(2):
        trainer.step()
    factors = [{name: value.item() for name, value in draws.factors.items()} for _, _, draws, _ in observed.seen]
    assert factors == [{"r1": 1.0}, {"r1": 1.0}, {"r1": 0.75}, {"r1": 0.75}]  # what does not change is left out


def test_a_rate_of_zero_moves_nothing(observe: Callable, points: Recipe) -> None:
    still = Pair(Linear(start=0.0, end=0.0), Linear(start=1.0, end=1.0))
    trainer, _ = observe(D, G, training=replace(points.training, learning_rates=still))
    before = {name: state(trainer.networks[name]) for name in PLAYERS}
    trainer.step()
    assert all("running" in n or "num_batches" in n for n in moved(trainer.networks["generator"], before["generator"]))
    assert moved(trainer.networks["discriminator"], before["discriminator"])


def test_epochs_and_images_become_steps(in_training: Build, points: Recipe) -> None:
    """44 points in batches of 16: 2 in an epoch, or 3 (16, 16, 12) when the last is kept."""
    trainer = in_training(points)
    assert trainer.epoch_images == 32
    assert [trainer.steps_for(images) for images in (0, 1, 16, 17, 32, 33)] == [0, 1, 1, 2, 2, 3]
    trainer = in_training(override(points, {"data.drop_last": "false"}))
    assert trainer.epoch_images == 44
    assert [trainer.steps_for(images) for images in (32, 44, 45, 88)] == [2, 3, 4, 6]
    assert in_training(override(points, {"data.samples": "none"})).epoch_images is None


def test_real_samples_can_be_looked_at_without_moving_the_clock(in_training: Build, points: Recipe) -> None:
    trainer, other = in_training(points), in_training(points)
    reals = trainer.reals()
    assert not torch.equal(next(reals).real, next(reals).real) and trainer.clock.images == 0
    for one in (trainer, other):
        one.step()
    weights = [list(one.networks["generator"].parameters()) for one in (trainer, other)]
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_player_begins_alike_whatever_the_other_is(points: Recipe, in_training: Build) -> None:
    torch.manual_seed(5)
    one = in_training(points)
    torch.manual_seed(6)
    other = in_training(replace(points, generator=partial(MLPGenerator, widths=(8,))))
    weights = [list(trainer.networks["discriminator"].parameters()) for trainer in (one, other)]
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
