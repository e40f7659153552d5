"""The lower bounds that pyproject.toml promises are those that `make test-lowest` installs."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement


ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(path: str) -> dict[str, Requirement]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    listed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in listed}


def bounds() -> dict[str, str]:
    """The lower bound of each package that pyproject.toml names, ours aside."""
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    named = [requirement for requirement in map(Requirement, texts) if requirement.name != "honmono"]
    assert all(str(requirement.specifier).startswith(">=") for requirement in named), "lower bounds only"
    return {requirement.name: str(requirement.specifier).removeprefix(">=") for requirement in named}


def test_the_lowest_versions_are_the_lower_bounds() -> None:
    lowest, promised = requirements("constraints-lowest.txt"), bounds()
    assert {name: str(one.specifier) for name, one in lowest.items()} == {n: f"=={promised[n]}" for n in lowest}
    assert {Requirement(text).name for text in PROJECT["dependencies"]} <= set(lowest)


def test_what_is_developed_with_is_within_the_bounds() -> None:
    pinned = {name.lower(): one for name, one in requirements("constraints.txt").items()}
    for text in PROJECT["dependencies"]:
        promised = Requirement(text)
        version = str(pinned[promised.name].specifier).removeprefix("==")
        assert promised.specifier.contains(version), f"{promised}, and constraints.txt pins {version}"
