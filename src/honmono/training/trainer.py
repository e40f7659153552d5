"""The trainer: runs a recipe's update program step by step."""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from honmono.data.base import Batch, Dataset, DataSpec
from honmono.data.batches import Batches
from honmono.devices import compilation_errors_as_failed
from honmono.errors import Failed
from honmono.generation.model import Model
from honmono.objectives.base import PlayerName, Players, Step
from honmono.randomness import reseed
from honmono.recipe.build import build_networks, check_coupling, check_least_batch, check_parts, resolve_together
from honmono.recipe.lazy_terms import adapted_optimizer, check_terms
from honmono.recipe.updates import Update, due, every_update, fresh_batches
from honmono.recipe.value import Recipe, resolve_auto
from honmono.runs.checkpoints import Checkpoint
from honmono.runs.log import by_column
from honmono.training import optimizer_state
from honmono.training.ema import AveragedGenerator
from honmono.training.engine import Engine, out_of_memory
from honmono.training.inputs import Clock, StepInputs
from honmono.training.memory import Memory
from honmono.training.rates import LearningRates
from honmono.training.rehearsal import refusing, rehearsal, take_gradients
from honmono.training.shared_fakes import SharedFakes
from honmono.training.stages import Stages
from honmono.training.turns import Turns
from honmono.training.whole_steps.state import Parts
from honmono.training.whole_steps.steps import WholeSteps


class StepCallback(Protocol):
    """Called after every step, for example to log, sample and save; an exception ends the training."""

    def after_step(self, losses: dict[str, Tensor]) -> None: ...


