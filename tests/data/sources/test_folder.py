import os
import tracemalloc
from pathlib import Path

from honmono.data.sources.open import open_source


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        folder = tmp_path / str(number)
        for at in range(number):
            if at < 7:
                (folder / f"class{at}").mkdir(parents=True)
                (folder / f"class{at}" / "first.png").write_bytes(b"")
            os.link(folder / f"class{at % 7}" / "first.png", folder / f"class{at % 7}" / f"picture-{at:08}.png")
        tracemalloc.start()
        try:
            source = open_source(str(folder))
            items = source.listing().items
            assert len(items) == number + 7 == sum(1 for _ in source.contents(len(items)))
            assert [item.label for item in items[:14]] == 2 * [0, 1, 2, 3, 4, 5, 6]
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(20_000), peak(60_000)
    assert many < 1.1 * few, (few, many)
