"""What one request asks for, with the options of `honmono sample`, and the model that they choose."""

from typing import Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.generation.model import Model


MOST_EVALUATIONS = 2_000  # of the network for one sample: DDPM's 1,000 steps, with guidance
# What to do about a value, by the kind of pydantic's error, where pydantic's words are not those of a form.
WRONG = {
    "int_parsing": "give a whole number",
    "int_from_float": "give a whole number",
    "float_parsing": "give a number",
    "finite_number": "give a finite number",
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
}


class Ask(BaseModel):
    """The query of a request for samples."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    num: int = Field(1, ge=1, description="number of samples")
    label: str | None = Field(None, description="name of the class; all in turn by default")
    label_index: int | None = Field(None, description="number of the class, from 0")
    seed: int = Field(0, description="seed of the latents")
    truncation: float | None = Field(
        None, description="largest normal latent; of StyleGAN2: 0 to 1, 0 is the mean picture"
    )
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
    model = model if ask.batch_norm is None else model.with_batch_norm(ask.batch_norm)
    return model.with_truncation(ask.truncation)


def class_of(trained: TrainedRun, ask: Ask) -> int | None:
    """The number of the requested class; None: all in turn."""
    if ask.label is not None and ask.label_index is not None:
        raise Refused("label and label_index: give only one of them")
    if ask.label_index is not None:
        return trained.class_number(trained.class_name(ask.label_index))
    return None if ask.label is None else trained.class_number(ask.label)


def first_wrong(error: RequestValidationError) -> tuple[str, str]:
    """The first field of a request that is wrong, and what to do about it."""
    first = error.errors()[0]
    field = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "request")
    bound = first.get("ctx", {})
    if (least := bound.get("ge")) is not None:
        return field, f"give at least {least:g}"
    if (most := bound.get("le")) is not None:
        return field, f"give at most {most:g}"
    return field, str(WRONG.get(first["type"], first["msg"]))
