"""The WGAN article's parameters: six under which its WGAN fails, one under which it succeeds, no clipping."""

from honmono.studies.study import Case, Study, Trace


STEPS_OF_EPOCH = 195
NO_CLIPPING = "no clipping"


def setting(label: str, decay: str, rate: str, critic: int, clip: str, published: str) -> Case:
    """A column of the article's tables, of which both players share decay and learning rate."""
    return Case(
        label=label,
        recipe="wgan-grid-article",
        changes={
            "training.learning_rates.generator.decay": decay,
            "training.learning_rates.discriminator.decay": decay,
            "optimizers.generator.lr": rate,
            "optimizers.discriminator.lr": rate,
            "updates.0.count": str(critic),
            "clip.bound": clip,
        },
        settings={"decay": decay, "learning rate": rate, "critic updates": str(critic), "clip": clip},
        published=published,
    )


STUDY = Study(
    name="wgan-parameters",
    article="the blog article 'WGAN' of 3 December 2017 (Keras)",
    asks="which settings let a WGAN learn 25 Gaussians, and does it need its clipping?",
    facts=(
        "Six settings are shown as failures, one as what succeeded in the end: 'decay' a tenth of the first failure's.",
        "Success is G passing near all 25 centres, 'not fitted cleanly'; D's contours radiate from the middle, and G"
        " lies in their valleys.",
        "Without clipping the first run failed and the second succeeded; D's values grow as training goes on.",
        "Batches of 512, Adam with beta1 0.5; the success takes 1,000 epochs, with pictures after 100, 200, ..., 900"
        " and 999.",
    ),
    inferred=(
        "The article gives neither the networks nor the grid's spacing and width nor the latent's range: ours are"
        " inferences (honmono show wgan-grid-article), so that its settings need not fail here for its reasons.",
        "Of points spread evenly over the window 2.2% are of high quality, and every centre has some near it by chance:"
        " many modes and a low reverse KL say nothing where the high quality is no more than that.",
        "In our own run at full length, seed 0, failures 1 to 4 and 6 fail (the second's points are spread evenly),"
        " failure 5 does not: it covers the centres, and more cleanly than the success. Without clipping both seeds"
        " fail. Another run may differ.",
        "How long the failures were trained is not said; here as long as the success. The last one's picture is of some"
        " moment before G moved out of it.",
        "Contours: ours are the least and the greatest score on our window, 15% beyond the reals on each side, the"
        " article's the outermost lines that its plot drew, round numbers within those, on a window that is not known.",
        "Pictures are of the moment after 100, 200, ..., 1,000 epochs; the article's 'epoch 100' has seen 101.",
    ),
    cases=(
        setting("failure 1", "1e-4", "1e-4", 1, "0.1", "failed"),
        setting("failure 2", "1e-4", "1e-4", 1, "0.01", "failed"),
        setting("failure 3", "1e-4", "1e-2", 1, "0.01", "failed"),
        setting("failure 4", "1e-4", "1e-2", 1, "0.1", "failed"),
        setting("failure 5", "1e-4", "1e-3", 1, "0.1", "failed"),
        setting("failure 6", "1e-4", "1e-3", 5, "0.1", "failed: G later moved out of the picture"),
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
            title="Least and greatest of the critic's contours without clipping, and those of our success beside them",
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
