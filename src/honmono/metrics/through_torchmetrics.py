"""How torchmetrics is asked about features that are already extracted."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.random import fork_rng

from honmono.errors import Refused


class Given(nn.Module):
    """A feature network that passes on what it is given: torchmetrics' door for features of one's own."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.num_features = dimension

    def forward(self, features: Tensor) -> Tensor:
        return features


@contextmanager
def torchmetrics() -> Iterator[None]:
    """Within, torchmetrics is imported and used: it warns of nothing and leaves torch's random numbers as they were.

    What it shuffles, it shuffles alike each time. Give its metrics `sync_on_compute=False`: measuring is one process's
    work, and they would wait for the others, which are training.
    Raises `Refused` where torchmetrics is missing or does not import.
    """
    with warnings.catch_warnings(), fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)
        try:
            import torchmetrics.image  # noqa: F401
        except ModuleNotFoundError as error:
            if error.name != "torchmetrics":
                raise _broken(error) from error
            raise Refused("fid, kid and is need torchmetrics: pip install 'honmono[metrics]'") from error
        except Exception as error:  # whatever a torchvision that does not fit torch raises
            raise _broken(error) from error
        yield


def _broken(error: Exception) -> Refused:
    return Refused(
        f"torchmetrics is installed but does not import ({type(error).__name__}: {error}): where torchvision is the "
        "cause, uninstall it, or install the one that fits this torch"
    )
