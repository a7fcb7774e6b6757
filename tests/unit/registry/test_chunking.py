from __future__ import annotations

from acrbridge.registry.chunking import LARGE, Chunking

MIB = 1 << 20


def proven() -> Chunking:
    chunking = Chunking()
    chunking.took(MIB, 1)
    return chunking


def test_only_large_blobs_go_in_chunks() -> None:
    assert not Chunking().wants(LARGE)
    assert Chunking().wants(LARGE + 1)


def test_the_first_chunk_is_small_until_one_was_taken() -> None:
    assert Chunking().size(0) == MIB
    assert proven().size(0) == LARGE


def test_no_chunk_is_smaller_than_the_registry_asks() -> None:
    assert Chunking().size(5 * MIB) == 5 * MIB
    assert proven().size(100 * MIB) == 100 * MIB


def test_the_size_follows_the_speed_within_bounds() -> None:
    chunking = proven()
    sizes = []
    for seconds in (3, 64, 0.1):
        chunking.took(64 * MIB, seconds)
        sizes.append(chunking.size(0) // MIB)
    assert sizes == [85, 16, 256]


def test_a_short_chunk_tells_nothing_of_the_speed() -> None:
    chunking = proven()
    chunking.took(1000, 60)
    assert chunking.size(0) == LARGE


def test_a_refused_first_chunk_has_blobs_go_whole() -> None:
    chunking = Chunking()
    assert chunking.refuse()
    assert not chunking.wants(1 << 40)


def test_who_took_a_chunk_is_not_believed_to_take_none() -> None:
    chunking = proven()
    assert not chunking.refuse()
    assert chunking.wants(LARGE + 1)


def test_a_body_refused_for_its_size_teaches_smaller_ones() -> None:
    chunking = proven()
    assert chunking.too_large(40 * MIB)
    assert (chunking.wants(20 * MIB), chunking.wants(20 * MIB + 1)) == (False, True)
    assert chunking.too_large(20 * MIB)
    chunking.took(16 * MIB, 0.01)
    assert chunking.size(0) == 10 * MIB


def test_what_is_refused_at_one_mebibyte_is_refused_for_good() -> None:
    assert not proven().too_large(MIB)


def test_where_chunks_are_refused_a_size_is_refused_for_good() -> None:
    chunking = Chunking()
    chunking.refuse()
    assert not chunking.too_large(40 * MIB)
