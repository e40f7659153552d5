"""The form of a new training: its fields, and what is wrong with the first of them that is."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

from honmono.data.choose import suitable
from honmono.data.packing.sizes import Size
from honmono.errors import Refused, did_you_mean
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.recipes import catalogue
from honmono.studio.folders import Folders
from honmono.training.options import TrainOptions, recipe_for


WHOLE = {"steps": "training.steps", "batch_size": "training.batch_size", "seed": "training.seed"}
LONGEST = 1_000  # characters of a field


class WrongField(Refused):
    """A refusal with the name of the form's field that it is about."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Form(BaseModel):
    """The fields as texts; "" for those left empty. changes: a FIELD=VALUE on each line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = ""
    data: str = ""
    size: str = ""
    steps: str = ""
    batch_size: str = ""
    seed: str = ""
    changes: str = ""


def words(form: Form, folders: Folders) -> tuple[str, list[str]]:
    """The recipe's name, and the words after `honmono train`. Raises `WrongField` for the first wrong field."""
    if long := [name for name, text in form if len(text) > LONGEST]:
        raise WrongField(long[0], f"give at most {LONGEST:,} characters")
    source = _checked("data", lambda: folders.source(form.data.strip())) if form.data.strip() else None
    name = form.recipe.strip() or _checked("data", lambda: suitable(source)[0])
    names = [row["name"] for row in catalogue()]
    if name not in names:  # a file with a recipe would run its code
        raise WrongField("recipe", f"no recipe is named {name!r}{did_you_mean(name, names)}")
    given: dict[str, Any] = {"data": source} if source else {}
    recipe = _try(name, "data", given)
    if form.size.strip():
        given["size"] = _size(form.size.strip())
        recipe = _try(name, "size", given)
    for field in WHOLE:
        if text := getattr(form, field).strip():
            given[field] = _whole(field, text)
            recipe = _try(name, field, given)
    if changes := _changes(form.changes):
        recipe = _try(name, "changes", given | {"changes": changes})
    chosen = getattr(recipe.data, "source", None)
    if not folders.allows(chosen):
        field = "changes" if any(name.partition(".")[0] == "data" for name in changes) else "data"
        raise WrongField(field, f"{chosen} is not in {folders.data}: put the data there, and give its name here")
    if chosen is None and hasattr(recipe.data, "source"):
        raise WrongField("data", f"{name} takes any pictures and needs to know which: give their name")
    options = [word for field, value in given.items() for word in (f"--{field.replace('_', '-')}", str(value))]
    return name, [name, *options, *(word for pair in changes.items() for word in ("--set", "=".join(pair)))]


def _try(name: str, field: str, given: dict[str, Any]) -> Recipe:
    return _checked(field, lambda: recipe_for(find(name), TrainOptions(recipe=name, **given)))


def _checked(field: str, make: Any) -> Any:
    """What a function makes, its refusal as one of this field."""
    try:
        return make()
    except Refused as refused:
        raise WrongField(field, str(refused)) from refused


def _size(text: str) -> Size:
    if text.isdecimal() and text.isascii():
        return int(text)
    if not re.fullmatch(r"[0-9]{1,5}x[0-9]{1,5}", text):
        raise WrongField("size", f"size {text[:80]!r}: give a number of pixels, or HEIGHTxWIDTH")
    return text


def _whole(field: str, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise WrongField(field, f"{field} {text[:80]!r}: give a whole number")
    return int(text)


def _changes(text: str) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if not re.match(r"[A-Za-z_][\w.]*=", line):
            raise WrongField("changes", f"{line[:80]!r}: write FIELD=VALUE on each line, as training.log_every=10")
    return {field: value for field, _, value in (line.partition("=") for line in lines)}
