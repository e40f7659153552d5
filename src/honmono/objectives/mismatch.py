"""Real samples under wrong labels: what makes the discriminator, and so the generator, learn its labels early."""

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
    """weight * max(0, E max(0, margin - (D(x, y) - D(x, y'))) - tolerance), with y' drawn among the other classes.

    x are reals of label y. The same sample is scored twice, so only what the score says of its label counts. Every
    wrong class is equally likely. Left out without labels.

    margin: a sample adds nothing once its own label's score exceeds the wrong label's by it.
    tolerance: a batch adds nothing while its mean shortfall is at most this. Without a tolerance the few ambiguous
        samples of classes that are easily separated are pressed for ever, and the generator stops drawing their like;
        with one, such classes are left to the adversarial loss alone, and only hard classes go on being pressed. The
        mean is of the samples of one process.

    Source: the matching-aware discriminator of Reed et al. (2016, arXiv:1605.05396, algorithm 1), which counts such
    pairs as fakes; here the two scores are ranked.
    """

    weight: float = 1.0
    margin: float = 1.0
    tolerance: float = 0.0
    name: ClassVar[str] = "mismatch"
    num_uniform: ClassVar[int] = 1
    of_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.weight < 0 or self.margin <= 0 or self.tolerance < 0:
            raise Refused(f"objective.penalties: {self}: weight and tolerance are at least 0, and margin above 0")

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        (real, label), draws = step.batch, step.draws
        assert label is not None and draws.uniform is not None, "it is of labels, and needs a number for each sample"
        wrong = wrong_labels(label, draws.classes, draws.uniform[:, 0])
        lead = real_score - score(step.players.discriminator, real, wrong)
        shortfall = (self.margin - lead).relu().mean()
        return self.weight * (shortfall - self.tolerance).relu()


def wrong_labels(label: Int[Tensor, " batch"], classes: int, uniform: Float[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """Another class for each label, uniform among the others: the label moved on by 1 to classes - 1 places."""
    if classes < 2:
        raise Refused("objective.penalties: Mismatch needs a wrong class, and there is one: set conditional=false")
    steps = (uniform * (classes - 1)).long().clamp(max=classes - 2)
    return (label + 1 + steps) % classes
