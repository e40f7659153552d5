"""The interface of metrics, and of the samples that they are computed from."""

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
    """The output of a feature network for `number` samples, on the CPU.

    features: float32.
    logits: of the network's classes; None where it has none.
    labels: the samples' classes as indices into the evidence's classes: for fakes the label that the generator was
        given, for reals their own, -1 for a class that the evidence does not have. None without labels.
    """

    features: Float[Tensor, "number dimension"]
    logits: Float[Tensor, "number classes"] | None
    labels: Int[Tensor, " number"] | None


class Evidence(ABC):
    """The samples of one evaluation. Results are cached, so that a second call costs nothing.

    data: the recipe's.
    classes: the names of the generator's classes; () for an unconditional one.
    seed: determines the fakes. Real samples do not depend on it.
    device: where to compute with features, block by block; the features themselves are on the CPU.
    kept: how many bytes of the first fakes' pictures are kept during extraction, for `pictures`.
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
        """The output of the feature network of that name for `number` fakes, or at most as many reals.

        Raises `Failed` where features of fakes contain NaN or infinity.
        """

    @abstractmethod
    def pictures(
        self, side: Side, network: str, indices: Int[Tensor, " number"]
    ) -> UInt8[Tensor, "number channels height width"]:
        """The pictures at these indices of `extracted`, preprocessed for the network.

        For a few fakes, or for the first ones once they were extracted: later ones are generated again.
        """

    @abstractmethod
    def channels(self, network: str, number: int) -> Float[Tensor, "number channels classes"]:
        """Logits of a one-channel network for each channel of `number` fakes."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Adds a note that is printed with the numbers, once however often it is given."""


@dataclass(frozen=True, kw_only=True)
class Metric(ABC):
    """A metric of generated samples. Its fields are part of the protocol that is recorded with its numbers.

    fakes: number of generated samples.
    """

    kind: ClassVar[str]  # its name in --metrics: "fid"
    of_classes: ClassVar[bool] = False  # whether it measures how well samples fit their labels
    # Its numbers, without brackets, that can be perfect for samples that are poor or not diverse: a best checkpoint is
    # chosen by them only if there is no other number.
    one_sided: ClassVar[frozenset[str]] = frozenset()

    fakes: int = 10_000

    @property
    @hook
    def name(self) -> str:
        """Its kind, with its feature network if it has one: `fid[mnist]`."""
        return self.kind

    @abstractmethod
    def keys(self) -> dict[str, Better]:
        """Its numbers and which values are better; the first that is not `one_sided` selects the best checkpoint.

        `neither`: neither higher nor lower is better. No checkpoint is selected by such a number.
        """

    @abstractmethod
    def measure(self, evidence: Evidence) -> dict[str, float]:
        """The numbers under these keys. Raises `Refused` where there are too few samples.

        Parts of a number may follow whose names depend on the evidence, as `variety[mnist].cat` of `variety[mnist]`;
        the same values of them are better.
        """
