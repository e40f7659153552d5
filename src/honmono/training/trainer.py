"""The trainer: runs a recipe's update program step by step, and keeps its run directory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal, Protocol

import torch
from torch import Tensor

from honmono.data.base import Batch, Dataset, DataSpec
from honmono.data.batches import Batches
from honmono.devices import compilation_errors_as_failed
from honmono.errors import Failed
from honmono.networks.batch_norm import set_mode
from honmono.objectives.base import Players, Step
from honmono.randomness import reseed, seed_of
from honmono.recipe.build import build_networks, check_coupling, check_least_batch, check_parts, couples
from honmono.recipe.updates import PlayerName, Update, due, fresh_batches
from honmono.recipe.value import Recipe, resolve_auto
from honmono.runs.checkpoints import Checkpoint
from honmono.runs.log import loss_column
from honmono.training import optimizer_state
from honmono.training.ema import AveragedGenerator
from honmono.training.engine import Engine, frozen, out_of_memory
from honmono.training.inputs import Clock, StepInputs
from honmono.training.rehearsal import refusing, rehearsal, take_gradients
from honmono.training.shared_fakes import SharedFakes
from honmono.training.stages import Stages


PLAYERS: tuple[PlayerName, ...] = ("generator", "discriminator")


class StepCallback(Protocol):
    """Called after every step: it logs, samples, saves, and may end the training by an exception."""

    def after_step(self, losses: dict[str, Tensor]) -> None: ...


class Trainer:
    """A recipe in training: networks, optimizers, averages and clock."""

    def __init__(self, recipe: Recipe, dataset: Dataset, engine: Engine) -> None:
        recipe = resolve_auto(recipe, list(dataset.class_counts.values()), dataset.length)
        self.recipe, self.dataset, self.engine, self.clock = recipe, dataset, engine, Clock()
        self.data_spec = DataSpec(dataset.sample_shape, dataset.classes)
        dataset.to(engine.device, engine.dtype)
        networks = [engine.place(network) for network in build_networks(recipe, self.data_spec)]
        check_coupling(recipe, networks)
        check_parts(recipe, engine.processes)
        self.networks = dict(zip(PLAYERS, networks, strict=True))
        average = recipe.training.average
        self.average = AveragedGenerator(self.networks["generator"], average) if average else None
        every = [*networks, self.average.module] if self.average else networks
        self._growing = Stages(recipe.growth, recipe, every) if recipe.growth else None
        sizes = self._growing.batch_size if self._growing else None
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._batches = Batches(dataset, recipe.data, batch_size, seed, sizes, conditional)
        least = self._growing.least_batch if self._growing and recipe.data.drop_last else self._batches.least_size
        check_least_batch(recipe, networks, least // engine.processes)
        self.optimizers = {
            name: engine.optimizer(recipe.optimizers.of(name), self.networks[name].parameters()) for name in PLAYERS
        }
        self._base_rates = {name: self.optimizers[name].param_groups[0]["lr"] for name in PLAYERS}
        self._players = Players(*(engine.player(network) for network in networks))
        self._losses = {name: engine.compiled(self._loss(name)) for name in PLAYERS}
        self._fakes = SharedFakes(recipe, engine.compiled(self._players.generator.__call__))
        self._ordinal = 0  # of the update within its step, for randomness inside networks

    def step(self) -> dict[str, Tensor]:
        """One pass through the update program; returns each loss by its dotted name, this process's share of it."""
        clock, seen, logged = self.clock, self.clock.images, dict[str, Tensor]()
        clock.step += 1
        self._ordinal = 0
        self._set_rates()
        inputs = self._inputs(clock)
        for group in due(self.recipe.updates, clock.step):
            for update in group:  # every gradient before any player moves
                step, weight = self._prepare(update, inputs)
                terms: dict[str, Tensor] = {}
                with self._train_only(update.player):
                    for part, share in self._parts(step, weight):
                        losses = self._losses[update.player](part)
                        _add_gradients(losses, share, terms)
                self._fakes.backward(update, step.shared)
                logged |= {loss_column(update.player, name): loss for name, loss in terms.items()}
            for player in PLAYERS:  # in one order: every process must sum the same gradients at the same time
                if any(update.player == player for update in group):
                    self._optimizer_step(player)
        self._fakes.invalidate("generator")
        if self.average:
            self.average.follow(self.networks["generator"], clock.images, clock.images - seen)
        self._grow()
        return logged

    def _inputs(self, clock: Clock) -> StepInputs:
        resized = self._growing.downsample_real if self._growing else None
        return StepInputs(self.recipe, self._batches, len(self.data_spec.classes), self.engine, clock, resized)

    def _grow(self) -> None:
        """Moves growing networks to where the clock says, before anyone saves: a resume finds them there too."""
        if self._growing and self._growing.move_to(self.clock.images) and self._growing.growth.reset_optimizers:
            for optimizer in self.optimizers.values():
                optimizer.state.clear()

    def _prepare(self, update: Update, inputs: StepInputs) -> tuple[Step, float]:
        """What an update's loss is computed from, and this process's share of the global batch."""
        batch, size = inputs.real(update)
        draws = inputs.draws(update, batch, size)
        self._clip(update.player, "before")
        self._reseed()
        return Step(self._players, batch, draws, self._fakes.of(update, draws)), self.engine.weight(size)

    def _parts(self, step: Step, weight: float) -> Iterator[tuple[Step, float]]:
        """The step in `accumulate` parts, each with its share of the global batch, of which all have `weight`."""
        rows = len(step.batch.real)
        pieces = min(self.recipe.training.accumulate, rows)
        for start, stop in pairwise(rows * piece // pieces for piece in range(pieces + 1)):
            yield step if pieces == 1 else step.rows(start, stop), weight * (stop - start) / rows

    def _optimizer_step(self, name: PlayerName) -> None:
        self.engine.sum_gradients(list(self.networks[name].parameters()))
        self.optimizers[name].step()
        self.optimizers[name].zero_grad(set_to_none=True)
        self._clip(name, "after")
        self._fakes.invalidate(name)

    @torch.no_grad()
    def _clip(self, name: PlayerName, when: Literal["before", "after"]) -> None:
        """Weights back within their bounds, where the recipe has some and this is the time."""
        clip = self.recipe.clip
        if clip and (clip.player, clip.when) == (name, when):
            for parameter in self.networks[name].parameters():
                parameter.clamp_(-clip.bound, clip.bound)
            self._fakes.invalidate(name)

    @contextmanager
    def _train_only(self, name: PlayerName) -> Iterator[None]:
        """The other player is frozen; the discriminator's running statistics change in its own update alone."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        set_mode(discriminator, "train" if name == "discriminator" else "batch")
        with frozen(discriminator if name == "generator" else generator):
            yield

    def _loss(self, name: PlayerName) -> Callable[[Step], Mapping[str, Tensor]]:
        """A player's whole loss, penalties included: what is compiled."""
        objective = self.recipe.objective
        return objective.generator_loss if name == "generator" else objective.discriminator_loss

    def _reseed(self) -> None:
        seed, clock = self.recipe.training.seed, self.clock
        reseed(seed_of(seed, f"network:{self.engine.rank}", clock.step, self._ordinal), self.engine.device)
        self._ordinal += 1

    def rehearse(self) -> None:
        """Takes both players' gradients once, leaving no trace: what cannot be trained is refused before anything is
        created."""
        inputs = self._inputs(Clock(step=1))
        with rehearsal(self.networks, self.engine):
            for name in ("discriminator", "generator"):
                update = Update(name, draws="rehearsal", real="rehearsal")
                batch, size = inputs.real(update)
                step = Step(self._players, batch, inputs.draws(update, batch, size))
                part, _ = next(self._parts(step, 1.0))
                self._reseed()
                with refusing(name, len(batch.real), self.engine), self._train_only(name):
                    take_gradients(name, self.networks[name], self._loss(name)(part))

    def couples(self) -> bool:
        """Whether anything makes a sample's loss depend on its batch."""
        return couples(self.recipe, *self.networks.values())

    def rates(self) -> dict[PlayerName, float]:
        """Each player's learning rate in the latest step."""
        return {name: self.optimizers[name].param_groups[0]["lr"] for name in PLAYERS}

    def _set_rates(self) -> None:
        schedules, images = self.recipe.training.learning_rates, self.clock.images
        for name in PLAYERS:
            for group in self.optimizers[name].param_groups:
                group["lr"] = self._base_rates[name] * schedules.of(name).at(images)

    def steps_for(self, images: int) -> int:
        """The number of steps after which at least so many images have been seen, from the beginning."""
        step, seen = 0, 0
        while seen < images:
            step += 1
            for _ in range(fresh_batches(self.recipe.updates, step)):
                seen += self._batches.size_at(seen)
        return step

    def growth(self, steps: int) -> list[str]:
        """How the networks will grow in so many steps, in lines for the user; none where they do not."""
        return self._growing.describe(steps * fresh_batches(self.recipe.updates, steps)) if self._growing else []

    @property
    def epoch_images(self) -> int | None:
        """Images seen in one epoch of the data; None where it is endless."""
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
                    f"step {self.clock.step} needs more memory than {self.engine.device} has left: free some and go on "
                    "from the last checkpoint with --resume, or begin anew with smaller batches "
                    "(--batch-size, or --set training.accumulate=2 for the same batches in parts)"
                ) from error
            callback.after_step(losses)

    def reals(self) -> Iterator[Batch]:
        """Real samples in the order of training, from the beginning, without end; the clock does not move."""
        images = 0
        while True:
            batch = self._batches.batch(images)
            images += len(batch.real)
            yield batch

    def downsample_real(self, real: Tensor) -> Tensor:
        """Real samples as the players see them now: at the present size of growing networks."""
        return self._growing.downsample_real(real) if self._growing else real

    def sampler(self) -> torch.nn.Module:
        """The generator that samples are made with: the averaged one where the recipe averages."""
        return self.average.module if self.average else self.networks["generator"]

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Everything a checkpoint must hold: players, average, optimizer states."""
        groups = {name: dict(network.state_dict()) for name, network in self.networks.items()}
        if self.average:
            groups["average"] = dict(self.average.module.state_dict())
        for name, optimizer in self.optimizers.items():
            groups[f"optimizer-{name}"] = optimizer_state.tensors(optimizer)
        return groups

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes up training where the checkpoint left it."""
        modules: dict[str, torch.nn.Module] = {**self.networks}
        if self.average:
            modules["average"] = self.average.module
        for name, module in modules.items():
            module.load_state_dict(checkpoint.tensors[name])
        for name, optimizer in self.optimizers.items():
            optimizer_state.restore(optimizer, checkpoint.tensors[f"optimizer-{name}"])
        self.clock.step, self.clock.images = checkpoint.state["step"], checkpoint.state["images"]
        if self._growing:
            self._growing.move_to(self.clock.images)


def _add_gradients(losses: Mapping[str, Tensor], weight: float, terms: dict[str, Tensor]) -> None:
    """Adds the gradients of `weight` times the sum of the losses, and the losses, so weighted, to `terms`."""
    (torch.stack(list(losses.values())).sum() * weight).backward()
    for name, loss in losses.items():
        loss = loss.detach() * weight
        terms[name] = terms[name] + loss if name in terms else loss
