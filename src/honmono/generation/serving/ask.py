"""What one request asks for, with the options of `honmono sample`, and the model that they choose."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model


MOST_EVALUATIONS = 2_000  # of the network for one sample: DDPM's 1,000 steps, with guidance


class Ask(BaseModel):
    """The query of a request for samples."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num: int = Field(1, ge=1, description="number of samples")
    label: str | None = Field(None, description="name of the class; all in turn by default")
    label_index: int | None = Field(None, description="number of the class, from 0")
    seed: int = Field(0, description="seed of the latents")
    truncation: float | None = Field(None, description="resample normal latents beyond this value")
    batch_norm: str | None = Field(None, description="statistics: running, batch or identity")
    sampler_steps: int | None = Field(None, description="steps from noise to a sample")
    solver: str | None = Field(None, description="of a flow: euler, midpoint or heun")
    guidance: float | None = Field(None, description="above 1: more typical of the class")
    format: Literal["png", "npy", "json"] = Field("png", description="a grid, the generator's own values, or both")


def model_for(trained: TrainedRun, ask: Ask) -> Model:
    """The run's model, sampled as asked. Raises `Refused` for values that it has no use for, or that take too long."""
    model = trained.model.with_sampler(steps=ask.sampler_steps, solver=ask.solver, guidance=ask.guidance)
    most = max(MOST_EVALUATIONS, trained.model.sampler.evaluations)
    if model.sampler.evaluations > most:
        raise Refused(
            f"--sampler-steps {ask.sampler_steps}: a sample may take {most:,} evaluations of the network: give fewer"
        )
    return model if ask.batch_norm is None else model.with_batch_norm(ask.batch_norm)


def class_of(trained: TrainedRun, ask: Ask) -> int | None:
    """The number of the requested class; None: all in turn."""
    if ask.label is not None and ask.label_index is not None:
        raise Refused("label and label_index: give only one of them")
    if ask.label_index is not None:
        return trained.class_number(trained.class_name(ask.label_index))
    return None if ask.label is None else trained.class_number(ask.label)
