"""What the articles use of TensorFlow 1 and Keras 2, in eager PyTorch: SAME convolutions and Adam.

Everything is as fast as eager PyTorch's own kernels allow: a slow translation would be no yardstick.
"""

from collections.abc import Iterable
from math import ceil, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional


STRIDE = 2  # in all of the articles' convolutions


def _padding(large: int, small: int, kernel: int) -> tuple[int, int]:
    """Zeros before and after the larger side of a SAME convolution; an odd one is after."""
    total = max((small - 1) * STRIDE + kernel - large, 0)
    return total // 2, total - total // 2


class Conv2D(nn.Module):
    """`tf.nn.conv2d(..., padding="SAME")` of square maps, plus a bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, value: Tensor) -> Tensor:
        size = value.shape[-1]
        before, after = _padding(size, ceil(size / STRIDE), self.weight.shape[-1])
        if before == after:
            return functional.conv2d(value, self.weight, self.bias, STRIDE, before)
        padded = functional.pad(value, (before, after, before, after))
        return functional.conv2d(padded, self.weight, self.bias, STRIDE)


class Conv2DTranspose(nn.Module):
    """`tf.nn.conv2d_transpose(..., padding="SAME")` to maps of `size` pixels, plus a bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.empty(inputs, outputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, value: Tensor) -> Tensor:
        before, _ = _padding(self.size, value.shape[-1], self.weight.shape[-1])
        made = functional.conv_transpose2d(value, self.weight, self.bias, STRIDE, before)
        return made[..., : self.size, : self.size]


class AdamOptimizer(torch.optim.Optimizer):
    """`tf.train.AdamOptimizer` and Keras 2's `Adam`: epsilon is added to the uncorrected root of the second moment.

    decay: Keras's, of the rate by the number of updates before.
    """

    def __init__(self, var_list: Iterable[Tensor], learning_rate: float, beta1: float, decay: float = 0.0) -> None:
        super().__init__(list(var_list), {})
        self.var_list = self.param_groups[0]["params"]
        self.learning_rate, self.beta1, self.beta2, self.epsilon, self.decay = learning_rate, beta1, 0.999, 1e-8, decay
        self.m = [torch.zeros_like(variable) for variable in self.var_list]
        self.v = [torch.zeros_like(variable) for variable in self.var_list]
        self.iterations = 0

    def minimize(self, loss: Tensor) -> Tensor:
        """One update; like TensorFlow, it computes gradients of its own variables only. Returns the loss before it."""
        for variable, gradient in zip(self.var_list, torch.autograd.grad(loss, self.var_list), strict=True):
            variable.grad = gradient
        self.step()
        return loss.detach()

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure
        rate = self.learning_rate / (1 + self.decay * self.iterations)
        self.iterations += 1
        rate *= sqrt(1 - self.beta2**self.iterations) / (1 - self.beta1**self.iterations)
        for variable, m, v in zip(self.var_list, self.m, self.v, strict=True):
            m.lerp_(variable.grad, 1 - self.beta1)
            v.mul_(self.beta2).addcmul_(variable.grad, variable.grad, value=1 - self.beta2)
            variable.addcdiv_(m, v.sqrt().add_(self.epsilon), value=-rate)
