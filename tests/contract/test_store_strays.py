"""What somebody wrote into a store by hand: seen by a comparison, taken away and put back like anything else, and in nobody's way."""

from __future__ import annotations

import json

import pytest

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum
from aegis.record import APPLIED
from tests.contract.mixed import of_every_kind, recomputed, said
from tests.contract.opened import Opened
from tests.contract.records import upsert

STRAY = Listed("stray", NO_STAMP, visible=True)


@pytest.fixture(autouse=True)
def _stray(strayed: Opened) -> None:
    """Every test begins with records of every kind and one stray."""
    of_every_kind(strayed, 12)
    assert strayed.stray is not None
    strayed.stray("policies", "stray")
    assert strayed.readers_see("policies", "stray")


def test_a_stray_is_summed_listed_and_inspected(strayed: Opened) -> None:
    sums = strayed.store.sums("policies")
    assert sums.buckets[ASTRAY] == Sum(1, 0, 1)
    assert {bucket: one for bucket, one in said(sums).items() if bucket != ASTRAY} == said(recomputed(strayed.store))
    assert list(strayed.store.listing("policies", [ASTRAY])) == [STRAY]
    assert [one for one in strayed.store.listing("policies", range(BUCKETS)) if one.key == "stray"] == []
    assert strayed.store.inspect("policies", ["stray", "absent"]) == {"stray": STRAY}


def test_a_stray_is_no_record_and_stands_in_no_readers_way(strayed: Opened) -> None:
    assert dict(strayed.store.fetch("policies", ["stray"])) == {}
    assert sorted(held.key for held in strayed.store.scan("policies")) == sorted(f"K-{n}" for n in range(12))
    assert strayed.store.count("policies").tombstones == 6


def test_a_stray_is_forgotten_and_sound_records_stay(strayed: Opened) -> None:
    records = [held.key for held in strayed.store.scan("policies")]
    assert strayed.store.forget("policies", {"stray": 4}) == 0
    assert strayed.store.forget("policies", dict.fromkeys([*records, "stray", "absent"], NO_STAMP)) == 1
    assert dict(strayed.store.inspect("policies", ["stray"])) == {}
    assert not strayed.readers_see("policies", "stray")
    assert ASTRAY not in said(strayed.store.sums("policies"))
    assert sorted(held.key for held in strayed.store.scan("policies")) == sorted(records)


def test_where_a_stray_was_forgotten_the_lowest_stamp_is_written_at_once(strayed: Opened) -> None:
    strayed.store.forget("policies", {"stray": NO_STAMP})
    assert strayed.store.apply([upsert(strayed, "stray", 1)]) == [APPLIED]
    assert strayed.store.inspect("policies", ["stray"]) == {"stray": Listed("stray", 4, visible=True)}
    assert strayed.store.sums("policies").buckets[bucket_of("stray")].records >= 1


def test_a_stray_comes_back_from_its_image(strayed: Opened) -> None:
    images = json.loads(json.dumps(dict(strayed.store.images("policies", ["stray"]))))
    assert strayed.store.restore("policies", images) == 0
    strayed.store.forget("policies", {"stray": NO_STAMP})
    assert strayed.store.restore("policies", images) == 1
    assert strayed.store.inspect("policies", ["stray"]) == {"stray": STRAY}
    assert strayed.readers_see("policies", "stray")


def test_an_image_of_a_stray_never_overwrites_a_record(strayed: Opened) -> None:
    images = json.loads(json.dumps(dict(strayed.store.images("policies", ["stray"]))))
    strayed.store.forget("policies", {"stray": NO_STAMP})
    strayed.store.apply([upsert(strayed, "stray", 3)])
    assert strayed.store.restore("policies", images) == 0
    assert strayed.store.inspect("policies", ["stray"])["stray"].stamp == 12
