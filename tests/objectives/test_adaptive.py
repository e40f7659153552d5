"""An adaptive probability of augmentation: how it moves, by hand, and what it is computed from."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.augment import CLASS_SHARE, CLASS_SIGN, PROBABILITY, SIGN, Adaptive, DiffAugment
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.logit import LogitObjective
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.objectives.relativistic import Relativistic
from honmono.objectives.wasserstein import Wasserstein


Make = Callable[[nn.Module, nn.Module], Players]
ADAPTIVE = DiffAugment(probability=Adaptive(target=0.5, images=100, every=2))


class Sum(nn.Module):
    """The sum of a picture, times a weight, as its score."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.weight * sample.flatten(1).sum(1)


class Latents(nn.Module):
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


def scalars(values: dict[str, float]) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def path(adaptive: Adaptive, signs: list[float], images: int) -> list[float]:
    """The probability after each update with such a mean sign."""
    memory, probabilities = scalars(adaptive.memory()), []
    for sign in signs:
        memory = adaptive.remember(memory, scalars({SIGN: sign}), images)
        probabilities.append(round(memory[PROBABILITY].item(), 6))
    return probabilities


def test_it_moves_after_every_few_updates_by_their_share_of_the_images() -> None:
    adaptive = Adaptive(target=0.5, images=100, every=2)
    assert path(adaptive, [1.0, 0.5, 1.0, 1.0, -1.0, 1.0], 10) == [0.0, 0.2, 0.2, 0.4, 0.4, 0.2]


def test_it_stays_between_0_and_1_and_where_r_is_the_target() -> None:
    adaptive = Adaptive(target=0.6, images=10, every=1)
    assert path(adaptive, [0.0, 1.0, 1.0, 1.0, 0.6, 0.0], 6) == [0.0, 0.6, 1.0, 1.0, 1.0, 0.4]


def test_it_goes_from_0_to_1_within_so_many_images() -> None:
    adaptive = Adaptive(images=640, every=4)
    assert path(adaptive, [1.0] * 11, 64)[-1] == pytest.approx(8 * 64 / 640)
    assert path(adaptive, [1.0] * 12, 64)[-1] == 1.0


def test_updates_of_different_sizes_count_by_their_samples() -> None:
    """8 of 8 and 0 of 2 recognised: r is 0.6, above a target of 0.5, whereas the mean of both signs is 0."""
    adaptive, memory = Adaptive(target=0.5, images=100, every=2), scalars(Adaptive().memory())
    for sign, images in ((1.0, 8), (-1.0, 2)):
        memory = adaptive.remember(memory, scalars({SIGN: sign}), images)
    assert memory[PROBABILITY].item() == pytest.approx(0.1)


def test_where_only_classes_count_p_moves_by_their_samples() -> None:
    """Of 40 counted samples 32 are recognised in one batch, and 16 in another: r is (24 - 8) / 80."""
    low, high = (Adaptive(target=target, images=1_000, every=2, of_classes=True) for target in (0.15, 0.25))
    for adaptive, moved in ((low, 0.58), (high, 0.42)):
        memory = scalars({**adaptive.memory(), PROBABILITY: 0.5})
        for sign in (0.24, -0.08):  # of 100 samples
            memory = adaptive.remember(memory, scalars({SIGN: 1.0, CLASS_SIGN: sign, CLASS_SHARE: 0.4}), 100)
        assert memory[PROBABILITY].item() == pytest.approx(moved)


def test_where_only_classes_count_p_waits_for_enough_samples() -> None:
    """20 counted samples say too little, and are not forgotten: with 20 more p moves by 40."""
    adaptive = Adaptive(images=1_000, every=1, of_classes=True)
    memory, probabilities = scalars({**adaptive.memory(), PROBABILITY: 0.5}), []
    for share in (0.2, 0.0, 0.2):
        memory = adaptive.remember(memory, scalars({SIGN: 1.0, CLASS_SIGN: share, CLASS_SHARE: share}), 100)
        probabilities.append(round(memory[PROBABILITY].item(), 6))
    assert probabilities == [0.5, 0.5, 0.54]


