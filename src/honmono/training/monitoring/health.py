"""Noticing a run that has died: numbers that are no numbers, and players that have saturated."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from honmono.objectives.base import ADVERSARIAL, Objective
from honmono.recipe.updates import PlayerName


WINDOW = 100  # steps
# How close to its bound a loss must stay to count as saturated. Of the standard GAN's discriminator it means that it
# gives reals and fakes 99.5% on average.
NEAR = 1e-2


class Saturated(NamedTuple):
    """A player whose loss stays at a bound, and what to say of it."""

    winner: PlayerName
    text: str


class Health:
    """Watches the totals of both players' losses over the last 100 steps.

    It sees a player that has won only where certainty has a value: of the Wasserstein loss and of Coulomb potentials no
    score says how sure the discriminator is, and in a healthy run too it may score every real above every fake; of
    RealnessGAN's cross-entropy the least value changes with the anchors that are drawn. Under R1 and its kin the
    discriminator stays short of certainty, which is what they are for; a generator that dies there is seen by what it
    draws.
    """

    def __init__(self, objective: Objective) -> None:
        unbounded = (-inf, inf)
        self._bounds = {"discriminator": unbounded, "generator": unbounded} | dict(objective.bounds())
        self._window: dict[str, list[float]] = {}

    def broken(self, steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> str | None:
        """Which loss stopped being a number, and when, in plain words; None while all is well."""
        for step, row in zip(steps, rows, strict=True):
            for name, value in row.items():
                if not np.isfinite(value):
                    return f"the loss {name} became {value} at step {step}"
        return None

    @property
    def full(self) -> bool:
        """Whether the window has been filled; after a resume it begins anew."""
        return all(len(window) == WINDOW for window in self._window.values())

    def saturated(self, rows: Sequence[Mapping[str, float]]) -> list[Saturated]:
        """The players whose loss has stayed at one of its bounds for the whole window, now that these rows are in."""
        found = []
        for player, bounds in self._bounds.items():
            adversarial = [f"{player}.{name}" for name in ADVERSARIAL]
            parts = [[value for name, value in row.items() if name in adversarial] for row in rows]
            totals = [sum(part) for part in parts if part]  # a player that did not move in a step has no losses there
            window = self._window[player] = (self._window.get(player, []) + totals)[-WINDOW:]
            stuck = next(
                (b for b in bounds if len(window) == WINDOW and np.abs(np.subtract(window, b)).max() < NEAR),
                None,
            )
            if stuck is not None:
                found.append(_explained(player, stuck, stuck == max(bounds)))
        return found


def _explained(player: str, bound: float, highest: bool) -> Saturated:
    won: dict[bool, PlayerName] = {True: "discriminator", False: "generator"}
    winner = won[(player == "generator") == highest]
    loser = won[winner == "generator"]
    text = (
        f"the {player}'s loss has stayed at its {'highest' if highest else 'lowest'} possible value ({bound:.4g})"
        f" within {NEAR:g} for {WINDOW} steps: the {winner} wins outright and the {loser} learns almost nothing"
    )
    return Saturated(winner, text)
