"""Stamps: their order, and that packing keeps it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.stamp import VERSION_LIMIT, Rank, Stamp

STAMPS = st.builds(Stamp, st.integers(1, VERSION_LIMIT - 1), st.sampled_from(Rank))
NEAR = st.builds(Stamp, st.integers(1, 6), st.sampled_from(Rank))


@given(STAMPS | NEAR, STAMPS | NEAR)
def test_packed_stamps_have_the_order_of_stamps(one: Stamp, other: Stamp) -> None:
    assert (one < other) == (one.packed < other.packed)
    assert (one == other) == (one.packed == other.packed)
    assert (one >= other) == (one.packed >= other.packed)


@given(STAMPS)
def test_a_packed_stamp_fits_a_signed_64_bit_integer_and_unpacks_to_itself(stamp: Stamp) -> None:
    assert 0 < stamp.packed < 2**63
    assert Stamp.unpack(stamp.packed) == stamp


@given(st.integers(1, VERSION_LIMIT - 2))
def test_every_rank_of_a_version_comes_before_the_next_version(version: int) -> None:
    ranked = [Stamp(version, rank) for rank in (Rank.UPSERT, Rank.COMPENSATION, Rank.REPAIR, Rank.DELETE)]
    assert ranked == sorted(ranked)
    assert len(set(ranked)) == 4
    assert max(ranked) < Stamp(version + 1, Rank.UPSERT)


@pytest.mark.parametrize(("stamp", "packed"), [(Stamp(1, Rank.UPSERT), 4), (Stamp(1, Rank.DELETE), 7), (Stamp(2**61 - 1, Rank.DELETE), 2**63 - 1)])
def test_packing_is_version_times_four_plus_rank(stamp: Stamp, packed: int) -> None:
    assert stamp.packed == packed


@pytest.mark.parametrize("version", [0, -1, VERSION_LIMIT])
def test_a_version_that_no_row_can_have_drawn_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match="no row of PostgreSQL"):
        Stamp(version, Rank.UPSERT)


@pytest.mark.parametrize("packed", [0, 3, -4, 2**63])
def test_an_integer_that_is_no_stamp_is_refused(packed: int) -> None:
    with pytest.raises(ValueError, match="version"):
        Stamp.unpack(packed)


def test_a_stamp_reads_as_version_and_rank() -> None:
    assert str(Stamp(41, Rank.COMPENSATION)) == "41/compensation"
