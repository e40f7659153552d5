"""The WGAN article's settings: six with which its WGAN fails, one with which it succeeds, and no clipping."""

from honmono.studies.study import Case, Study, Trace


STEPS_OF_EPOCH = 195
NO_CLIPPING = "no clipping"


def setting(label: str, decay: str, rate: str, critic: int, clip: str, published: str) -> Case:
    """A column of the article's tables; both players share the decay and the learning rate."""
    return Case(
        label=label,
        recipe="wgan-grid-article",
        changes={
            "training.learning_rates.generator.decay": decay,
            "training.learning_rates.discriminator.decay": decay,
            "optimizers.generator.lr": rate,
            "optimizers.discriminator.lr": rate,
            "updates.0.count": critic,
            "clip.bound": clip,
        },
        settings={"decay": decay, "learning rate": rate, "critic updates": str(critic), "clip": clip},
        published=published,
    )


STUDY = Study(
    name="wgan-parameters",
    article="the blog article 'WGAN' of 3 December 2017 (Keras)",
    asks="with which settings does a WGAN learn 25 Gaussians, and does it need weight clipping?",
    facts=(
        "Six settings failed; one succeeded in the end, with a tenth of the first failure's 'decay'.",
        "Success means that G's points pass near all 25 centres, 'not fitted cleanly'; D's contours radiate from the"
        " centre of the plane, and G's points lie in the valleys.",
        "Without clipping the first run failed and the second succeeded; D's scores grow during training.",
        "Batches of 512, Adam with beta1 0.5; the success takes 1,000 epochs, with pictures after 100, 200, ..., 900"
        " and 999.",
    ),
    inferred=(
        "The article does not give the networks, the grid's spacing and width, or the latent's range: ours are inferred"
        " (honmono show wgan-grid-article), so its settings may fail here for other reasons.",
        "Of points spread uniformly over the window 2.2% are of high quality, and every centre has some near it by"
        " chance: many modes and a low reverse KL mean nothing unless high quality is clearly above 2.2%.",
        "In our own run of the full study, seed 0, failures 1 to 4 and 6 fail (the second's points are spread"
        " uniformly); failure 5 does not: it covers the centres, more exactly than the success. Without clipping both"
        " seeds fail. Other runs may differ.",
        "The article does not say how long the failures were trained; here as long as the success. Its picture of the"
        " last failure is from before G's points left it.",
        "Contours: ours are the minimum and maximum score on our window, which extends 15% beyond the reals on each"
        " side; the article's are the outermost lines of its plot, round numbers, on an unknown window.",
        "Our pictures are taken after 100, 200, ..., 1,000 epochs; the article's 'epoch 100' is after 101.",
    ),
    cases=(
        setting("failure 1", "1e-4", "1e-4", 1, "0.1", "failed"),
        setting("failure 2", "1e-4", "1e-4", 1, "0.01", "failed"),
        setting("failure 3", "1e-4", "1e-2", 1, "0.01", "failed"),
        setting("failure 4", "1e-4", "1e-2", 1, "0.1", "failed"),
        setting("failure 5", "1e-4", "1e-3", 1, "0.1", "failed"),
        setting("failure 6", "1e-4", "1e-3", 5, "0.1", "failed: G's points later left the picture"),
        setting("success", "1e-5", "1e-4", 1, "0.1", "succeeded: near all 25 centres"),
        Case(
            label=NO_CLIPPING,
            recipe="wgan-grid-noclip-article",
            seeds=(0, 1),
            settings={"decay": "1e-5", "learning rate": "1e-4", "critic updates": "1", "clip": "none"},
            published="1st run failed, 2nd succeeded",
        ),
    ),
    changes={"training.sample_every": str(100 * STEPS_OF_EPOCH)},
    frames=tuple(tenth / 10 for tenth in range(1, 11)),
    epoch=STEPS_OF_EPOCH * 512,
    traces=(
        Trace(
            title="Minimum and maximum of the critic's scores, without clipping and of our success",
            of="contours",
            published={
                100: (0, 600),
                200: (-4_000, 2_000),
                300: (-16_000, 12_000),
                400: (-30_000, 40_000),
                500: (-60_000, 60_000),
                600: (-100_000, 50_000),
                700: (-120_000, 90_000),
                800: (-160_000, 120_000),
                900: (-200_000, 100_000),
                999: (-180_000, 120_000),
            },
            cases=(NO_CLIPPING, "success"),
        ),
    ),
)
