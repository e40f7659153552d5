"""The form of a new training: the command that it makes, and the field that a refusal names."""

import pytest

from honmono.studio.folders import Folders
from honmono.studio.form import Form, WrongField, words


WRONG = {
    "recipe": [{"recipe": "dcgan-digit"}, {"recipe": "mine.py:gan"}, {"recipe": "--help"}, {"recipe": "x" * 2_000}],
    "data": [{"data": "/etc"}, {"data": "nothing"}, {"data": "../runs"}, {"recipe": "gan-grid", "data": "digits"}]
    + [{"recipe": "dcgan-digits", "data": "grid"}, {"recipe": "folder"}, {"recipe": "dcgan-mnist"}],
    "size": [{"size": "large"}, {"size": "-8"}, {"size": "0"}, {"size": "8x"}, {"data": "grid", "size": "8"}],
    "steps": [{"steps": "many"}, {"steps": "-1"}, {"steps": "0"}, {"steps": "1.5"}, {"steps": "9" * 40}],
    "batch_size": [{"batch_size": "x"}, {"batch_size": "0"}],
    "seed": [{"seed": "x"}, {"seed": "1e3"}],
    "changes": [{"changes": "training.step=3"}, {"changes": "nonsense"}, {"changes": "--resume=x"}]
    + [
        {"changes": "training.log_every=often"},
        {"changes": "data.source=/etc"},
        {"changes": "data=Pictures(source='/etc')"},
    ],
}


@pytest.mark.parametrize(("field", "given"), [(field, one) for field, all in WRONG.items() for one in all])
def test_a_refusal_names_its_field(folders: Folders, field: str, given: dict[str, str]) -> None:
    with pytest.raises(WrongField) as refused:
        words(Form(**given), folders)
    assert refused.value.field == field and "\n" not in str(refused.value)


def test_the_command_is_that_of_the_terminal(folders: Folders) -> None:
    (folders.data / "faces").mkdir()
    form = Form(
        recipe="folder", data="faces", size="16", steps="5", batch_size="8", seed="3", changes="conditional=false\n"
    )
    made = (
        f"--data {folders.data.resolve() / 'faces'} --size 16 --steps 5 --batch-size 8 --seed 3 --set conditional=false"
    )
    assert words(form, folders) == ("folder", ["folder", *made.split()])


def test_an_empty_form_trains_the_default(folders: Folders) -> None:
    assert words(Form(), folders) == ("dcgan-digits", ["dcgan-digits"])
    assert words(Form(data="ring"), folders) == ("gan-grid", ["gan-grid", "--data", "ring"])
