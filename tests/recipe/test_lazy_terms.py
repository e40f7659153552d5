"""Lazy updates: Adam's constants by hand, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from torch.optim import SGD, Adam

from honmono.errors import Refused
from honmono.objectives.base import ADVERSARIAL
from honmono.objectives.coulomb import Coulomb
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2
from honmono.recipe import Every, Pair, Recipe, Simultaneous, Update, WarmUp
from honmono.recipe.lazy_terms import adapted_optimizer, check_terms, share_not_lazy
from honmono.recipe.override import override
from honmono.recipe.serialize import from_json, to_json


G, MAIN = Update("generator"), Update("discriminator", real="x", terms=ADVERSARIAL)
LAZY = Update("discriminator", real="x", terms=("r1",), count=Every(4))


def with_updates(recipe: Recipe, *updates: Update | Simultaneous, **changes: Any) -> Recipe:
    return replace(recipe, updates=updates, **{"objective": NonSaturating(penalties=(R1(1.0),)), **changes})


def test_every_sixteenth_step() -> None:
    assert [step for step in range(1, 50) if Every(16).at(step)] == [16, 32, 48]
    with pytest.raises(Refused, match="steps of at least 1"):
        Every(0)


def test_adam_is_adapted_as_in_stylegan2(points: Recipe) -> None:
    recipe = with_updates(points, MAIN, replace(LAZY, count=Every(16)), G, optimizers=Pair(partial(Adam, lr=2e-3)))
    adapted = adapted_optimizer(recipe, "discriminator").keywords
    assert adapted["lr"] == pytest.approx(2e-3 * 16 / 17)
    assert adapted["betas"] == pytest.approx((0.9 ** (16 / 17), 0.999 ** (16 / 17)))
    assert adapted_optimizer(recipe, "generator") is recipe.optimizers.generator


def test_other_optimizers_keep_their_constants(points: Recipe) -> None:
    recipe = with_updates(points, MAIN, LAZY, G, optimizers=Pair(partial(SGD, lr=0.1)))
    assert adapted_optimizer(recipe, "discriminator") is recipe.optimizers.discriminator


@pytest.mark.parametrize(
    ("updates", "share"),
    [
        ((Update("discriminator"), G), 1),
        ((Update("discriminator", count=Every(4)), G), 1),  # every fourth step, but all terms
        ((MAIN, LAZY, G), 4 / 5),
        ((replace(MAIN, count=5), LAZY, G), 20 / 21),
        ((replace(MAIN, count=WarmUp(count=5)), LAZY, G), 20 / 21),
        ((MAIN, LAZY, replace(LAZY, count=Every(2)), G), 1 / (1 + 1 / 4 + 1 / 2)),
        ((Simultaneous((MAIN, LAZY, G)),), 1),  # both gradients are one optimizer step
        ((Simultaneous((MAIN, G)), LAZY), 4 / 5),
    ],
)
def test_the_share_of_other_updates(updates: tuple[Update | Simultaneous, ...], share: float) -> None:
    assert share_not_lazy(updates, "discriminator") == pytest.approx(share)
    assert share_not_lazy(updates, "generator") == 1


def test_programs_that_are_allowed(points: Recipe) -> None:
    for updates in ((MAIN, LAZY, G), (MAIN, MAIN, LAZY, G), (Update("discriminator"), G)):
        check_terms(with_updates(points, *updates))
    check_terms(with_updates(points, replace(MAIN, terms=("real", "fake", "r1")), G))


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ((MAIN, replace(LAZY, terms=("r3",)), G), r"no term 'r3'; did you mean 'r1'\? \(terms: real, fake, pair, r1\)"),
        ((Update("discriminator"), LAZY, G), "'r1' is in a lazy update and in another one"),
        ((MAIN, LAZY, LAZY, G), "'r1' is in a lazy update and in another one"),
        ((MAIN, G), "no update of the discriminator computes 'r1'"),
        ((MAIN, LAZY, replace(G, terms=("fake",))), "computes the generator's loss as a whole"),
    ],
)
def test_programs_that_are_refused(points: Recipe, updates: tuple[Update, ...], message: str) -> None:
    with pytest.raises(Refused, match=message):
        check_terms(with_updates(points, *updates))


def test_an_objective_without_terms_of_its_own_says_so(points: Recipe) -> None:
    with pytest.raises(Refused, match="Coulomb computes the discriminator's loss as a whole"):
        check_terms(with_updates(points, MAIN, G, objective=Coulomb()))


def test_a_program_with_terms_before_a_run_begins(points: Recipe, in_training: Callable[..., Any]) -> None:
    objective = NonSaturating(penalties=(R1(), R2()))
    with pytest.raises(Refused, match="computes 'r2'"):
        in_training(with_updates(points, MAIN, LAZY, G, objective=objective))


def test_it_returns_from_json_and_from_the_command_line(points: Recipe) -> None:
    updates = (MAIN, LAZY, G)
    assert from_json(to_json(updates)) == updates
    text = "(Update('discriminator', real='x', terms=('real', 'fake', 'pair')),"
    text += " Update('discriminator', real='x', terms=('r1',), count=Every(4)), Update('generator'))"
    assert override(points, {"updates": text}).updates == updates
    assert override(points, {"updates": text, "updates.1.count.steps": "8"}).updates[1] == replace(LAZY, count=Every(8))
