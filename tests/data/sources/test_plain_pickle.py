"""What is read of a pickle, and what is refused. Whole data sets in pickles: formats/test_cifar.py."""

import pickle

import pytest

from honmono.data.sources.plain_pickle import Unsafe, load_plain


def test_a_state_is_given_to_arrays_alone() -> None:
    """An empty one, to a function of the table of constructors."""
    with pytest.raises(Unsafe, match="no array"):
        load_plain(b"\x80\x02c_codecs\nencode\n}b.")


def test_no_more_bytes_are_set_aside_than_the_file_has() -> None:
    whole = pickle.dumps(bytearray(b"abc"), protocol=5)
    assert load_plain(whole) == bytearray(b"abc")
    claiming = whole.replace((3).to_bytes(8, "little"), (300).to_bytes(8, "little"))
    with pytest.raises(Unsafe, match="claims 300"):
        load_plain(claiming)
