"""`list`, `show`, `env`, and `data`: what they print, and one JSON document where it is asked for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honmono.cli.output import table
from honmono.recipe.registry import entries, find


Command = Callable[..., Any]


def document(said: Any) -> Any:
    """The one JSON document on standard output."""
    assert said.code == 0 and said.err == ""
    return json.loads(said.out)


def test_list_prints_every_recipe(call: Command) -> None:
    rows = document(call("list", "--json"))
    assert [row["name"] for row in rows] == sorted(entries())
    assert all(list(row) == ["name", "source", "data", "summary"] for row in rows)
    header, *lines = call("list").out.splitlines()
    assert header.split() == ["name", "source", "data", "summary"]
    assert [line.split()[0] for line in lines] == sorted(entries())
    assert all(row["summary"] in line for row, line in zip(rows, lines, strict=True))


@pytest.mark.parametrize("name", sorted(entries()))
def test_show_prints_every_field(call: Command, name: str) -> None:
    call("data", "pack", "digits")  # which tells of it only the first time
    said = document(call("show", name, "--json"))
    assert list(said) == ["name", "source", "quirks", "fields", "parameters"]
    assert said["name"] == name and set(said["parameters"]) == {*entries()[name].make().networks}
    text = call("show", name).out
    assert find(name).summary in text and f"source: {said['source']}" in text
    assert all(f"quirk: {quirk}" in text for quirk in said["quirks"])
    assert f"generator {said['parameters']['generator']:,}" in text
    assert {line.split()[0] for line in text.splitlines()} >= set(said["fields"])


def test_show_with_a_field_changed(call: Command) -> None:
    words = ["--set", "training.steps=7", "--set", "training.average=Average(halflife=9)", "--set", "data.source=a=b"]
    fields = document(call("show", "dcgan-folder", "--json", *words))["fields"]
    assert fields["training.steps"] == 7 and fields["training.average"] == "Average"
    assert fields["training.average.halflife"] == 9 and fields["data.source"] == "a=b"


def test_numbers_that_json_has_no_word_for_are_strict_too(call: Command) -> None:
    document(call("show", "gan-grid", "--json", "--set", "optimizers.generator.lr=1e999"))


def test_env_says_what_would_be_chosen(call: Command) -> None:
    said = document(call("env", "--json"))
    assert said["command"] == "honmono env --json"
    assert set(said["chosen"]) == {"device", "precision", "compile", "processes", "threads", "layout"}
    assert {"python", "torch", "honmono", "cores", "devices"} <= set(said)
    assert any(line.startswith("torch ") for line in call("env").out.splitlines())


def test_data_is_checked_and_packed(call: Command, here: Path) -> None:
    np.save("grey.npy", np.random.default_rng(0).integers(0, 256, (40, 16, 16), np.uint8))
    report = call("data", "check", "grey.npy", "--json")
    assert report.code == 0 and isinstance(json.loads(report.out), dict)
    assert "40" in call("data", "check", "grey.npy").out
    packed = call("data", "pack", "grey.npy", "--size", 8)
    assert packed.code == 0 and "1x8x8" in packed.out
    assert Path(packed.out.split("packed at ")[1].strip()).is_dir()
    assert {path.name for path in here.iterdir()} == {"grey.npy"}


@pytest.mark.parametrize("words", [["--help"], [], ["train", "-h"], ["data", "--help"]])
def test_help_is_printed_on_standard_output(call: Command, words: list[str]) -> None:
    said = call(*words)
    assert said.code == 0 and said.err == "" and said.out.startswith("Usage: honmono")


def test_tables_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "name"), [["long cell", "x"], ["b", ""]])
    assert capsys.readouterr().out == "a          name\nlong cell  x\nb\n"
