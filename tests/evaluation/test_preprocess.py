"""Fakes become the pictures that a feature network takes, by the same ways as reals."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from honmono.data.packing.fit import fitted
from honmono.errors import Refused
from honmono.evaluation.preprocess import FeaturePreprocessing, quantized, recoloured


def pictures(number: int, channels: int, side: int) -> Tensor:
    random = np.random.default_rng(side)
    return torch.from_numpy(random.integers(256, size=(number, channels, side, side), dtype=np.uint8))


def test_samples_are_quantized_as_they_are_shown() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        samples = levels / 255 * (high - low) + low
        assert torch.equal(quantized(samples, (low, high)), levels)
        assert torch.equal(quantized(samples.double(), (low, high)), levels)
    assert quantized(torch.tensor([[[[-3.0, 3.0]]]]), (-1.0, 1.0)).flatten().tolist() == [0, 255]


def test_the_right_size_is_left_alone() -> None:
    given = pictures(3, 1, 28)
    conform = FeaturePreprocessing(28, 28, 1)
    assert conform(given) is given and conform.resizing == "none"
    assert torch.equal(FeaturePreprocessing(28, 28, 1, longest=20)(given), given)


@pytest.mark.parametrize(
    ("longest", "side", "size"), [(28, 32, 28), (27, 33, 28), (20, 64, 28), (5, 32, 8), (28, 31, 30)]
)
def test_black_that_was_put_around_pictures_is_cut_off_again(longest: int, side: int, size: int) -> None:
    small = Image.fromarray(pictures(1, 1, longest).numpy()[0, 0])
    padded = torch.from_numpy(np.array(fitted(small, side, "pad")))[None, None]
    conform = FeaturePreprocessing(side, size, 1, longest)
    assert conform.resizing == f"centre crop {side} -> {size}"
    assert torch.equal(conform(padded)[0, 0], torch.from_numpy(np.array(fitted(small, size, "pad"))))


def test_padded_pictures_too_large_for_the_network_are_cut_and_resized() -> None:
    conform = FeaturePreprocessing(64, 28, 1, longest=40)
    assert conform.resizing == "centre crop 64 -> 40, antialiased bilinear 40 -> 28"
    given = pictures(2, 1, 64)
    assert torch.equal(conform(given), FeaturePreprocessing(40, 28, 1)(given[..., 12:52, 12:52]))
    assert FeaturePreprocessing(64, 28, 1, longest=90).resizing == "antialiased bilinear 64 -> 28"


def test_other_sizes_are_averaged_without_aliasing() -> None:
    conform = FeaturePreprocessing(32, 8, 1)
    assert conform.resizing == "antialiased bilinear 32 -> 8"
    stripes = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    stripes[..., ::2] = 200
    small = conform(stripes)
    assert small.shape == (1, 1, 8, 8) and small.dtype == torch.uint8
    assert int(small.min()) >= 90 and int(small.max()) <= 110
    assert FeaturePreprocessing(8, 28, 1)(pictures(2, 1, 8)).shape == (2, 1, 28, 28)
    expected = np.array(Image.fromarray(pictures(1, 1, 32).numpy()[0, 0]).resize((8, 8), Image.Resampling.BILINEAR))
    ours = FeaturePreprocessing(32, 8, 1)(pictures(1, 1, 32))[0, 0].numpy()
    assert np.abs(ours.astype(int) - expected).max() <= 1


def test_rectangles_are_stretched_to_the_network_s_square() -> None:
    conform = FeaturePreprocessing("8x12", 4, 3)
    assert conform.resizing == "antialiased bilinear 8x12 -> 4"
    halves = torch.zeros(1, 3, 8, 12, dtype=torch.uint8)
    halves[..., 6:] = 240
    small = conform(halves)
    assert small.shape == (1, 3, 4, 4) and int(small[..., 0].max()) == 0 and int(small[..., 3].min()) == 240
    assert FeaturePreprocessing("8x12", "8x12", 3)(halves) is halves


def test_transparent_pictures_are_seen_before_grey() -> None:
    given = pictures(2, 4, 8)
    given[:, 3, 0], given[:, 3, 1] = 0, 255
    seen = FeaturePreprocessing(8, 8, 3)(given)
    assert (seen[:, :, 0] == 128).all() and torch.equal(seen[:, :, 1], given[:, :3, 1])
    expected = [
        np.asarray(
            Image.alpha_composite(Image.new("RGBA", (8, 8), (128, 128, 128)), Image.fromarray(one)).convert("RGB")
        )
        for one in given.permute(0, 2, 3, 1).numpy()
    ]
    assert np.abs(seen.permute(0, 2, 3, 1).numpy().astype(int) - np.stack(expected)).max() <= 1
    smaller = FeaturePreprocessing(8, 4, 1, transparent=True)
    assert smaller(given).shape == (2, 1, 4, 4) and smaller.resizing == "before grey, antialiased bilinear 8 -> 4"


def test_colour_becomes_grey_as_it_does_in_packing() -> None:
    colour = pictures(4, 3, 8)
    expected = [np.array(Image.fromarray(one.permute(1, 2, 0).numpy()).convert("L")) for one in colour]
    np.testing.assert_array_equal(recoloured(colour, 1)[:, 0].numpy(), np.stack(expected))
    grey = pictures(4, 1, 8)
    assert torch.equal(recoloured(recoloured(grey, 3), 1), grey)
    assert torch.equal(recoloured(grey, 3)[:, 2:], grey)
    with pytest.raises(Refused, match="pictures of 2 channels"):
        recoloured(pictures(1, 2, 8), 1)
