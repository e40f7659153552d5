"""Fakes that updates share: made once, and as if each update had made its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from honmono.objectives.base import PLAYERS, Step
from honmono.objectives.coulomb import Coulomb
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.override import override
from honmono.recipe.updates import Simultaneous, Update
from honmono.recipe.value import Clip, Recipe
from honmono.training.shared_fakes import SharedFakes
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]
D, G = Update("discriminator", draws="z"), Update("generator", draws="z")
OWN_D, OWN_G = Update("discriminator"), Update("generator")


def passes_in_a_step(trainer: Trainer) -> int:
    """How often the generator is run in one step."""
    passes = []
    hook = trainer.networks["generator"].register_forward_hook(lambda *_: passes.append(1))
    trainer.step()
    hook.remove()
    return len(passes)


@pytest.mark.parametrize(
    ("program", "passes"),
    [
        ((D, G), 1),
        ((D, D, G), 1),
        ((Simultaneous((D, G)),), 1),
        ((replace(D, count=2), replace(G, count=2)), 2),
        ((G, G, D), 3),
        ((D, OWN_G, G), 3),
        ((OWN_D, OWN_G), 2),
        ((replace(D, draws="a"), replace(G, draws="b")), 2),
    ],
)
def test_the_generator_runs_once_for_updates_that_share_draws_until_it_moves(
    points: Recipe, in_training: Build, program: tuple, passes: int
) -> None:
    trainer = in_training(replace(points, updates=program))
    assert passes_in_a_step(trainer) == passes
    assert passes_in_a_step(trainer) == passes  # nothing is left over from the step before


def test_accumulating_recipes_share_none(points: Recipe, in_training: Build) -> None:
    alone = override(points, {"generator.batch_norm": "false", "training.accumulate": "2"})
    assert passes_in_a_step(in_training(replace(alone, updates=(D, G)))) == 4


@pytest.mark.parametrize("compile", ["off", pytest.param("on", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "changes",
    [
        {"updates": (D, G, G)},
        {"updates": (D, D, G), "clip": Clip(bound=0.05, player="generator", when="before")},
        {"updates": (Simultaneous((D, G)),), "objective": Coulomb()},
    ],
    ids=["in turn", "clipped before", "at once"],
)
def test_shared_fakes_change_no_number(
    points: Recipe, in_training: Build, monkeypatch: pytest.MonkeyPatch, changes: dict, compile: str
) -> None:
    recipe = replace(points, **changes)

    def trained() -> dict[str, Tensor]:
        trainer = in_training(recipe, precision="fp64", compile=compile)
        losses = [trainer.step() for _ in range(4)]
        weights = {f"{name}.{key}": p for name in PLAYERS for key, p in trainer.networks[name].named_parameters()}
        return {
            **weights,
            **{f"{step}.{name}": loss for step, made in enumerate(losses) for name, loss in made.items()},
        }

    shared = trained()
    monkeypatch.setattr(SharedFakes, "of", lambda *_: None)
    torch.testing.assert_close(shared, trained(), rtol=0, atol=1e-12)


@dataclass(frozen=True)
class Truncating(NonSaturating):
    """A user's objective, whose generator is judged by samples of other latents than the draws'."""

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        return super().generator_loss(step.with_draws(step.draws._replace(latent=step.draws.latent / 2)))


def test_a_generator_may_be_judged_by_other_samples(points: Recipe, in_training: Build) -> None:
    trainer = in_training(replace(points, updates=(D, G), objective=Truncating()))
    before = [p.clone() for p in trainer.networks["generator"].parameters()]
    assert passes_in_a_step(trainer) == 2
    assert all(not torch.equal(p, q) for p, q in zip(before, trainer.networks["generator"].parameters(), strict=True))
