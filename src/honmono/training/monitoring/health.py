"""Detects losses that are NaN or infinite, and players whose loss has saturated."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from honmono.objectives.base import ADVERSARIAL, Objective, PlayerName


WINDOW = 100  # steps
# How close to its bound a loss must stay to count as saturated. For the standard GAN's discriminator this is an average
# probability of 99.5% for the right answer.
NEAR = 1e-2


class Saturated(NamedTuple):
    """A player that has won, since a loss stays at a bound, and the text for the user."""

    winner: PlayerName
    text: str


class Health:
    """Checks the sum of each player's adversarial losses over the last 100 steps.

    A player that has won is detected only for bounded losses. The Wasserstein loss and Coulomb potentials have no value
    that means certainty, and the lowest cross-entropy of RealnessGAN changes with its random anchors. R1 and similar
    penalties keep the discriminator from certainty; there a failed generator is detected by its samples.
    """

    def __init__(self, objective: Objective) -> None:
        unbounded = (-inf, inf)
        self._bounds = dict.fromkeys(reversed(objective.players), unbounded) | dict(objective.bounds())
        self._window: dict[str, list[float]] = {}

    def broken(self, steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> str | None:
        """The first loss that is NaN or infinite, and its step, as a text; None if there is none."""
        for step, row in zip(steps, rows, strict=True):
            for name, value in row.items():
                if not np.isfinite(value):
                    return f"the loss {name} became {value} at step {step}"
        return None

    @property
    def full(self) -> bool:
        """Whether the window is full; it is empty after a resume."""
        return all(len(window) == WINDOW for window in self._window.values())

    def saturated(self, rows: Sequence[Mapping[str, float]]) -> list[Saturated]:
        """Adds rows of losses; returns the players whose loss stayed at a bound for the whole window."""
        found = []
        for player, bounds in self._bounds.items():
            adversarial = [f"{player}.{name}" for name in ADVERSARIAL]
            parts = [[value for name, value in row.items() if name in adversarial] for row in rows]
            totals = [sum(part) for part in parts if part]  # a player without an update in a step has no losses in it
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
        f" within {NEAR:g} for {WINDOW} steps: the {winner} has won, and the {loser} learns almost nothing"
    )
    return Saturated(winner, text)
