"""RealnessGAN's choices: three losses of G, the number of outcomes and of G's updates, the distance of its anchors."""

from collections.abc import Mapping

from honmono.studies.study import Case, Study


NONE: Mapping[str, str] = {}


def case(
    label: str,
    changes: Mapping[str, str] = NONE,
    *,
    equation: int = 19,
    outcomes: int = 20,
    updates: int = 1,
    divergence: str = "2.83, sampled",
    published: str = "",
) -> Case:
    """The article's recipe with one thing changed. divergence: KL(A1 || A0) of its anchors, in nats."""
    fields = {
        "objective.equation": equation,
        "discriminator.outcomes": outcomes,
        "objective.anchors.outcomes": outcomes,
        "updates.1.count": updates,
    }
    settings = {
        "equation": str(equation),
        "outcomes": str(outcomes),
        "updates of G": str(updates),
        "KL(A1 || A0)": divergence,
    }
    return Case(
        label=label,
        recipe="realness-cifar10-article",
        changes={**fields, **changes},
        settings=settings,
        published=published,
    )


def anchors(mean: float, deviation: float) -> dict[str, str]:
    """Normal anchors around -mean and mean, computed exactly instead of sampled."""
    return {
        "objective.anchors.real": f"NormalAnchor({mean}, {deviation})",
        "objective.anchors.fake": f"NormalAnchor({-mean}, {deviation})",
        "objective.anchors.samples": "none",
    }


EXACT = anchors(1.0, 1.0)  # the article's, in the limit of many samples


STUDY = Study(
    name="realness-objectives",
    article="'RealnessGANを実装してみた' (Qiita, in Japanese), on Xiangli et al. 2020 (OpenReview B1lPaCNtPB)",
    asks="which loss of G, how many outcomes and which distance of the anchors are best for RealnessGAN?",
    facts=(
        "Of G's three losses the paper found equation 19 best; with 18, the plain minimax one, training goes badly.",
        "According to the paper more outcomes are better, and need more updates of G.",
        "According to the paper a larger divergence between the anchors of real and fake is better.",
        "Its own run, equation 19 with 20 outcomes, generates 'fairly well'; it shows epochs 0, 10, 100 and 500.",
    ),
    inferred=(
        "The article trains only the first case; the others try what it says of the paper on its own networks.",
        "Pictures come in the stored order: CIFAR-10's own files mix the classes; of a folder for each class they"
        " alternate.",
        "One seed each: differences smaller than those between seeds mean nothing (use --seeds 3). Sampled anchors are"
        " the same under every seed (they have a seed of their own, objective.anchors.draw_seed); other samples may"
        " give very different anchors.",
        "Sampled anchors diverge more with more outcomes, because more bins are nearly empty. Numbers of outcomes are"
        " therefore compared under exact anchors, whose divergence hardly changes.",
        "100 epochs instead of the article's 1,000; --set training.steps=390000 is the full length.",
    ),
    cases=(
        case("equation 19", published="'fairly well'"),
        case("equation 18", equation=18, published="trains badly (paper)"),
        case("equation 20", equation=20, published="worse than 19 (paper)"),
        case("other samples of anchors", {"objective.anchors.draw_seed": "1"}, divergence="1.50, sampled"),
        case("5 outcomes", EXACT, outcomes=5, divergence="1.33"),
        case("20 outcomes", EXACT, divergence="1.43"),
        case("50 outcomes", EXACT, outcomes=50, divergence="1.43"),
        case("20 outcomes, 3 updates of G", EXACT, updates=3, divergence="1.43"),
        case("50 outcomes, 3 updates of G", EXACT, outcomes=50, updates=3, divergence="1.43"),
        case("anchors N(±0.5, 1)", anchors(0.5, 1.0), divergence="0.38"),
        case("anchors N(±1, 0.7)", anchors(1.0, 0.7), divergence="3.61"),
        case("anchors N(±1, 0.5)", anchors(1.0, 0.5), divergence="7.68"),
    ),
    changes={
        "training.steps": 100 * 390,
        "training.sample_every": 10 * 390,
        "training.measure_images": 10 * 390 * 128,
    },
    frames=(0.1, 0.3, 0.5, 0.7, 1.0),
    epoch=390 * 128,
)
