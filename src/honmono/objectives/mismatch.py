"""Penalties on labels: the discriminator must score a sample higher with its own label than with a wrong one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.base import Step
from honmono.objectives.penalties import Penalty
from honmono.objectives.rare_classes import among, rare_classes, refuse_unknown
from honmono.objectives.scoring import score


@final
@dataclass(frozen=True, kw_only=True)
class OfFakes:
    """weight * E [y is one of `classes`] max(0, margin - (D(x, y) - D(x, y'))), with x = G(z, y), for the generator.

    The discriminator soon memorises the pictures of a rare class, but learns from those of all other classes what does
    not belong to it. This gradient teaches it to the generator.

    classes: indices of the classes; "auto": those of fewer than 1,000 pictures, where the data has 10,000 or more
        (`rare_classes`). Without any, or with a weight of 0, nothing is computed.

    Source: the loss on the labels of fakes in Odena et al., AC-GAN (2017, arXiv:1610.09585, section 3), with the
    comparison of `Mismatch` in place of a classifier.
    """

    weight: float
    margin: float
    classes: tuple[int, ...] | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        if self.weight < 0 or self.margin <= 0:
            raise Refused(f"objective.penalties: {self}: give weight of at least 0, and margin above 0")


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
    of_fakes: a term of the generator's loss for fakes of some classes, whatever `weight` is; None: none.

    Source: the matching-aware discriminator of Reed et al. (2016, arXiv:1605.05396, algorithm 1), which treats
    such pairs as fakes; here the two scores are compared.
    """

    weight: float = 1.0
    margin: float = 1.0
    tolerance: float = 0.0
    of_fakes: OfFakes | None = None
    name: ClassVar[str] = "mismatch"
    num_uniform: ClassVar[int] = 1
    of_labels: ClassVar[bool] = True
    uses: ClassVar = ("real_score",)

    def __post_init__(self) -> None:
        if self.weight < 0 or self.margin <= 0 or self.tolerance < 0:
            raise Refused(f"objective.penalties: {self}: give weight and tolerance of at least 0, and margin above 0")

    def value(self, step: Step, fake: Tensor, real_score: Tensor) -> Tensor:
        shortfall = _shortfall(step, step.batch.real, real_score, step.batch.label, self.margin).mean()
        return self.weight * (shortfall - self.tolerance).relu()

    def generator_value(self, step: Step, fake: Tensor, fake_score: Tensor) -> Tensor | None:
        label = step.draws.label
        if self.of_fakes is None or not (self.of_fakes.weight and self.of_fakes.classes):
            return None
        assert self.of_fakes.classes != "auto", "resolve_auto is called first"
        if label is None:
            raise Refused(
                "objective.penalties: of_fakes.classes is set, and the samples have no labels: set it to (), or"
                " conditional=true"
            )
        shortfall = _shortfall(step, fake, fake_score, label, self.of_fakes.margin)
        return self.of_fakes.weight * (shortfall * among(label, self.of_fakes.classes)).mean()

    def resolve_auto(self, length: int | None, sizes: Sequence[int]) -> "Mismatch":
        if self.of_fakes is None:
            return self
        classes = rare_classes(length, sizes) if self.of_fakes.classes == "auto" else self.of_fakes.classes
        refuse_unknown("objective.penalties: of_fakes.classes", classes, sizes)
        return replace(self, of_fakes=replace(self.of_fakes, classes=classes))


def _shortfall(
    step: Step, sample: Tensor, right_score: Tensor, label: Tensor | None, margin: float
) -> Float[Tensor, " batch"]:
    """max(0, margin - (D(x, y) - D(x, y'))) of each sample x."""
    draws = step.draws
    assert label is not None and draws.uniform is not None, "needs labels and a random number for each sample"
    wrong = wrong_labels(label, draws.classes, draws.uniform[:, 0])
    return (margin - (right_score - score(step.players.discriminator, sample, wrong))).relu()


def wrong_labels(label: Int[Tensor, " batch"], classes: int, uniform: Float[Tensor, " batch"]) -> Int[Tensor, " batch"]:
    """A wrong class for each label, chosen uniformly from the others by a number in [0, 1)."""
    if classes < 2:
        raise Refused(
            "objective.penalties: Mismatch needs at least two classes, and the data has one: use --set"
            " conditional=false"
        )
    steps = (uniform * (classes - 1)).long().clamp(max=classes - 2)
    return (label + 1 + steps) % classes
