"""Noticing a run that has died: numbers that are no numbers, and players that have saturated."""

from collections.abc import Mapping, Sequence

import numpy as np

from honmono.objectives.base import ADVERSARIAL, Objective


WINDOW = 100  # steps
NEAR = 1e-3  # how close to its bound a loss must stay to count as saturated


class Health:
    """Watches the totals of both players' losses over the last 100 steps."""

    def __init__(self, objective: Objective) -> None:
        self._bounds = objective.bounds()
        self._window: dict[str, list[float]] = {}
        self._warned: set[str] = set()

    def broken(self, steps: Sequence[int], rows: Sequence[Mapping[str, float]]) -> str | None:
        """Which loss stopped being a number, and when, in plain words; None while all is well."""
        for step, row in zip(steps, rows, strict=True):
            for name, value in row.items():
                if not np.isfinite(value):
                    return f"the loss {name} became {value} at step {step}"
        return None

    def warnings(self, rows: Sequence[Mapping[str, float]]) -> list[str]:
        """What to tell of players whose loss has stayed at one of its bounds for the whole window; each told once."""
        told = []
        for player, bounds in self._bounds.items():
            adversarial = [f"{player}.{name}" for name in ADVERSARIAL]
            parts = [[value for name, value in row.items() if name in adversarial] for row in rows]
            totals = [sum(part) for part in parts if part]  # a player that did not move in a step has no losses there
            window = self._window[player] = (self._window.get(player, []) + totals)[-WINDOW:]
            stuck = next(
                (b for b in bounds if len(window) == WINDOW and np.abs(np.subtract(window, b)).max() < NEAR),
                None,
            )
            if stuck is None:
                self._warned.discard(player)
            elif player not in self._warned:
                self._warned.add(player)
                told.append(_explain(player, stuck, stuck == max(bounds)))
        return told


def _explain(player: str, bound: float, highest: bool) -> str:
    loser = player if highest else ("generator" if player == "discriminator" else "discriminator")
    winner = "discriminator" if loser == "generator" else "generator"
    return (
        f"the {player}'s loss has stayed at its {'highest' if highest else 'lowest'} possible value ({bound:.4g}) for"
        f" {WINDOW} steps: the {winner} wins outright and the {loser} learns almost nothing. A lower learning rate for"
        f" the {winner} often helps (--set optimizers.{winner}.lr=...)"
    )
