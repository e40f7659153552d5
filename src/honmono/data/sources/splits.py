"""Which folders are the splits of a data set, under the many names that people give them."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from honmono.errors import Refused


Role = Literal["train", "test", "val", "other"]

_WORDS: dict[Role, str] = {
    "train": "train training trainset trainval trn",
    "test": "test testing testset tst eval evaluation",
    "val": "val valid validation valset dev devel development",
    "other": "pred predict prediction predictions unlabeled unlabelled extra holdout query gallery submission",
}
_ROLES: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}
_MODIFIERS = frozenset("a b set sets split data dataset image images img imgs picture pictures photos full".split())
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def words_of(name: str) -> list[str]:
    """The words and numbers in a file name, in lower case: `cars`, `train` for `cars_train` or `CarsTrain`."""
    return [part.lower() for part in _PART.findall(name)]


def role_of(name: str) -> Role | None:
    """Which split a folder of that name is where its siblings are splits too; None where the name has no such word."""
    roles: set[Role] = {_ROLES[word] for word in words_of(name) if word in _ROLES}
    return roles.pop() if len(roles) == 1 else None


def splits_among(folders: Iterable[str]) -> dict[str, Role]:
    """The role of each of sibling folders, where they are the splits of a data set; {} where they are not.

    Their names say so all in the same way (`cars_train` and `cars_test`, but not `bullet_train` and `crash_test`). A
    folder with another name is a split where it is beside a train split and one to test or validate with.
    """
    roles: dict[str, Role | None] = {name: role_of(name) for name in sorted(folders)}
    known: dict[str, Role] = {name: role for name, role in roles.items() if role is not None}
    plain: dict[str, Role] = {name: role for name, role in known.items() if not _other_words(name)}
    known = plain or known  # `Training` and `Test` alone, where `test-multiple_fruits` is beside them
    others = {_other_words(name) for name in known}
    if len(others) != 1:
        return {}
    found = {*known.values()}
    alone = others == {()} and (
        "train" in found or len(found) > 1 or all(_ROLES.get(name.lower(), "other") != "other" for name in known)
    )
    if len(known) == len(roles) and (alone or len(found) > 1):
        return known
    if "train" not in found or not found & {"test", "val"}:
        return {}
    return {**dict.fromkeys(roles, "other"), **known}


def choose_split(source: str, splits: Mapping[str, Role], wanted: str | None) -> str:
    """The split of that name, else the only one of that role; by default the train split. Raises `Refused`."""
    names = sorted(splits)
    if wanted is None and len(names) == 1:
        return names[0]
    named = [name for name in names if name.lower() == (wanted or "train").lower()]
    of_role = [name for name in names if splits[name] == role_of(wanted or "train")]
    if named or (of_role and (wanted is None or len(of_role) == 1)):
        return (named or of_role)[0]
    choices = ", ".join(f"'{source}@{name}'" for name in names)
    raise Refused(f"{source} has no split {wanted or 'train'!r}: give {choices}")


def _other_words(name: str) -> tuple[str, ...]:
    return tuple(
        word for word in words_of(name) if word not in _ROLES and word not in _MODIFIERS and not word.isdigit()
    )
