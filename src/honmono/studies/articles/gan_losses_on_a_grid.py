"""The WGAN article's losses, which it draws but does not compare: standard GAN, WGAN and Coulomb GAN on a grid."""

from honmono.studies.study import Case, Study


SEEDS = (0, 1, 2)
CLOSE, WIDE = "2 apart, sigma 0.05", "10.5 apart, sigma 0.316"


STUDY = Study(
    name="gan-losses-on-a-grid",
    article="the blog article 'WGAN' of 3 December 2017 (Keras), its comparison of three losses",
    asks="what does each loss make of 25 Gaussians, and what does its discriminator come to look like?",
    facts=(
        "Standard GAN: D learns 1 on real and 0 on fake points by cross-entropy; nothing else binds its values.",
        "WGAN: real points are to be low and fake ones high, and clipped weights bind D's values.",
        "Coulomb GAN: real points are positive charges, fake ones negative, and D learns their potential by squares.",
        "Only the WGAN is run in this article; the Coulomb GAN was in an earlier one, whose G developed differently.",
    ),
    inferred=(
        "The article's WGAN trains on a wider grid than the others here; it stands here on both. Numbers of two grids"
        " are not compared.",
        "Networks, rates and lengths are each recipe's own, not one for all: see what differs between the recipes.",
    ),
    cases=(
        Case(label="standard GAN", recipe="gan-grid", seeds=SEEDS, settings={"loss": "cross-entropy", "grid": CLOSE}),
        Case(
            label="WGAN of the article",
            recipe="wgan-grid-article",
            seeds=SEEDS,
            settings={"loss": "difference of means, clipped", "grid": WIDE},
            published="near all 25 centres, not cleanly",
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
            settings={"loss": "difference of means, gradients near 1", "grid": CLOSE},
        ),
        Case(
            label="Coulomb GAN",
            recipe="coulomb-grid",
            seeds=SEEDS,
            settings={"loss": "squares from the potential", "grid": CLOSE},
        ),
    ),
    frames=(0.05, 0.1, 0.25, 0.5, 1.0),
)
