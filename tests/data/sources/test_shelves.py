import hashlib

import pytest

from honmono.data.sources.base import Classes
from honmono.data.sources.layout import lay_out
from honmono.errors import Refused


def classes_of(*names: str, classes: Classes = "auto") -> tuple[str, ...]:
    return lay_out("there", names, None, classes).listing.classes


def keys(number: int) -> list[str]:
    return [hashlib.sha1(str(place).encode()).hexdigest() for place in range(number)]


SHELVES = {
    "FFHQ": [f"set/{place // 1000 * 1000:05}/{place:05}.png" for place in range(0, 3000, 50)],
    "thinned": [f"{place // 1000 * 1000:05}/{place:05}.png" for place in (1, 2, 3, 1005, 2001, 2999, 5000)],
    "StyleGAN": [f"{place // 10:05}/img{place:08}.png" for place in range(25)],
    "LSUN": ["/".join((*key[:6], f"{key}.webp")) for key in keys(40)],
    "two letters": [f"{key[:2]}/{key}.png" for key in keys(40)],
    "parts": [f"part_{place // 10}/{place}.png" for place in range(30)],
    "clips": [f"clip_{place // 10:03}/frame_{place % 10}.png" for place in range(40)],
    "people": [f"person {place}/1.png" for place in range(20)],
    "roles": ["images/1.png", "images/2.png", "photos/1.png"],
}


@pytest.mark.parametrize("kind", SHELVES)
def test_shelves_are_no_classes_and_a_line_says_how_to_take_them(kind: str) -> None:
    layout = lay_out("there", SHELVES[kind], None)
    assert layout.listing.classes == () and len(layout.listing.items) == len(SHELVES[kind])
    (note,) = layout.listing.notes
    assert note.startswith("no classes") and "--classes folders" in note
    assert len(classes_of(*SHELVES[kind], classes="folders")) > 1


CLASSES = {
    "digits": [f"{place % 10}/{place}.png" for place in range(50)],
    "traffic signs": [f"{label:05}/{place:05}.png" for label in range(4) for place in range(5 + 3 * label)],
    "synsets": [
        f"{name}/{name}_{place}.JPEG" for name in ("n01440764", "n02102040", "n02979186") for place in range(8)
    ],
    "letters": [f"{letter}/{letter}{place}.jpg" for letter in "ABC" for place in range(8)],
    "ages": [f"{age}/{place}.png" for age in (10, 20, 30) for place in range(4)],
    "numbered by word": [f"class-{place % 3}/{place}.png" for place in range(30)],
    "unlike numbers": [f"c{place:02}/{row}.png" for place in range(4) for row in range(2 + place)],
    "short names": [f"{name}/{name}_{place:06}.png" for name in ("cat", "dog") for place in range(5)],
}


@pytest.mark.parametrize("kind", CLASSES)
def test_numbered_classes_stay_classes(kind: str) -> None:
    assert classes_of(*CLASSES[kind]) == tuple(sorted({name.split("/")[0] for name in CLASSES[kind]}))
    assert classes_of(*CLASSES[kind], classes="none") == ()


def test_what_is_asked_for_and_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="no folders to take as classes"):
        classes_of("a.png", classes="folders")
    with pytest.raises(Refused, match="has no labels of its own"):
        classes_of("a/a.png", "b/b.png", classes="labels")
