"""Adam as TensorFlow 1 and Keras 2 compute it."""

from collections.abc import Iterable
from math import sqrt
from typing import Any, final

from torch import Tensor
from torch.optim import Adam


@final
class TensorFlowAdam(Adam):
    """torch's Adam, but eps is added to the root of the uncorrected second moment.

        p -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)

    as TensorFlow 1 and Keras of 2017 have it: the "epsilon hat" of Kingma & Ba (2014, arXiv:1412.6980), end of
    section 2. It is torch's step with eps / sqrt(1 - b2^t): 32 times eps at the first step for b2 = 0.999, eps itself
    after some thousands.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, fused=fused)
        # By hooks: were `step` overridden, torch would call the hooks of both classes' steps, every one twice.
        self._eps: list[float] = []
        self.register_step_pre_hook(TensorFlowAdam._correct_eps)
        self.register_step_post_hook(TensorFlowAdam._restore_eps)

    def _correct_eps(self, *_: Any) -> None:
        self._eps = [group["eps"] for group in self.param_groups]
        for group in self.param_groups:
            group["eps"] /= sqrt(1 - group["betas"][1] ** (self._updates(group) + 1))

    def _restore_eps(self, *_: Any) -> None:
        for group, eps in zip(self.param_groups, self._eps, strict=True):
            group["eps"] = eps

    def _updates(self, group: dict[str, Any]) -> int:
        """How many updates the group's parameters have had; they are all updated together."""
        counts = (self.state[parameter]["step"] for parameter in group["params"] if parameter in self.state)
        count: Tensor | None = next(counts, None)
        return 0 if count is None else int(count)
