"""The README's and the tutorials' commands run as they stand there, and the pages name only what exists.

A block after `<!-- run -->` is run in one directory, from the top of the page to its end; one after
`<!-- file: NAME -->` is written there first. Training is cut to a few steps; all else is left as it is.
"""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from honmono.cli import main


ROOT = Path(__file__).parents[1]
REPOSITORY = re.compile(r"https://(?:github|raw\.githubusercontent)\.com/honmono/honmono/(?:blob/)?main/")
PAGES = (
    "README.md",
    "README.ja.md",
    "CONTRIBUTING.md",
    "benchmarks/README.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
)
RUN = (
    "README.md",
    "docs/tutorials/add-a-gan.md",
    "docs/tutorials/measure-honestly.md",
    "docs/tutorials/use-a-run.md",
)  # pages whose marked blocks are run
BLOCK = re.compile(r"(?:^<!-- (run|file: \S+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = {"new": "3", "resumed": "5"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[tuple[str, str, str]]:
    """A page's fenced blocks in order: their mark ("" for none), language and text."""
    return BLOCK.findall(text_of(page))


def honmono_lines(text: str) -> list[list[str]]:
    """The words of each line that calls honmono, without the comment at its end."""
    lines = [line for line in text.splitlines() if line.split()[:1] == ["honmono"]]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def call(*words: str) -> str:
    """What a process of the command prints; the test fails with all that it said where it fails."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "TERM": "dumb"}
    command = [sys.executable, "-m", "honmono", *words]
    run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert run.returncode == 0, f"honmono {shlex.join(words)}: exit {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run.stdout


def honmono(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints; run in this process, which has torch at hand, checks shapes and allows no warning."""
    if words[0] == "train" and "--steps" not in words:
        words = [*words, "--steps", STEPS["resumed" if "--resume" in words else "new"]]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "argv", ["honmono", *words])
        main()
    printed = capsys.readouterr()
    assert not end.value.code, f"honmono {shlex.join(words)}: exit {end.value.code}\n{printed.out}\n{printed.err}"
    return printed.out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with some pictures of one's own: `my-pictures/<class>/*.png`."""
    samples, labels = load_digits(return_X_y=True)
    pixels = (np.asarray(samples)[:80].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    for place, label in enumerate(np.asarray(labels)[:80]):
        picture = Image.fromarray(pixels[place]).resize((32, 32))
        path = tmp_path / "my-pictures" / f"class-{label}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    return tmp_path


@pytest.mark.parametrize("page", RUN)
def test_a_page_does_what_it_says(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for mark, language, text in blocks(page):
        if mark.startswith("file: "):
            Path(mark.removeprefix("file: ")).write_text(text)
        elif mark == "run" and language == "python":
            exec(text, {})
        elif mark == "run":
            for words in honmono_lines(text):
                check_pictures(words, honmono(words, capsys))


def test_the_guide_s_python_runs() -> None:
    marked = [text for mark, language, text in blocks("docs/guide.md") if (mark, language) == ("run", "python")]
    assert marked
    for text in marked:
        exec(text, {})


def check_pictures(words: list[str], printed: str) -> None:
    """`train` ends by naming a picture that it made; `--out` makes what it names."""
    if words[0] == "train":
        named = re.findall(r"\S+\.png", printed.strip().splitlines()[-1])
        assert named, f"the last line names no picture:\n{printed}"
        with Image.open(named[-1]) as picture:
            assert min(picture.size) > 0
    if "--out" in words and words[0] == "compare":
        assert Path(words[words.index("--out") + 1]).read_text().startswith("<!DOCTYPE html>")
    elif words[0] == "export":
        assert Path(words[words.index("--out") + 1]).exists()
    elif "--raw" in words:
        assert np.isfinite(np.load(words[words.index("--out") + 1])).all()
    elif "--out" in words:
        with Image.open(words[words.index("--out") + 1]) as picture:
            assert len(np.unique(np.asarray(picture))) > 1, "one colour only"


def test_every_honmono_command_of_the_readme_is_run() -> None:
    unmarked = [text for mark, _, text in blocks("README.md") if mark != "run" and honmono_lines(text)]
    assert not unmarked, "put <!-- run --> before:\n" + "\n".join(unmarked)
    assert sum(mark == "run" for mark, _, _ in blocks("README.md")) == text_of("README.md").count("<!-- run -->")


@cache
def help_of(verb: str) -> str:
    return call(*verb.split(), "--help")


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_and_option_on_a_page_exists(page: str) -> None:
    for _, _, text in blocks(page):
        for verb, *words in honmono_lines(text):
            if verb == "data":
                verb = f"data {words[0]}"
            options = {word.split("=")[0] for word in words if word.startswith("--")}
            known = set(re.findall(r"--[a-z][a-z-]*", help_of(verb)))
            assert options <= known, f"{page}: honmono {verb} has no {', '.join(sorted(options - known))}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_and_link_on_a_page_exists(page: str) -> None:
    text = text_of(page)
    in_code = [inline for inline in re.findall(r"`([^`\n]+)`", text)] + [
        line for _, _, block in blocks(page) for line in block.splitlines()
    ]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match[1] for line in in_code if (match := re.match(r"make ([a-z-]+)", line))}
    assert named <= targets, f"{page}: no such make target: {sorted(named - targets)}"
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        ours = REPOSITORY.match(link)
        path = ROOT / link[ours.end() :] if ours else (ROOT / page).parent / link
        assert path.exists() or ("://" in link and not ours), f"{page}: {link} is not there"


@pytest.mark.parametrize("page", ["docs/words.md", "docs/how-it-works.md"])
def test_every_file_of_the_code_on_a_page_exists(page: str) -> None:
    named = re.findall(r"`((?:\w+/)+(?:\w+\.py)?|\w+\.py)`", text_of(page))
    assert named
    missing = [name for name in named if not any((top / name).exists() for top in (ROOT, ROOT / "src" / "honmono"))]
    assert not missing, f"{page} names files that are not there: {missing}"


def test_the_readme_names_recipes_that_exist() -> None:
    section = text_of("README.md").split("## Recipes")[1].split("\n## ")[0]
    firsts = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)  # a row may name several recipes
    named = {name for cell in firsts for name in re.findall(r"`([\w-]+)`", cell)}
    assert named and named <= {row["name"] for row in json.loads(call("list", "--json"))}


def test_the_page_of_recipes_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "recipes.py"))
    assert script["page"]() == text_of("docs/recipes.md"), "write it again: python benchmarks/recipes.py"
    assert re.findall(r"^\| `([\w-]+)` \|", script["page"](), re.MULTILINE)


def test_data_sets_in_the_guide_are_understood_as_it_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path))
    script = runpy.run_path(str(ROOT / "benchmarks" / "data_sets.py"))
    _, _, rest = text_of("docs/guide.md").partition(script["BEGIN"])
    assert rest.partition(script["END"])[0] == f"\n{script['section']()}\n", "write it: python benchmarks/data_sets.py"


@pytest.mark.parametrize("verb", ["--help", "list"])
def test_help_and_list_answer_at_once(verb: str) -> None:
    """Under half a second of the processor: how long a busy machine keeps them waiting is not theirs."""

    def seconds() -> float:
        before = os.times()
        call(verb)
        after = os.times()
        return (after.children_user - before.children_user) + (after.children_system - before.children_system)

    assert min(seconds() for _ in range(3)) < 0.5
