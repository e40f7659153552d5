"""What a metric is, and what it is given to judge."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from honmono.data.base import Data
from honmono.hooks import hook


Side = Literal["real", "fake"]
Better = Literal["higher", "lower", "neither"]


class Extracted(NamedTuple):
    """What a feature network says of `number` samples, all on the CPU, where there is room for them.

    features: float32. logits: of its classes; None where it classifies nothing. labels: the places among the evidence's
    classes of those that the fakes were asked for, or of the reals' own, -1 for one that is not among them; None where
    there are none.
    """

    features: Float[Tensor, "number dimension"]
    logits: Float[Tensor, "number classes"] | None
    labels: Int[Tensor, " number"] | None


class Evidence(ABC):
    """The samples of one evaluation, as metrics ask for them. Asking twice costs nothing.

    data: the recipe's. classes: the names of those that can be asked of the generator, () where it takes none.
    seed: which fakes are drawn. Real samples do not depend on it.
    device: where long work on features is best done, block by block; the features themselves lie on the CPU.
    kept: so many bytes of the first fakes' pictures are kept while features are extracted, to be looked at for nothing.
    """

    kept: ClassVar[int] = 2**25

    data: Data
    classes: tuple[str, ...]
    seed: int
    device: torch.device = torch.device("cpu")

    @abstractmethod
    def points(self, number: int) -> Float[Tensor, "number dimensions"]:
        """Fakes of a generator of points, float64 on the CPU."""

    @abstractmethod
    def extracted(self, side: Side, network: str, number: int) -> Extracted:
        """What the feature network of that name says of `number` samples."""

    @abstractmethod
    def pictures(
        self, side: Side, network: str, places: Int[Tensor, " number"]
    ) -> UInt8[Tensor, "number channels height width"]:
        """The pictures behind `extracted` at these places, as the network is given them.

        For few of them, or for the first fakes, after they were extracted.
        """

    @abstractmethod
    def channels(self, network: str, number: int) -> Float[Tensor, "number channels classes"]:
        """Logits of a one-channel network for each channel of `number` fakes taken as a picture of its own."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Has a sentence said beside the numbers, once however often it is given: what they hide."""


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """One way to judge samples. Its fields are part of the protocol that its numbers are told with.

    fakes: how many are drawn.
    """

    kind: ClassVar[str]  # how --metrics names it: "fid"
    of_classes: ClassVar[bool] = False  # whether it judges what a generator draws when it is asked for classes
    # Its numbers, before the bracket, that may be perfect where few different samples are drawn, or poor ones: a best
    # checkpoint is chosen by them only where nothing else can choose.
    one_sided: ClassVar[frozenset[str]] = frozenset()

    fakes: int = 10_000

    @property
    @hook
    def name(self) -> str:
        """Its kind; with the network that it looks through, if any: `fid[mnist]`."""
        return self.kind

    @abstractmethod
    def keys(self) -> dict[str, Better]:
        """The numbers it gives, and which are better; the first that is not `one_sided` chooses a best checkpoint.

        `neither`: a number to look at, of which more is no better than less. No checkpoint is chosen by it.
        """

    @abstractmethod
    def measure(self, evidence: Evidence) -> dict[str, float]:
        """The numbers under these keys. Raises `Refused` where there are too few samples for them.

        Parts of a number may stand behind them whose names only the evidence has, `variety[mnist].cat`: they are given
        by whoever gives `variety[mnist]`, and the same values are better.
        """
