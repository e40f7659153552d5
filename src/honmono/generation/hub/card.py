"""The card of a published model, README.md: how it is used, what it is, what it was trained on, numbers and limits."""

import json
import shlex
from collections.abc import Iterator

from honmono.generation.hub.facts import DIGITS_LICENSE, Facts
from honmono.generation.load import TrainedRun
from honmono.recipe.build import count_parameters
from honmono.recipe.registry import Entry, entries
from honmono.reports.comparison.numbers import Numbers
from honmono.reports.comparison.table import number_cell
from honmono.runs.evaluations import is_detail
from honmono.runs.protocol_text import describe
from honmono.runs.protocols import arrow, better


NOT_RECORDED = "not recorded"


def card(trained: TrainedRun, facts: Facts, name: str, license: str | None, picture: str | None) -> str:
    """The card as Markdown, with the fields that the hub reads at its top.

    name: hf:OWNER/NAME, or that of a folder.
    license: an identifier of the hub; None: that of the data, where it is known.
    picture: the file of samples beside the card.
    """
    license = license or facts.license or None
    lines = [
        *_fields(trained, license),
        f"# {_plain(name.removeprefix('hf:'))}",
        "",
        *([f"![Samples of seed 0]({picture})", ""] if picture else []),
        *_use(name),
        *_model(trained),
        *_data(facts),
        *_license(facts, license),
        *_evaluation(facts.numbers),
        *_limits(trained, facts),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _fields(trained: TrainedRun, license: str | None) -> Iterator[str]:
    """YAML; its values are JSON, which YAML reads as it is, so that no text can mean anything else."""
    pictures = len(trained.model.data_spec.sample_shape) == 3
    tags = ["honmono", *(["gan"] if "discriminator" in trained.recipe.networks else [])]
    yield from ("---", 'library_name: "honmono"', f"tags: {json.dumps(tags)}")
    if license:
        yield f"license: {json.dumps(license)}"
    if pictures and not trained.classes:
        yield 'pipeline_tag: "unconditional-image-generation"'
    yield from ("---", "")


def _use(name: str) -> Iterator[str]:
    yield from ("With `pip install 'honmono[hf]'`:", "", "```python", "import honmono", "")
    yield f"run = honmono.load({json.dumps(name, ensure_ascii=False)})  # reads weights and JSON, and runs no code"
    yield from ("samples = run.sample(64)", "```", "", "```sh")
    yield from (f"honmono sample {shlex.quote(name)} --num 64 --out samples.png", "```", "")


def _model(trained: TrainedRun) -> Iterator[str]:
    entry: Entry | None = entries().get(trained.name)  # never `find`, which runs the file that a name may lead to
    shape = "×".join(map(str, trained.model.data_spec.sample_shape))
    yield from ("## Model", "", f"- Recipe: {code(trained.name)}" + (f", {entry.source}" if entry else ""))
    yield f"- Samples: float32 of shape {shape}; {count_parameters(trained.model.generator):,} parameters"
    yield f"- Weights: {trained.weights}, of step {trained.step:,}, after {trained.images:,} samples of the data"
    if trained.classes:
        yield f"- Classes: {', '.join(map(code, trained.classes))}"
    if trained.source:
        yield f"- These weights came from {code(trained.source)}"
    yield from ("- Every other field: `config.json`", "")


def _data(facts: Facts) -> Iterator[str]:
    yield from ("## Training", "", f"- Data: {code(facts.data)}")
    yield f"- Fingerprint of the data: {code(facts.fingerprint) if facts.fingerprint else NOT_RECORDED}"
    if facts.parent:
        yield f"- Its first weights were those of the run {code(facts.parent)}"
    if not facts.commands:
        yield from (f"- Command: {NOT_RECORDED}", "")
        return
    yield from ("- Command, without folders:", "", "```sh", *map(_line, facts.commands), "```", "")


def _license(facts: Facts, license: str | None) -> Iterator[str]:
    yield from ("## License", "")
    if facts.license == "":
        yield "The data are points that honmono draws by a formula; nobody has rights in them."
    if facts.license == DIGITS_LICENSE:
        yield "The data are Alpaydin and Kaynak's *Optical Recognition of Handwritten Digits* (UCI), under CC BY 4.0."
    elif license:
        yield "Whoever published the model gave its license, and says by it that the license of the data allows it."
    yield from (f"The model: {license}." if license else "No license was given for the model.", "")


def _evaluation(numbers: Numbers | None) -> Iterator[str]:
    yield from ("## Evaluation", "")
    if numbers is None:
        yield from ("These weights have not been measured (`honmono evaluate`).", "")
        return
    main = {key: number for key, number in numbers.numbers.items() if not is_detail(key)}
    yield from ("| number | value |", "|---|---|")
    for key, number in main.items():
        cell = number_cell(number)
        heading = f"{code(key).replace('|', chr(92) + '|')} {arrow(better(key, number.record))}".rstrip()
        yield f"| {heading} | {cell.text}{f' {cell.more}' if cell.more else ''} |"
    when = "during training" if numbers.during_training else "after training"
    yield from ("", f"Measured {when}, by this protocol; numbers of other protocols cannot be compared with these:", "")
    yield from (f"- {_plain(line)}" for line in describe(number.record for number in main.values()))
    yield from (f"- Note: {_plain(note)}" for note in numbers.notes)
    yield ""


def _limits(trained: TrainedRun, facts: Facts) -> Iterator[str]:
    yield from ("## Limits", "")
    yield "- Samples are like the training data: what is rare, missing or wrong in them is so here too."
    if len(trained.model.data_spec.sample_shape) == 3:
        yield "- A sample may repeat a training picture. `honmono evaluate RUN --metrics neighbours` shows the nearest."
        yield "- Samples have one size. Distances in features of honmono's own networks compare with no paper's."
    for kind, classes in facts.warnings.items():
        where = f" (classes {', '.join(map(code, classes))})" if classes else ""
        yield f"- A warning was in force when training ended: {code(kind)}{where}"
    entry = entries().get(trained.name)
    yield from (f"- The recipe as it comes: {quirk}" for quirk in (entry.quirks if entry else ()))


def code(text: str) -> str:
    """A text from a run, as code: its signs mean nothing in Markdown."""
    return f"`{_line(text)}`"


def _line(text: str) -> str:
    """In one line that does not end the code around it."""
    return " ".join(text.split()).replace("`", "'")


def _plain(text: str) -> str:
    """The text in one line, without characters that could begin a tag."""
    return " ".join(text.split()).replace("<", "&lt;")
