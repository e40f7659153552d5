"""Questions to RealnessGAN of its article: three losses of G, more outcomes with more updates of G, anchors apart."""

from honmono.studies.study import Case, Study


def case(
    label: str,
    changes: dict[str, str] | None = None,
    *,
    equation: int = 19,
    outcomes: int = 20,
    updates: int = 1,
    divergence: str = "2.83, drawn",
    published: str = "",
) -> Case:
    """The article's recipe with one thing changed. divergence: KL(A1 || A0) of its anchors, in nats."""
    fields = {
        "objective.equation": str(equation),
        "discriminator.outcomes": str(outcomes),
        "objective.anchors.outcomes": str(outcomes),
        "updates.1.count": str(updates),
    }
    settings = {
        "equation": str(equation),
        "outcomes": str(outcomes),
        "updates of G": str(updates),
        "KL(A1 || A0)": divergence,
    }
    changes = fields | (changes or {})
    return Case(label=label, recipe="realness-cifar10-article", changes=changes, settings=settings, published=published)


def anchors(mean: float, deviation: float) -> dict[str, str]:
    """Normal anchors around -mean and mean, exact instead of drawn."""
    return {
        "objective.anchors.real": f"NormalAnchor({mean}, {deviation})",
        "objective.anchors.fake": f"NormalAnchor({-mean}, {deviation})",
        "objective.anchors.samples": "none",
    }


EXACT = anchors(1.0, 1.0)  # the article's, in the limit of draws


STUDY = Study(
    name="realness-objectives",
    article="'RealnessGANを実装してみた' (Qiita, in Japanese), on Xiangli et al. 2020 (OpenReview B1lPaCNtPB)",
    asks="which loss of G, how many outcomes and how different anchors serve RealnessGAN best?",
    facts=(
        "Of G's three losses the paper found equation 19 best; with 18, the plain minimax one, training goes badly.",
        "The more outcomes the better, says the paper, and with more of them G should be updated more often.",
        "The larger the divergence between the anchors of real and fake the better.",
        "Its own run, equation 19 with 20 outcomes, draws 'fairly well'; pictures of epochs 0, 10, 100 and 500.",
    ),
    inferred=(
        "The article runs the first case alone; the others are what it says of the paper, tried on its own networks.",
        "Pictures come in the stored order: CIFAR-10's own files mix its classes, folders by class are read in turns.",
        "One seed each: a difference no larger than that of seeds says nothing (--seeds 3). Drawn anchors are the same"
        " under each seed, by a draw of their own (objective.anchors.draw_seed); another draw may be far from it.",
        "Drawn anchors diverge the more the more outcomes there are, through bins that are nearly empty: numbers of"
        " outcomes are compared under exact anchors, whose divergence hardly changes.",
        "100 epochs in place of its 1,000; --set training.steps=390000 is its full length.",
    ),
    cases=(
        case("equation 19", published="'fairly well'"),
        case("equation 18", equation=18, published="trains badly (paper)"),
        case("equation 20", equation=20, published="worse than 19 (paper)"),
        case("another draw of anchors", {"objective.anchors.draw_seed": "1"}, divergence="1.50, drawn"),
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
        "training.steps": str(100 * 390),
        "training.sample_every": str(10 * 390),
        "training.measure_images": str(10 * 390 * 128),
    },
    frames=(0.1, 0.3, 0.5, 0.7, 1.0),
    epoch=390 * 128,
)
