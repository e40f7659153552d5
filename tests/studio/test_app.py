"""How the studio answers what it cannot do: with a page to a visitor, and with a line and its field to a script."""

from typing import Any

import pytest


Client = Any


def test_an_address_that_leads_nowhere_is_answered_by_a_page(client: Client) -> None:
    answer = client.get("/nothing", **{"Sec-Fetch-Mode": "navigate"})
    assert answer.status == 404 and answer.headers["content-type"].startswith("text/html")
    assert b"there is no such page" in answer.body and b'href="/runs"' in answer.body
    assert client.get("/nothing").status == 404 and "no such page" in client.get("/nothing").detail


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("seed=1.5", "seed", "give a whole number"),
        ("guidance=much", "guidance", "give a number"),
        ("num=0", "num", "give at least 1"),
        ("directions=pca&moves=7", "moves", "give at most 6"),
        ("size=3", "size", "there is no such field"),
    ],
)
def test_a_wrong_value_is_answered_by_what_to_give(client: Client, query: str, field: str, said: str) -> None:
    answer = client.get(f"/explore/00001-dcgan-digits/samples?{query}")
    assert answer.status == 422 and answer.json == {"detail": f"{field}: {said}", "field": field}


def test_a_run_of_pictures_is_not_shown_as_points(client: Client) -> None:
    answer = client.get("/points?run=00001-dcgan-digits")
    assert answer.status == 422 and "Explore" in answer.detail
