"""Real samples under wrong labels: which label is drawn, the loss by hand, and where it is left out."""

import pytest
import torch

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.augment import DiffAugment
from honmono.objectives.base import Draws, Step
from honmono.objectives.mismatch import Mismatch, OfFakes, wrong_labels
from honmono.objectives.penalties import R1
from honmono.objectives.relativistic import Relativistic


class ByLabel(torch.nn.Module):
    """A score of the label alone, and a generator that gives zeros."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = torch.nn.Parameter(torch.tensor(scores))

    def forward(self, sample: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        return sample.flatten(1).mean(1) * 0 + (0 if label is None else self.scores[label])


class Zeros(torch.nn.Module):
    def forward(self, latent: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        return torch.zeros(len(latent), 1, 4, 4)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_wrong_label_is_each_of_the_others_with_the_same_probability(classes: int) -> None:
    uniform = (torch.arange(classes - 1) + 0.5) / (classes - 1)
    for label in range(classes):
        drawn = wrong_labels(torch.full((classes - 1,), label), classes, uniform)
        assert sorted(drawn.tolist()) == [other for other in range(classes) if other != label]


def test_numbers_next_to_one_stay_within_the_classes() -> None:
    drawn = wrong_labels(torch.zeros(2, dtype=torch.int64), 5, torch.tensor([0.0, 1.0]))
    assert drawn.tolist() == [1, 4]


def test_one_class_has_no_wrong_label() -> None:
    with pytest.raises(Refused, match="conditional=false"):
        wrong_labels(torch.zeros(2, dtype=torch.int64), 1, torch.zeros(2))


def test_the_loss_by_hand(as_players) -> None:
    objective = Relativistic(penalties=(Mismatch(0.5),))
    label, uniform = torch.tensor([0, 2]), torch.tensor([[0.1], [0.9]])  # wrong: 1, and 1
    draws = Draws(torch.zeros(2, 3), label, uniform=uniform, classes=3)
    players = as_players(Zeros(), ByLabel([1.0, 0.7, 4.0]))  # leads of 0.3 and of 3.3
    terms = objective.discriminator_loss(Step(players, Batch(torch.zeros(2, 1, 4, 4), label), draws))
    assert terms["mismatch"].item() == pytest.approx(0.5 * (0.7 + 0.0) / 2, rel=1e-6)
    assert objective.num_uniform() == 1


def test_it_finds_its_number_behind_the_augmentation_s(as_players) -> None:
    augmented = Relativistic(penalties=(Mismatch(margin=4.0),), augment=DiffAugment())
    assert augmented.num_uniform() == 2 * DiffAugment.numbers + 1
    label = torch.tensor([0, 0, 0])
    uniform = torch.rand(3, augmented.num_uniform(), generator=torch.Generator().manual_seed(0))
    own = torch.tensor([0.1, 0.4, 0.9])
    uniform[:, -1] = own
    scores = [3.0, 1.0, -1.0, 0.5]
    players = as_players(Zeros(), ByLabel(scores))
    draws = Draws(torch.zeros(3, 3), label, uniform=uniform, classes=4)
    value = augmented.discriminator_loss(Step(players, Batch(torch.zeros(3, 1, 4, 4), label), draws))["mismatch"].item()
    wrong = wrong_labels(label, 4, own).tolist()
    assert value == pytest.approx(sum(max(0.0, 4.0 - 3.0 + scores[one]) for one in wrong) / 3, rel=1e-6)


def test_without_labels_it_is_left_out(as_players) -> None:
    objective = Relativistic(penalties=(Mismatch(),))
    draws = Draws(torch.zeros(2, 3), None, uniform=torch.zeros(2, 1))
    terms = objective.discriminator_loss(
        Step(as_players(Zeros(), ByLabel([0.0])), Batch(torch.zeros(2, 1, 4, 4), None), draws)
    )
    assert set(terms) == {"pair"}


@pytest.mark.parametrize(("tolerance", "expected"), [(0.0, 0.35), (0.25, 0.10), (0.40, 0.0)])
def test_within_the_tolerance_nothing_is_added(as_players, tolerance: float, expected: float) -> None:
    objective = Relativistic(penalties=(Mismatch(tolerance=tolerance),))
    label, uniform = torch.tensor([0, 2]), torch.tensor([[0.1], [0.9]])
    draws = Draws(torch.zeros(2, 3), label, uniform=uniform, classes=3)
    network = ByLabel([1.0, 0.7, 4.0])  # shortfalls of 0.7 and of 0, mean 0.35
    batch = Batch(torch.zeros(2, 1, 4, 4), label)
    value = objective.discriminator_loss(Step(as_players(Zeros(), network), batch, draws))["mismatch"]
    assert value.item() == pytest.approx(expected, abs=1e-6)
    value.backward()
    assert network.scores.grad is not None
    assert network.scores.grad.abs().sum().item() == pytest.approx(1.0 if expected else 0.0)


def of_fakes(classes: tuple[int, ...]) -> Relativistic:
    """With a weight of 0.5 and a margin of 2 on fakes of some classes."""
    return Relativistic(penalties=(R1(), Mismatch(of_fakes=OfFakes(weight=0.5, margin=2.0, classes=classes))))


@pytest.mark.parametrize(("classes", "expected"), [((0,), 1.7), ((0, 2), 1.7 + 0.0), ((0, 1), 1.7 + 2.3), ((3,), 0.0)])
def test_the_generator_s_loss_by_hand(as_players, classes: tuple[int, ...], expected: float) -> None:
    label, uniform = torch.tensor([0, 2, 1]), torch.tensor([[0.1], [0.9], [0.9]])  # wrong: 1, 1 and 0
    draws = Draws(torch.zeros(3, 3), label, uniform=uniform, classes=3)
    players = as_players(Zeros(), ByLabel([1.0, 0.7, 4.0]))  # leads of 0.3, 3.3 and -0.3
    batch = Batch(torch.zeros(3, 1, 4, 4), torch.tensor([2, 1, 0]))  # labels of reals do not count
    terms = of_fakes(classes).generator_loss(Step(players, batch, draws))
    assert set(terms) == {"pair", "mismatch"}
    assert terms["mismatch"].item() == pytest.approx(0.5 * expected / 3, rel=1e-6)


def test_the_generator_s_loss_has_its_number_and_its_schedule(as_players) -> None:
    """Behind the augmentation's numbers, as in the discriminator's loss."""
    penalty = Mismatch(of_fakes=OfFakes(weight=1.0, margin=4.0, classes=(0,)))
    objective = Relativistic(penalties=(R1(), penalty), augment=DiffAugment())
    label, own = torch.tensor([0, 0, 0]), torch.tensor([0.1, 0.4, 0.9])
    uniform = torch.rand(3, objective.num_uniform(), generator=torch.Generator().manual_seed(0))
    uniform[:, -1] = own
    scores = [3.0, 1.0, -1.0, 0.5]
    draws = Draws(torch.zeros(3, 3), label, {"mismatch": torch.tensor(0.25)}, uniform, classes=4)
    step = Step(as_players(Zeros(), ByLabel(scores)), Batch(torch.zeros(3, 1, 4, 4), label), draws)
    wrong = wrong_labels(label, 4, own).tolist()
    expected = 0.25 * sum(max(0.0, 4.0 - 3.0 + scores[one]) for one in wrong) / 3
    assert objective.generator_loss(step)["mismatch"].item() == pytest.approx(expected, rel=1e-6)


def test_without_rare_classes_fakes_are_not_scored_again(as_players) -> None:
    label, uniform = torch.tensor([0, 2]), torch.tensor([[0.1], [0.9]])
    draws = Draws(torch.zeros(2, 3), label, uniform=uniform, classes=3)
    step = Step(as_players(Zeros(), ByLabel([1.0, 0.7, 4.0])), Batch(torch.zeros(2, 1, 4, 4), label), draws)
    assert set(of_fakes(()).generator_loss(step)) == {"pair"}
    weightless = Relativistic(penalties=(Mismatch(of_fakes=OfFakes(weight=0.0, margin=1.0, classes=(0,))),))
    assert set(weightless.generator_loss(step)) == {"pair"}
    unlabelled = step._replace(draws=draws._replace(label=None), batch=Batch(step.batch.real, None))
    assert set(of_fakes(()).generator_loss(unlabelled)) == {"pair"}
    with pytest.raises(Refused, match="conditional"):
        of_fakes((0,)).generator_loss(unlabelled)


@pytest.mark.parametrize(
    ("length", "sizes", "classes"),
    [(12_000, [11_000, 999, 1_000, 0], (1,)), (9_999, [9_000, 999], ()), (None, [5, 5], (0, 1)), (60_000, [], ())],
)
def test_rare_classes_follow_from_the_data(length: int | None, sizes: list[int], classes: tuple[int, ...]) -> None:
    resolved = Mismatch(of_fakes=OfFakes(weight=1.0, margin=1.0)).resolve_auto(length, sizes)
    assert resolved == Mismatch(of_fakes=OfFakes(weight=1.0, margin=1.0, classes=classes))
    chosen = Mismatch(of_fakes=OfFakes(weight=1.0, margin=1.0, classes=(1,)))
    assert chosen.resolve_auto(length, sizes) == chosen


@pytest.mark.parametrize("classes", [(3,), (0, -1)])
def test_classes_that_the_data_lacks_are_refused(classes: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match="the data has 3 classes"):
        Mismatch(of_fakes=OfFakes(weight=1.0, margin=1.0, classes=classes)).resolve_auto(None, [9, 9, 9])
    with pytest.raises(Refused, match="the data has 3 classes"):
        DiffAugment(classes=classes).resolve_auto(None, [9, 9, 9])


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(Refused, match="weight"):
        Mismatch(-1.0)
    with pytest.raises(Refused, match="margin"):
        Mismatch(margin=0.0)
    with pytest.raises(Refused, match="weight"):
        OfFakes(weight=-1.0, margin=1.0)
    with pytest.raises(Refused, match="margin"):
        OfFakes(weight=1.0, margin=0.0)
    with pytest.raises(Refused, match="tolerance"):
        Mismatch(tolerance=-0.1)
