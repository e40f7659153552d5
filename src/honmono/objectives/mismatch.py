"""A penalty on real samples with wrong labels, by which the discriminator learns labels early."""

from dataclasses import dataclass
from typing import ClassVar, final

from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.base import Step
from honmono.objectives.penalties import Penalty
from honmono.objectives.scoring import score


@final
@dataclass(frozen=True)
class Mismatch(Penalty):
    """weight * max(0, E max(0, margin - (D(x, y) - D(x, y'))) - tolerance), with y' drawn uniformly from the other
    classes.

    x are real samples with label y. Each is scored with both labels, so the difference depends on the label alone. The
    penalty is skipped where samples have no labels.

    margin: a sample adds nothing once its score with the right label exceeds that with the wrong one by this much.
    tolerance: a batch adds nothing while its mean shortfall is at most this. With 0, the few ambiguous samples of
        well-separated classes are penalised throughout, and the generator stops producing such samples, unless
        `adapt` releases the penalty. The mean is over the samples of one process.

    Source: the matching-aware discriminator of Reed et al. (2016, arXiv:1605.05396, algorithm 1), which treats
    such pairs as fakes; here the two scores are compared.
    """

    weight: float = 1.0
    margin: float = 1.0
    tolerance: float = 0.0
    name: ClassVar[str] = "mismatch"
    num_uniform: ClassVar[int] = 1
    of_labels: ClassVar[bool] = True
    uses: ClassVar = ("real_score",)

    def __post_init__(self) -> None:
        if self.weight < 0 or self.margin <= 0 or self.tolerance < 0:
            raise Refused(f"objective.penalties: {self}: give weight and tolerance of at least 0, and margin above 0")

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        (real, label), draws = step.batch, step.draws
        assert label is not None and draws.uniform is not None, "needs labels and a random number for each sample"
        wrong = wrong_labels(label, draws.classes, draws.uniform[:, 0])
        lead = real_score - score(step.players.discriminator, real, wrong)
        shortfall = (self.margin - lead).relu().mean()
        return self.weight * (shortfall - self.tolerance).relu()


def wrong_labels(label: Int[Tensor, " batch"], classes: int, uniform: Float[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """A wrong class for each label, chosen uniformly from the others by a number in [0, 1)."""
    if classes < 2:
        raise Refused(
            "objective.penalties: Mismatch needs at least two classes, and the data has one: use --set"
            " conditional=false"
        )
    steps = (uniform * (classes - 1)).long().clamp(max=classes - 2)
    return (label + 1 + steps) % classes
