"""Real samples under wrong labels: what makes the discriminator, and so the generator, learn its labels early."""

from dataclasses import dataclass
from typing import ClassVar, final

from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.base import Step
from honmono.objectives.judged import score
from honmono.objectives.penalties import Penalty


@final
@dataclass(frozen=True)
class Mismatch(Penalty):
    """weight * E max(0, margin - (D(x, y) - D(x, y'))) over reals x of label y, with y' drawn among the other classes.

    One real sample stands on both sides, so only what the score says of its label counts. Once the right label leads by
    the margin nothing is asked any more: classes that are told apart easily are left to the GAN's own game, which alone
    holds the variety within them. Every wrong class is as likely as another. Left out without labels.
    Source: the matching-aware discriminator of Reed et al. (2016, arXiv:1605.05396, algorithm 1), which counts such
    pairs as fakes; here as the ranking of two scores.
    """

    weight: float = 1.0
    margin: float = 1.0
    name: ClassVar[str] = "mismatch"
    num_uniform: ClassVar[int] = 1
    of_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.weight < 0 or self.margin <= 0:
            raise Refused(f"objective.penalties: {self}: weight is at least 0, and margin above 0")

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        (real, label), draws = step.batch, step.draws
        assert label is not None and draws.uniform is not None, "it is of labels, and needs a number for each sample"
        wrong = wrong_labels(label, draws.classes, draws.uniform[:, 0])
        lead = real_score - score(step.players.discriminator, real, wrong)
        return self.weight * (self.margin - lead).relu().mean()


def wrong_labels(label: Int[Tensor, " batch"], classes: int, uniform: Float[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """Another class for each label, uniform among the others: the label moved on by 1 to classes - 1 places."""
    if classes < 2:
        raise Refused("objective.penalties: Mismatch needs a wrong class, and there is one: set conditional=false")
    steps = (uniform * (classes - 1)).long().clamp(max=classes - 2)
    return (label + 1 + steps) % classes
