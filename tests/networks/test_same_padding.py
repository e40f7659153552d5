import numpy as np
import pytest
import torch

from honmono.networks.same_padding import SameConv2d, SameConvTranspose2d, same_size


def tensorflow_same(image: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's definition, pixel by pixel: (in, h, h) and (out, in, k, k) -> (out, ceil(h/stride), ...)."""
    kernel, size = weight.shape[-1], image.shape[-1]
    outputs = int(np.ceil(size / stride))
    total = max((outputs - 1) * stride + kernel - size, 0)
    before = total // 2
    result = np.zeros((len(weight), outputs, outputs))
    for row in range(outputs):
        for column in range(outputs):
            for down in range(kernel):
                for right in range(kernel):
                    y, x = row * stride + down - before, column * stride + right - before
                    if 0 <= y < size and 0 <= x < size:
                        result[:, row, column] += weight[:, :, down, right] @ image[:, y, x]
    return result


CASES = [(kernel, stride, size) for kernel in (4, 5) for stride in (1, 2) for size in (28, 14, 7, 27)]
CASES += [(5, 2, 54), (1, 2, 7), (2, 3, 9), (3, 2, 8)]


@pytest.mark.parametrize(("kernel", "stride", "size"), CASES)
def test_convolution_is_tensorflows(kernel, stride, size):
    torch.manual_seed(0)
    layer = SameConv2d(2, 3, kernel, stride).double()
    assert layer.bias is not None
    torch.nn.init.normal_(layer.bias)
    image = torch.randn(1, 2, size, size, dtype=torch.float64)
    expected = tensorflow_same(image[0].numpy(), layer.weight.detach().numpy(), stride)
    expected += layer.bias.detach().numpy()[:, None, None]
    assert np.allclose(layer(image)[0].detach().numpy(), expected)


@pytest.mark.parametrize(("kernel", "stride", "size"), CASES)
def test_transposed_convolution_is_the_gradient_of_the_convolution(kernel, stride, size):
    torch.manual_seed(0)
    layer = SameConvTranspose2d(3, 2, kernel, stride, size=size).double()
    small = torch.randn(1, 3, same_size(size, stride), same_size(size, stride), dtype=torch.float64)
    image = torch.randn(1, 2, size, size, dtype=torch.float64)
    # <conv(image), small> = <image, conv^T(small)>, with the convolution by TensorFlow's definition
    convolved = tensorflow_same(image[0].numpy(), layer.weight.detach().numpy(), stride)
    large = layer(small)
    assert large.shape == (1, 2, size, size)
    assert (convolved * small[0].numpy()).sum() == pytest.approx((large * image).sum().item())


def test_alignments_of_the_articles():
    # systems of 5x5 and 4x4 kernels: the transposed layer that reaches an odd size crops its last row and column
    for kernel, sizes in ((4, (28, 14, 7, 4)), (5, (28, 14, 7, 4)), (5, (54, 27, 14, 7))):
        x = torch.zeros(1, 1, sizes[-1], sizes[-1])
        for size in sizes[-2::-1]:
            x = SameConvTranspose2d(1, 1, kernel, 2, size=size)(x)
            assert x.shape[-1] == size
        for size in sizes[1:]:
            x = SameConv2d(1, 1, kernel, 2)(x)
            assert x.shape[-1] == size


@pytest.mark.parametrize(
    ("kernel", "size", "pads"), [(5, 28, (1, 2)), (5, 14, (1, 2)), (5, 7, (2, 2)), (4, 28, (1, 1)), (4, 7, (1, 2))]
)
def test_convolutions_are_torch_s_with_these_zeros_before_and_after(kernel: int, size: int, pads: tuple) -> None:
    torch.manual_seed(0)
    layer, image = SameConv2d(2, 3, kernel, 2), torch.randn(2, 2, size, size)
    padded = torch.nn.functional.pad(image, (*pads, *pads))
    torch.testing.assert_close(layer(image), torch.nn.functional.conv2d(padded, layer.weight, layer.bias, 2))


@pytest.mark.parametrize(
    ("kernel", "small", "size", "padding"),
    [(5, 14, 28, 1), (5, 7, 14, 1), (5, 4, 7, 2), (5, 14, 27, 2), (4, 14, 28, 1), (4, 7, 14, 1), (4, 4, 7, 1)],
)
def test_transposed_ones_are_torch_s_less_what_hangs_over(kernel: int, small: int, size: int, padding: int) -> None:
    """The last row and column are dropped. `output_padding` gives the size too, but a picture moved by a pixel."""
    torch.manual_seed(0)
    layer, maps = SameConvTranspose2d(3, 2, kernel, 2, size=size), torch.randn(2, 3, small, small)
    up = torch.nn.functional.conv_transpose2d
    made = up(maps, layer.weight, layer.bias, 2, padding)
    assert made.shape[-1] - size == (1 if (kernel, size % 2) in ((5, 0), (4, 1)) else 0)
    torch.testing.assert_close(layer(maps), made[..., :size, :size])
    if kernel == 5 and size % 2 == 0:
        mirrored = up(maps, layer.weight, layer.bias, 2, 2, 1)
        assert mirrored.shape[-1] == size and not torch.allclose(layer(maps), mirrored)