class Trainer:
    """Networks, optimizers, average and clock of a recipe in training."""

    def __init__(self, recipe: Recipe, dataset: Dataset, engine: Engine) -> None:
        self.dataset, self.engine, self.clock = dataset, engine, Clock()
        self.data_spec = DataSpec(dataset.sample_shape, dataset.classes)
        dataset.to(engine.device, engine.dtype)
        recipe = resolve_auto(recipe, list(dataset.class_counts.values()), dataset.length)
        built = build_networks(recipe, self.data_spec)
        self.recipe = recipe = resolve_together(recipe, built)
        engine.settle_layout(built.values())
        self.networks: dict[PlayerName, nn.Module] = {name: engine.place(network) for name, network in built.items()}
        check_coupling(recipe, self.networks)
        check_terms(recipe)
        check_parts(recipe, engine.processes)
        average = recipe.training.average
        self.average = AveragedGenerator(self.networks["generator"], average) if average else None
        every = [*self.networks.values(), *([self.average.module] if self.average else [])]
        self._stages = Stages(recipe.growth, recipe, every) if recipe.growth else None
        sizes = self._stages.batch_size if self._stages else None
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._batches = Batches(dataset, recipe.data, batch_size, seed, sizes, conditional)
        least = self._stages.least_batch if self._stages and recipe.data.drop_last else self._batches.least_size
        check_least_batch(recipe, self.networks, least // engine.processes)
        self.optimizers: dict[PlayerName, torch.optim.Optimizer] = {
            name: engine.optimizer(adapted_optimizer(recipe, name), network.parameters())
            for name, network in self.networks.items()
        }
        self._rates, self._turns = LearningRates(recipe, self.optimizers), Turns(recipe, self.networks)
        self._players = Players(*(engine.player(network) for network in self.networks.values()))
        self.memory = Memory(recipe.objective, engine)
        self._losses = {name: engine.compiled(self._loss(name)) for name in self.networks}
        self._fakes = SharedFakes(recipe, engine.compiled(self._players.generator.__call__))
        self._ordinal = 0  # of the update within its step, to seed randomness inside networks
        parts = Parts(recipe, engine, self._players, self.networks, self.optimizers, self.average, self.memory)
        self._whole = WholeSteps(parts, self._rates) if engine.choices.compile == "step" else None

    def step(self) -> dict[str, Tensor]:
        """Runs the update program once; returns losses and statistics by dotted name, weighted by this process's part
        of the batch."""
        clock, seen, logged = self.clock, self.clock.images, dict[str, Tensor]()
        clock.step += 1
        self._ordinal = 0
        inputs = self._inputs(clock)
        if self._whole:
            return self._whole.run(inputs, clock, seen)
        for group in due(self.recipe.updates, clock.step):
            for update in group:  # all gradients before any weights change
                step, size = self._prepare(update, inputs)
                totals: dict[str, Tensor] = {}
                with self._turns.of(update.player):
                    for part, share in self._parts(step, self.engine.weight(size)):
                        self._add_gradients(self._losses[update.player](part), update, share, totals)
                self._fakes.backward(update, step.shared)
                logged |= self._logged(update, totals, size)
            for player in self.networks:  # in a fixed order: all processes must sum the same gradients at the same time
                if any(update.player == player for update in group):
                    self._optimizer_step(player, seen)
        self._fakes.invalidate("generator")
        if self.average:
            self.average.update(self.networks["generator"], clock.images, clock.images - seen)
        self._grow()
        return logged

    def _add_gradients(
        self, results: Mapping[str, Tensor], update: Update, share: float, totals: dict[str, Tensor]
    ) -> None:
        """Backpropagates the losses of a part of a batch, and adds its share of losses and statistics to `totals`."""
        losses, _ = self.memory.split(results)
        (torch.stack(list(losses.values())).sum() * (share * update.weight)).backward()
        for name, value in results.items():
            value = value.detach() * share
            totals[name] = totals[name] + value if name in totals else value

    def _logged(self, update: Update, totals: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        """An update's losses and statistics by column of the log; the memory moves by the statistics."""
        losses, statistics = self.memory.split(totals)
        self.memory.remember(statistics, size)
        return by_column(update.player, losses, statistics)

    def capture(self) -> None:
        """Makes every kind of compiled step without running any. Raises `Uncapturable` where that is not possible."""
        if self._whole:
            self._whole.prepare(self._inputs)

    def _inputs(self, clock: Clock) -> StepInputs:
        resized = self._stages.downsample_real if self._stages else None
        return StepInputs(self.recipe, self._batches, len(self.data_spec.classes), self.engine, clock, resized)

    def _grow(self) -> None:
        """Updates the stage of growing networks after the step, before a checkpoint of it is written."""
        if self._stages and self._stages.update(self.clock.images) and self._stages.growth.reset_optimizers:
            for optimizer in self.optimizers.values():
                optimizer.state.clear()

    def _prepare(self, update: Update, inputs: StepInputs) -> tuple[Step, int]:
        """The inputs of an update's loss, and the number of its real samples in all processes."""
        batch, size = inputs.real(update)
        draws = inputs.draws(update, batch, size)
        self._clip(update.player, "before")
        self._reseed()
        shared = self._fakes.of(update, draws)
        return Step(self._players, batch, draws, shared, self.memory.values, update.terms), size

    def _parts(self, step: Step, weight: float) -> Iterator[tuple[Step, float]]:
        """The step in `accumulate` parts, each with its weight in the global batch; the weights sum to `weight`."""
        rows = len(step.batch.real)
        pieces = min(self.recipe.training.accumulate, rows)
        for start, stop in pairwise(rows * piece // pieces for piece in range(pieces + 1)):
            yield step if pieces == 1 else step.rows(start, stop), weight * (stop - start) / rows

    def _optimizer_step(self, name: PlayerName, images: int) -> None:
        """One update of a player, at the rate of the images seen before this step and of its own updates so far."""
        self.engine.sum_gradients(list(self.networks[name].parameters()))
        self._rates.advance(name, images)
        self.optimizers[name].step()
        self._turns.clear_gradients(name)
        self._clip(name, "after")
        self._fakes.invalidate(name)

    @torch.no_grad()
    def _clip(self, name: PlayerName, when: Literal["before", "after"]) -> None:
        """Clips the weights of a player, if the recipe says so for it and for this time."""
        clip = self.recipe.clip
        if clip and (clip.player, clip.when) == (name, when):
            for parameter in self.networks[name].parameters():
                parameter.clamp_(-clip.bound, clip.bound)
            self._fakes.invalidate(name)

    def _loss(self, name: PlayerName) -> Callable[[Step], Mapping[str, Tensor]]:
        """A player's whole loss, penalties included, which is compiled as one function."""
        objective = self.recipe.objective
        return objective.generator_loss if name == "generator" else objective.discriminator_loss

    def _reseed(self) -> None:
        seed, purpose = self.recipe.training.seed, f"network:{self.engine.rank}"
        reseed(self.engine.device, seed, purpose, self.clock.step, self._ordinal)
        self._ordinal += 1

    def rehearse(self) -> float:
        """Computes the gradients of every kind of update once, without side effects, the discriminator's first; returns
        the seconds that a step takes by it. Raises `Refused` if they cannot be trained."""
        seconds = 0.0
        inputs = self._inputs(Clock(step=1))
        with rehearsal(self.networks, self.engine):
            every = every_update(self.recipe.updates)
            kinds = dict.fromkeys(Update(one.player, "rehearsal", "rehearsal", terms=one.terms) for one in every)
            for update in sorted(kinds, key=lambda update: update.player):
                name, started = update.player, time.perf_counter()
                batch, size = inputs.real(update)
                draws = inputs.draws(update, batch, size)
                step = Step(self._players, batch, draws, memory=self.memory.values, terms=update.terms)
                part, _ = next(self._parts(step, 1.0))
                self._reseed()
                with refusing(name, len(batch.real), self.engine), self._turns.of(name):
                    losses, statistics = self.memory.split(self._loss(name)(part))
                    take_gradients(name, self.networks[name], losses, statistics)
                times = sum(one.rate for one in every if (one.player, one.terms) == (name, update.terms))
                pieces = min(self.recipe.training.accumulate, len(batch.real))
                seconds += times * pieces * (time.perf_counter() - started)
        return seconds

    def rates(self) -> dict[PlayerName, float]:
        """Each player's learning rate in the latest step."""
        return self._rates.current()

    def steps_for(self, images: int) -> int:
        """The number of steps from the start after which at least `images` images have been seen."""
        step, seen = 0, 0
        while seen < images:
            step += 1
            for _ in range(fresh_batches(self.recipe.updates, step)):
                seen += self._batches.size_at(seen)
        return step

    def growth(self, steps: int) -> list[str]:
        """Lines for the user on how the networks grow within `steps` steps; [] if they do not grow."""
        return self._stages.describe(steps * fresh_batches(self.recipe.updates, steps)) if self._stages else []

    @property
    def epoch_images(self) -> int | None:
        """The number of images in one epoch; None if the data is infinite."""
        return self._batches.epoch_length

    def fit(self, steps: int, callback: StepCallback) -> None:
        """Trains up to step `steps`; the callback is called after each."""
        while self.clock.step < steps:
            try:
                with compilation_errors_as_failed(self.engine.choices.compile):
                    losses = self.step()
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                raise Failed(
                    f"step {self.clock.step} needs more memory than {self.engine.device} has left: free some and "
                    "--resume from the last checkpoint, or start a new run with a smaller --batch-size, or with "
                    "--set training.accumulate=2 (the same batches in two parts)"
                ) from error
            callback.after_step(losses)

    def reals(self) -> Iterator[Batch]:
        """An endless iterator of real batches in training order, from the start; the clock does not change."""
        images = 0
        while True:
            batch = self._batches.batch(images)
            images += len(batch.real)
            yield batch

    def downsample_real(self, real: Tensor) -> Tensor:
        """Real samples as the networks get them now: at the current size of growing networks."""
        return self._stages.downsample_real(real) if self._stages else real

    def downsample_fake(self, fake: Tensor) -> Tensor:
        """Full-size fakes as the discriminator gets them now: at the current size of growing networks."""
        return self._stages.downsample_fake(fake) if self._stages else fake

    def model(self) -> Model:
        """The generator to sample from: the averaged one where the recipe averages."""
        if self.average:
            return Model(self.average.module, self.recipe, self.data_spec, "average")
        return Model(self.networks["generator"], self.recipe, self.data_spec, "raw")

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """All tensors of a checkpoint: players, average, optimizer states, the objective's memory."""
        groups = {name: dict(network.state_dict()) for name, network in self.networks.items()}
        if self.average:
            groups["average"] = dict(self.average.module.state_dict())
        for name, optimizer in self.optimizers.items():
            groups[f"optimizer-{name}"] = optimizer_state.tensors(optimizer)
        return groups | ({"objective": self.memory.values} if self.memory.values else {})

    def restore(self, checkpoint: Checkpoint) -> None:
        """Loads the networks, optimizer states, memory and clock of a checkpoint."""
        modules: dict[str, nn.Module] = {**self.networks}
        if self.average:
            modules["average"] = self.average.module
        for name, module in modules.items():
            module.load_state_dict(checkpoint.tensors[name])
        for name, optimizer in self.optimizers.items():
            optimizer_state.restore(optimizer, checkpoint.tensors[f"optimizer-{name}"])
        if self.memory.values:
            self.memory.restore(checkpoint.tensors["objective"])
        self.clock.step, self.clock.images = checkpoint.state["step"], checkpoint.state["images"]
        self._rates.restore(self.clock.step)
        if self._whole:
            self._whole.forget()
        if self._stages:
            self._stages.update(self.clock.images)