@pytest.mark.parametrize(("of_classes", "others"), [(True, {CLASS_SIGN: -0.25, CLASS_SHARE: 0.75}), (False, {})])
def test_what_it_follows_is_of_the_augmented_classes(of_classes: bool, others: dict, as_players: Make) -> None:
    """Scores of 2, 6, -3 and -6 for labels 0, 1, 1 and 1: of class 1 one is above 0 and two are below."""
    augment = DiffAugment(probability=Adaptive(of_classes=of_classes), classes=(1,))
    objective = NonSaturating(augment=augment)
    real, label = torch.tensor([2.0, 6, -3, -6]).view(4, 1, 1, 1), torch.tensor([0, 1, 1, 1])
    draws = Draws(real, label, uniform=torch.zeros(4, objective.num_uniform()), classes=2)
    step = Step(as_players(Latents(), Sum()), Batch(real, label), draws, memory=scalars(dict(objective.memory())))
    logged = {name: value.item() for name, value in objective.discriminator_loss(step).items()}
    followed = {name: value for name, value in logged.items() if name in objective.statistics()}
    assert followed == {SIGN: 0.0, PROBABILITY: 0.0, **others}


def terms(objective: LogitObjective, players: Players, probability: float, real: Tensor, fake: Tensor) -> dict:
    memory = scalars({**dict(objective.memory()), PROBABILITY: probability})
    uniform = torch.zeros(len(real), objective.num_uniform())
    draws = Draws(fake, None, uniform=uniform)
    return dict(objective.discriminator_loss(Step(players, Batch(real, None), draws, memory=memory)))


@pytest.mark.parametrize(
    ("objective", "weight", "shift"),
    [
        (NonSaturating(augment=ADAPTIVE), 1.0, 0.0),  # reals of 2, 6, 6 and -6: above 0, or not
        (NonSaturating(augment=ADAPTIVE, scores="double_sigmoid"), 0.1, 0.5),  # a probability, above 0.5 or not
        (Relativistic(augment=ADAPTIVE), 1.0, -7.0),  # above their fakes, 1, 4, 7 and -20, whatever is added to all
        (Wasserstein(augment=ADAPTIVE), 1.0, 7.0),
        (Wasserstein(augment=ADAPTIVE, real_scores="low"), -1.0, 0.0),
    ],
)
def test_r_is_the_share_that_the_discriminator_takes_for_real(
    objective: LogitObjective, weight: float, shift: float, as_players: Make
) -> None:
    """Three of four, so the mean sign is 0.5."""

    class Shifted(nn.Module):
        def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
            return weight * sample.flatten(1).sum(1) + shift

    real, fake = (torch.tensor(row).view(4, 1, 1, 1) for row in ([2.0, 6, 6, -6], [1.0, 4, 7, -20]))
    assert terms(objective, as_players(Latents(), Shifted()), 0.0, real, fake)[SIGN].item() == 0.5


def test_real_and_fake_pictures_are_changed_with_the_current_probability(as_players: Make) -> None:
    """All random numbers are 0: below any probability above it, and a picture is cut out at its corner."""
    objective = NonSaturating(augment=DiffAugment(colour=False, translation=0.0, probability=Adaptive()))
    players, ones = as_players(Latents(), Sum()), torch.ones(2, 1, 2, 2)
    before, after = (terms(objective, players, probability, ones, ones) for probability in (0.0, 0.3))
    plain = NonSaturating().discriminator_loss(Step(players, Batch(ones, None), Draws(ones, None)))
    assert {name: before[name] for name in plain} == plain
    assert after["real"] > before["real"] and after["fake"] < before["fake"]
    assert before[PROBABILITY].item() == 0.0 and after[PROBABILITY].item() == pytest.approx(0.3)


def test_penalties_get_pictures_changed_with_the_current_probability(as_players: Make) -> None:
    class Square(nn.Module):
        def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
            return sample.flatten(1).square().sum(1) / 2  # its gradient is the sample

    augment = DiffAugment(colour=False, translation=0.0, probability=Adaptive())
    objective, ones = NonSaturating(augment=augment, penalties=(R1(2.0),)), torch.ones(2, 1, 2, 2)
    players = as_players(Latents(), Square())
    assert terms(objective, players, 0.0, ones, ones)["r1"].item() == 4.0
    assert terms(objective, players, 0.3, ones, ones)["r1"].item() == 3.0


def test_a_constant_probability_has_neither_memory_nor_statistics() -> None:
    for objective in (NonSaturating(), NonSaturating(augment=DiffAugment())):
        assert objective.memory() == {} and objective.statistics() == ()


def test_the_data_decides_nothing_about_an_adaptive_probability() -> None:
    augment = DiffAugment(probability=Adaptive(), classes="auto").resolve_auto(60_000, (59_000, 500))
    assert augment == DiffAugment(probability=Adaptive()) and augment.active


@pytest.mark.parametrize("fields", [{"target": 1.0}, {"images": 0}, {"every": 0}])
def test_refusals(fields: dict) -> None:
    with pytest.raises(Refused, match="objective.augment.probability: Adaptive"):
        Adaptive(**fields)
