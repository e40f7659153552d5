"""RealnessGAN's anchors, against the article's numbers and the authors' ways."""

from dataclasses import replace

import numpy as np
import pytest

from honmono.errors import Refused
from honmono.objectives.anchors import Anchors, GivenAnchor, NormalAnchor, SkewNormalAnchor, UniformAnchor, shifted
from honmono.randomness import stream


ARTICLE = Anchors()
EXACT = Anchors(samples=None)
PUBLISHED = Anchors(
    real=UniformAnchor(-1, 1), fake=NormalAnchor(0, 0.1), outcomes=51, range=None, redraw=True, skew=(-1, 1)
)


def drawn(anchors: Anchors, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return anchors.drawn(np.random.default_rng(seed))


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    return float((p * np.log((p + 1e-16) / (q + 1e-16))).sum())


def entropy(p: np.ndarray) -> float:
    return -float((p * np.log(p)).sum())


def test_the_article_s_anchors_without_their_noise() -> None:
    real, fake = drawn(EXACT)
    assert real.shape == fake.shape == (20,) and real.sum() == pytest.approx(1) == fake.sum()
    np.testing.assert_allclose(real, fake[::-1])
    assert divergence(real, fake) == pytest.approx(1.4278, abs=5e-5)
    assert entropy(real) == pytest.approx(2.7032, abs=5e-5) == pytest.approx(entropy(fake), abs=1e-4)


def test_84_percent_of_the_article_s_draws_fall_inside() -> None:
    inside = np.diff(NormalAnchor(1, 1).cdf(np.array([-2.0, 2.0])))
    assert inside == pytest.approx(0.840, abs=5e-4)
    draws = NormalAnchor(-1, 1).draw(np.random.default_rng(0), 100_000)
    assert (np.abs(draws) < 2).mean() == pytest.approx(0.840, abs=0.005)


def test_which_anchors_the_article_drew_is_chance() -> None:
    pairs = [drawn(replace(ARTICLE, draw_seed=seed)) for seed in range(200)]
    divergences = np.array([divergence(real, fake) for real, fake in pairs])
    assert divergences.mean() == pytest.approx(2.6, abs=0.3) and divergences.std() == pytest.approx(1.4, abs=0.3)
    assert divergences.min() > 1.1
    assert np.mean([(fake == 0).any() for _, fake in pairs]) == pytest.approx(0.40, abs=0.1)


def test_drawn_once_they_are_a_function_of_the_recipe() -> None:
    for a, b in zip(drawn(ARTICLE, seed=0), drawn(replace(ARTICLE), seed=1), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(drawn(ARTICLE)[0], drawn(replace(ARTICLE, draw_seed=1))[0])


def test_redrawn_they_follow_the_moment() -> None:
    redrawn = replace(ARTICLE, redraw=True)
    first, again, later = (redrawn.drawn(stream(0, "objective", step)) for step in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, later)


def test_histograms_are_shares_of_the_draws_inside() -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(1, 1, 1000)
    real, _ = drawn(replace(ARTICLE, redraw=True), seed=3)
    inside = draws[np.abs(draws) < 2]
    expected = [((low <= inside) & (inside < low + 0.2)).mean() for low in np.linspace(-2, 1.8, 20)]
    np.testing.assert_allclose(real, expected)


def test_the_authors_anchors_hardly_overlap() -> None:
    real, fake = np.stack([drawn(PUBLISHED, seed) for seed in range(100)], axis=1)
    np.testing.assert_allclose([real.sum(1), fake.sum(1)], 1)
    assert real[:, -1].mean() == pytest.approx(0.51, abs=0.01) and fake[:, 0].mean() == pytest.approx(0.51, abs=0.03)
    np.testing.assert_allclose(real[:, 26:-1].mean(0), 1 / 51, atol=0.002)  # uniform over the upper half
    lower = fake[:, 1:26].mean(0)  # half a Gaussian over the lower half
    assert lower[:8].sum() > lower[8:16].sum() > lower[16:].sum() > 0
    assert (((real > 0) & (fake > 0)).sum(1) <= 1).all()


def test_bins_of_no_fixed_range_reach_from_the_least_draw_to_the_greatest() -> None:
    real, fake = drawn(replace(PUBLISHED, skew=None))
    assert min(real[0], real[-1], fake[0], fake[-1]) > 0
    np.testing.assert_allclose(real, 1 / 51, atol=0.02)
    assert fake.argmax() in range(20, 31)


def test_moving_by_hand() -> None:
    five = np.array([0.1, 0.2, 0.4, 0.2, 0.1])  # of -1, -0.5, 0, 0.5, 1
    np.testing.assert_allclose(shifted(five, 0.0, (-1, 1)), five)
    np.testing.assert_allclose(shifted(five, 0.5, (-1, 1)), [0, 0.1, 0.2, 0.4, 0.3])
    np.testing.assert_allclose(shifted(five, -0.25, (-1, 1)), [0.2, 0.3, 0.3, 0.15, 0.05])
    np.testing.assert_allclose(shifted(five, 9.0, (-1, 1)), [0, 0, 0, 0, 1])
    rng = np.random.default_rng(0)
    assert all(shifted(five, by, (-3, 1)).sum() == pytest.approx(1) for by in rng.normal(0, 2, 20))


def test_three_outcomes() -> None:
    three = Anchors(real=UniformAnchor(-1, 1), fake=UniformAnchor(-1, 1), outcomes=3, range=(-1, 1), samples=None)
    np.testing.assert_allclose(drawn(three), [[1 / 3] * 3] * 2)
    real, fake = drawn(replace(three, skew=(-1, 1)))
    np.testing.assert_allclose(real, [0, 1 / 3, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(fake, [2 / 3, 1 / 3, 0], atol=1e-12)


def test_skew_normals_lean() -> None:
    edges = np.linspace(-4, 4, 9)
    for slant in (-5.0, 0.0, 5.0):
        shape = SkewNormalAnchor(slant)
        draws = shape.draw(np.random.default_rng(0), 200_000)
        np.testing.assert_allclose(shape.cdf(edges), [(draws < edge).mean() for edge in edges], atol=3e-3)
    np.testing.assert_allclose(SkewNormalAnchor(0.0).cdf(edges), NormalAnchor(0, 1).cdf(edges))
    # below 0 a skew normal has 1/2 - arctan(slant) / pi
    assert SkewNormalAnchor(5.0).cdf(np.zeros(1))[0] == pytest.approx(0.5 - np.arctan(5.0) / np.pi)


def test_given_probabilities_are_kept() -> None:
    given = Anchors(real=GivenAnchor((0, 1)), fake=GivenAnchor((1, 0)), outcomes=2, redraw=True)
    np.testing.assert_array_equal(drawn(given), [[0, 1], [1, 0]])
    with pytest.raises(Refused, match="outcomes is 3"):
        drawn(replace(given, outcomes=3))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"outcomes": 1}, "outcomes"),
        ({"range": (2.0, -2.0)}, "range"),
        ({"skew": (1.0, 1.0)}, "skew"),
        ({"samples": 0}, "samples"),
        ({"samples": None, "redraw": True}, "redraw"),
        ({"samples": None, "range": None}, "range"),
    ],
)
def test_what_cannot_be_drawn_is_refused(fields: dict, named: str) -> None:
    with pytest.raises(Refused, match=named):
        Anchors(**fields)


def test_shapes_without_width_are_refused() -> None:
    with pytest.raises(Refused, match="NormalAnchor.* std"):
        NormalAnchor(0.0, -1.0)
    with pytest.raises(Refused, match="UniformAnchor.* low"):
        UniformAnchor(1.0, 1.0)


@pytest.mark.parametrize("samples", [None, 10])
def test_a_range_that_nothing_falls_into_is_refused(samples: int | None) -> None:
    with pytest.raises(Refused, match="range"):
        drawn(Anchors(real=UniformAnchor(-1, 1), range=(5, 6), samples=samples))
    with pytest.raises(Refused, match="sum is 1"):
        GivenAnchor((0.5, 0.6))
