"""The three losses that the WGAN article describes but does not compare: standard GAN, WGAN and Coulomb GAN."""

from honmono.studies.study import Case, Study


SEEDS = (0, 1, 2)
CLOSE, WIDE = "2 apart, sigma 0.05", "10.5 apart, sigma 0.316"


STUDY = Study(
    name="gan-losses-on-a-grid",
    article="the blog article 'WGAN' of 3 December 2017 (Keras), its comparison of three losses",
    asks="how well does each loss learn 25 Gaussians, and what do the discriminator's scores look like?",
    facts=(
        "Standard GAN: D learns 1 on real and 0 on fake points by cross-entropy; nothing else constrains its scores.",
        "WGAN: D is trained to be low on real and high on fake points, and weight clipping constrains its scores.",
        "Coulomb GAN: real points are positive charges, fake points negative ones; D learns their potential by a"
        " squared loss.",
        "This article trains only the WGAN; an earlier one trained the Coulomb GAN, whose G developed differently.",
    ),
    inferred=(
        "The article's WGAN trains on a wider grid than the other cases; here it is trained on both. Numbers on"
        " different grids are not compared.",
        "Networks, learning rates and lengths are each recipe's own: see what differs between the recipes.",
    ),
    cases=(
        Case(label="standard GAN", recipe="gan-grid", seeds=SEEDS, settings={"loss": "cross-entropy", "grid": CLOSE}),
        Case(
            label="WGAN of the article",
            recipe="wgan-grid-article",
            seeds=SEEDS,
            settings={"loss": "difference of means, clipped", "grid": WIDE},
            published="near all 25 centres, not exactly",
        ),
        Case(
            label="WGAN on the others' grid",
            recipe="wgan-grid-article",
            changes={"data": "Grid()"},
            seeds=SEEDS,
            settings={"loss": "difference of means, clipped", "grid": CLOSE},
        ),
        Case(
            label="WGAN with a gradient penalty",
            recipe="wgan-gp-grid",
            seeds=SEEDS,
            settings={"loss": "difference of means, gradient norms near 1", "grid": CLOSE},
        ),
        Case(
            label="Coulomb GAN",
            recipe="coulomb-grid",
            seeds=SEEDS,
            settings={"loss": "squared error to the potential", "grid": CLOSE},
        ),
    ),
    frames=(0.05, 0.1, 0.25, 0.5, 1.0),
)
