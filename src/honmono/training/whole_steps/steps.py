"""Steps as compiled functions: one for each kind of step, made at its first use."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from honmono.objectives.base import PlayerName
from honmono.recipe.updates import Simultaneous, Update, due
from honmono.recipe.value import Recipe
from honmono.training.inputs import Clock, StepInputs
from honmono.training.rates import LearningRates
from honmono.training.shared_fakes import names_of_shared
from honmono.training.whole_steps.inputs import Given
from honmono.training.whole_steps.program import Program
from honmono.training.whole_steps.state import Parts, State
from honmono.training.whole_steps.traced import TracedStep
from honmono.training.whole_steps.uncapturable import Uncapturable


MOST_UPDATES = 12  # in one compiled function: compiling takes longer with each
KINDS_WITHIN = 1_000  # the steps in which every kind of step occurs


class Group(NamedTuple):
    """Simultaneous updates, the inputs of each, and the players that move after them."""

    updates: tuple[Update, ...]
    given: list[Given]
    moved: list[PlayerName]


class WholeSteps:
    """Runs whole steps as compiled functions, in place of one update after the other.

    All tensors stay where they are, optimizer states included, so that checkpoints do not depend on it.
    """

    def __init__(self, parts: Parts, rates: LearningRates) -> None:
        self._parts, self._rates = parts, rates
        self._programs: dict[tuple[object, ...], Program] = {}
        self._names: dict[PlayerName, tuple[str, ...]] = {}
        self.forget()

    @cached_property
    def _state(self) -> State:
        _check(self._parts)
        return State(self._parts)

    def forget(self) -> None:
        """Must be called when optimizers or memory hold other tensors than before."""
        self._tensors: dict[Program, list[Tensor]] = {}
        self._counters: dict[PlayerName, list[Tensor]] = {}
        self._counts: dict[PlayerName, int] = {}

    def prepare(self, inputs: Callable[[Clock], StepInputs]) -> None:
        """Makes the function of every kind of step without running any.

        inputs: those of a step. Raises `Uncapturable` where a step cannot be one function.
        """
        for step in _kinds(self._parts.recipe.updates, KINDS_WITHIN):
            for block, averages in _blocks(self._groups(inputs(Clock(step)), step), self._parts.recipe):
                self._program(block, averages)

    def run(self, inputs: StepInputs, clock: Clock, seen: int) -> dict[str, Tensor]:
        """Runs a step; returns its losses and statistics by column of the log. seen: images before it."""
        groups, logged = self._groups(inputs, clock.step), dict[str, Tensor]()
        average = self._parts.average
        decay = average.decay(clock.images, clock.images - seen) if average else 1.0
        for block, averages in _blocks(groups, self._parts.recipe):
            program = self._program(block, averages)
            if program not in self._tensors:
                self._tensors[program] = self._state.at(program.places)
            numbers = [number for group in block for number in self._numbers(group, seen)] + [1.0 - decay]
            given = [one for group in block for one in group.given]
            logged |= program(self._tensors[program], given, self._parts.engine.numbers(numbers))
        return logged

    def _groups(self, inputs: StepInputs, step: int) -> list[Group]:
        groups = []
        for updates in due(self._parts.recipe.updates, step):
            given = []
            for update in updates:
                batch, size = inputs.real(update)
                given.append(Given(batch, inputs.draws(update, batch, size), size))
            moved = {update.player for update in updates}
            groups.append(Group(updates, given, [player for player in self._parts.networks if player in moved]))
        return groups

    def _numbers(self, group: Group, seen: int) -> list[float]:
        """The inputs of the optimizers' formulas; their counts of steps move."""
        numbers = list[float]()
        for player in group.moved:
            if player not in self._counts:
                self._counters[player] = self._state.counters(player, self._names[player])
                self._counts[player] = int(self._counters[player][0]) if self._counters[player] else 0
            self._counts[player] += 1
            if self._counters[player]:
                torch._foreach_add_(self._counters[player], 1)  # pyright: ignore[reportPrivateImportUsage]
            numbers += self._state.formulas[player].numbers(self._rates.advance(player, seen), self._counts[player])
        return numbers

    def _program(self, block: list[Group], averages: bool) -> Program:
        key = (averages, *((group.updates, *(one.size for one in group.given)) for group in block))
        if key not in self._programs:
            updates, given = [group.updates for group in block], [one for group in block for one in group.given]
            formulas = [self._state.formulas[player] for group in block for player in group.moved]
            numbers = [number for formula in formulas for number in formula.numbers(1.0, 1)] + [1.0]
            step = TracedStep(self._parts, self._state, updates, averages)
            program = Program(self._parts, self._state, step, given, self._parts.engine.numbers(numbers))
            for player, names in program.updated.items():
                if names and self._names.setdefault(player, names) != names:
                    raise Uncapturable(f"some weights of the {player} are not trained in all of its updates")
            self._programs[key] = program
        return self._programs[key]


def _kinds(updates: tuple[Update | Simultaneous, ...], steps: int) -> list[int]:
    """The first of the steps 1 to `steps` of each kind: with other updates than the steps before."""
    first = dict[tuple[object, ...], int]()
    for step in range(1, steps + 1):
        first.setdefault(tuple(due(updates, step)), step)
    return list(first.values())


def _blocks(groups: list[Group], recipe: Recipe) -> list[tuple[list[Group], bool]]:
    """The parts of a step that are one function each, and whether the average moves after it."""
    if sum(len(group.updates) for group in groups) <= MOST_UPDATES:
        return [(groups, True)]
    if names_of_shared(recipe):
        raise Uncapturable("its step has too many updates, which share fakes")
    return [([group], place == len(groups) - 1) for place, group in enumerate(groups)]


def _check(parts: Parts) -> None:
    recipe = parts.recipe
    if parts.engine.processes > 1:
        raise Uncapturable("several processes sum their gradients within it")
    if recipe.growth is not None:
        raise Uncapturable("its networks grow")
    if recipe.training.accumulate > 1:
        raise Uncapturable("its batches are computed in parts (training.accumulate)")
