"""The trainer: runs a recipe's update program step by step, and keeps its run directory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol

import torch
from torch import Tensor

from honmono.data.base import Batch, Dataset, Interface
from honmono.data.batches import Stream
from honmono.devices import failing_in_a_line
from honmono.errors import Failed
from honmono.networks.batch_norm import set_mode
from honmono.objectives.base import Draws, Players
from honmono.randomness import reseed, seed_of
from honmono.recipe.build import build_networks, check_coupling, check_least_batch, check_parts, couples
from honmono.recipe.updates import PlayerName, Together, Update
from honmono.recipe.value import Recipe, settled
from honmono.runs.checkpoints import Checkpoint
from honmono.runs.log import loss_column
from honmono.training import optimizer_state
from honmono.training.ema import AveragedGenerator
from honmono.training.engine import Engine, frozen, out_of_memory
from honmono.training.growing import Growing
from honmono.training.inputs import Clock, Moment, fresh_batches
from honmono.training.rehearsal import refusing, rehearsal, take_gradients
from honmono.training.shared_fakes import GivenFakes, SharedFakes


PLAYERS: tuple[PlayerName, ...] = ("generator", "discriminator")


class Keeper(Protocol):
    """Who is told of every step: it logs, pictures, saves, and may end the training by an exception."""

    def after(self, losses: dict[str, Tensor]) -> None: ...


class Trainer:
    """A recipe in training: networks, optimizers, averages and clock."""

    def __init__(self, recipe: Recipe, dataset: Dataset, engine: Engine) -> None:
        recipe = settled(recipe, list(dataset.class_counts.values()), dataset.length)
        self.recipe, self.dataset, self.engine, self.clock = recipe, dataset, engine, Clock()
        self.interface = Interface(dataset.sample_shape, dataset.classes)
        dataset.to(engine.device, engine.dtype)
        networks = [engine.place(network) for network in build_networks(recipe, self.interface)]
        check_coupling(recipe, networks)
        check_parts(recipe, engine.processes)
        self.networks = dict(zip(PLAYERS, networks, strict=True))
        average = recipe.training.average
        self.average = AveragedGenerator(self.networks["generator"], average) if average else None
        every = [*networks, self.average.module] if self.average else networks
        self._growing = Growing(recipe.growth, recipe, every) if recipe.growth else None
        sizes = self._growing.batch_size if self._growing else None
        batch_size, seed, conditional = recipe.training.batch_size, recipe.training.seed, bool(recipe.conditional)
        self._stream = Stream(dataset, recipe.data, batch_size, seed, sizes, conditional)
        least = self._growing.least_batch if self._growing and recipe.data.drop_last else self._stream.least_size
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
        clock, seen, logged = self.clock, self.clock.images, {}
        clock.step += 1
        self._ordinal = 0
        self._set_rates()
        moment = self._moment(clock)
        for entry in self.recipe.updates:
            if isinstance(entry, Together):
                due = [update for update in entry.updates for _ in range(update.times(clock.step))]
                for update in due:  # every gradient before any player moves
                    logged |= self._gradient(update, moment)
                for player in PLAYERS:  # in one order: every process must sum the same gradients at the same time
                    if any(update.player == player for update in due):
                        self._move(player)
                continue
            for _ in range(entry.times(clock.step)):
                logged |= self._gradient(entry, moment)
                self._move(entry.player)
        self._fakes.forget("generator")
        if self.average:
            self.average.follow(self.networks["generator"], clock.images, clock.images - seen)
        self._grow()
        return logged

    def _moment(self, clock: Clock) -> Moment:
        shown = self._growing.shown if self._growing else None
        return Moment(self.recipe, self._stream, len(self.interface.classes), self.engine, clock, shown)

    def _grow(self) -> None:
        """Moves growing networks to where the clock says, before anyone saves: a resume finds them there too."""
        if self._growing and self._growing.move_to(self.clock.images) and self._growing.growth.reset_optimizers:
            for optimizer in self.optimizers.values():
                optimizer.state.clear()

    def _gradient(self, update: Update, moment: Moment) -> dict[str, Tensor]:
        """Adds the gradient of one player's loss to its parameters, weighted by this process's share of the batch."""
        batch, size = moment.real(update)
        draws = moment.draws(update, batch, size)
        logged: dict[str, Tensor] = {}
        self._clip(update.player, "before")
        self._reseed()
        fake = self._fakes.of(update, draws)
        with self._turn_of(update.player):
            for part, share in self._parts(batch, draws, size):
                losses = self._losses[update.player](*part, draws.factors, fake)
                (torch.stack(list(losses.values())).sum() * share).backward()
                for name, loss in losses.items():
                    column, loss = loss_column(update.player, name), loss.detach() * share
                    logged[column] = logged[column] + loss if column in logged else loss
        self._fakes.backward(update, fake)
        return logged

    def _move(self, name: PlayerName) -> None:
        self.engine.sum_gradients(list(self.networks[name].parameters()))
        self.optimizers[name].step()
        self.optimizers[name].zero_grad(set_to_none=True)
        self._clip(name, "after")
        self._fakes.forget(name)

    @torch.no_grad()
    def _clip(self, name: PlayerName, when: Literal["before", "after"]) -> None:
        """Weights back within their bounds, where the recipe has some and this is the time."""
        clip = self.recipe.clip
        if clip and (clip.player, clip.when) == (name, when):
            for parameter in self.networks[name].parameters():
                parameter.clamp_(-clip.bound, clip.bound)
            self._fakes.forget(name)

    @contextmanager
    def _turn_of(self, name: PlayerName) -> Iterator[None]:
        """The other player is frozen; the discriminator's running statistics move in its own update alone."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        set_mode(discriminator, "train" if name == "discriminator" else "batch")
        with frozen(discriminator if name == "generator" else generator):
            yield

    def _parts(self, batch: Batch, draws: Draws, size: int) -> Iterator[tuple[tuple[Tensor | None, ...], float]]:
        """The arguments of a loss in `accumulate` parts, each with its share of the global batch."""
        inputs = (batch.real, batch.label, draws.latent, draws.label, draws.chance)
        local, pieces = len(batch.real), min(self.recipe.training.accumulate, len(batch.real))
        weight = self.engine.weight(size)
        edges = [local * piece // pieces for piece in range(pieces + 1)]
        for start, stop in zip(edges, edges[1:], strict=False):
            yield tuple(t if t is None else t[start:stop] for t in inputs), weight * (stop - start) / local

    def _loss(self, name: PlayerName) -> Callable[..., dict[str, Tensor]]:
        """A player's whole loss as a function of tensors: what is compiled, penalties included."""
        objective, players = self.recipe.objective, self._players
        classes = len(self.interface.classes) if self.recipe.conditional else 0
        method = objective.generator_loss if name == "generator" else objective.discriminator_loss

        def loss(
            real: Tensor,
            label: Tensor | None,
            latent: Tensor,
            fake_label: Tensor | None,
            chance: Tensor | None,
            factors: Mapping[str, Tensor],
            fake: Tensor | None = None,
        ) -> dict[str, Tensor]:
            draws = Draws(latent, fake_label, factors, chance, classes)
            given = players if fake is None else players._replace(generator=GivenFakes(players.generator, draws, fake))
            return dict(method(given, Batch(real, label), draws))

        return loss

    def _reseed(self) -> None:
        seed, clock = self.recipe.training.seed, self.clock
        reseed(seed_of(seed, f"network:{self.engine.rank}", clock.step, self._ordinal), self.engine.device)
        self._ordinal += 1

    def rehearse(self) -> None:
        """Takes both players' gradients once, leaving no trace: what cannot be trained is refused before anything is
        created."""
        moment = self._moment(Clock(step=1))
        with rehearsal(self.networks, self.engine):
            for name in ("discriminator", "generator"):
                update = Update(name, draws="rehearsal", real="rehearsal")
                batch, size = moment.real(update)
                draws = moment.draws(update, batch, size)
                part, _ = next(self._parts(batch, draws, size))
                self._reseed()
                with refusing(name, len(batch.real), self.engine), self._turn_of(name):
                    take_gradients(name, self.networks[name], self._loss(name)(*part, draws.factors))

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
            for _ in range(fresh_batches(self.recipe, step)):
                seen += self._stream.size_at(seen)
        return step

    def growth(self, steps: int) -> list[str]:
        """How the networks will grow in so many steps, in lines to tell; none where they do not."""
        return self._growing.words(steps * fresh_batches(self.recipe, steps)) if self._growing else []

    @property
    def epoch_images(self) -> int | None:
        """Images seen in one epoch of the data; None where it is endless."""
        return self._stream.epoch_length

    def fit(self, steps: int, keeper: Keeper) -> None:
        """Trains up to step `steps`; the keeper is told of every step."""
        while self.clock.step < steps:
            try:
                with failing_in_a_line(self.engine.choices.compile):
                    losses = self.step()
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                raise Failed(
                    f"step {self.clock.step} needs more memory than {self.engine.device} has left: free some and go on "
                    "from the last checkpoint with --resume, or begin anew with smaller batches "
                    "(--batch-size, or --set training.accumulate=2 for the same batches in parts)"
                ) from error
            keeper.after(losses)

    def reals(self) -> Iterator[Batch]:
        """Real samples in the order of training, from the beginning, without end; the clock does not move."""
        images = 0
        while True:
            batch = self._stream.batch(images)
            images += len(batch.real)
            yield batch

    def shown(self, real: Tensor) -> Tensor:
        """Real samples as the players see them now: at the present size of networks that grow."""
        return self._growing.shown(real) if self._growing else real

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
