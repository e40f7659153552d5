import zipfile
from pathlib import Path

import pytest

from honmono.data.sources.formats.foreign import CONVERT
from honmono.data.sources.open import open_source
from honmono.errors import Refused


ENDINGS = [(what, ending) for what, (endings, _) in CONVERT.items() for ending in endings]


@pytest.mark.parametrize(("what", "ending"), ENDINGS)
def test_a_file_a_folder_or_an_archive_of_them_says_how_to_convert(tmp_path: Path, what: str, ending: str) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / f"data{ending}").write_bytes(b"1")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(folder / f"data{ending}", f"set/data{ending}")
    for source in (folder, folder / f"data{ending}", tmp_path / "set.zip"):
        with pytest.raises(Refused, match=f"holds {what}, which honmono does not read: ") as refusal:
            open_source(str(source))
        assert "\n" not in str(refusal.value) and "{" not in str(refusal.value)


@pytest.mark.parametrize(("start", "what"), [(bytes(128) + b"DICM", "DICOM"), (b"SIMPLE  = T", "FITS")])
def test_files_without_an_ending_are_known_by_their_first_bytes(tmp_path: Path, start: bytes, what: str) -> None:
    for number in range(3):
        (tmp_path / f"IM{number}").write_bytes(start)
    with pytest.raises(Refused, match=f"holds {what}"):
        open_source(str(tmp_path))
