"""What the drivers of Elasticsearch and Redis decide without a server."""

from __future__ import annotations

import pytest

from aegis.claim import claim_of
from aegis.derivations import shapes
from aegis.projections.shapes import CacheKeyspace
from aegis.stores.elasticsearch_document import is_sound
from aegis.stores.elasticsearch_generations import in_use
from aegis.stores.elasticsearch_names import Names
from aegis.stores.redis_names import Names as RedisNames
from aegis.stores.redis_names import beginning_with
from aegis.stores.redis_register import beginning
from aegis.stores.redis_removal import restore

NAMES = Names("policies")
READERS, NEXT, NONE = frozenset({"policies", "policies-records"}), frozenset({"policies-next"}), frozenset[str]()


@pytest.mark.parametrize(
    ("index", "number"),
    [("policies-v1", 1), ("policies-v12", 12), ("policies-v0", None), ("policies-views", None), ("policies-v1-old", None), ("old-policies-v1", None)],
)
def test_a_generation_is_told_from_indices_that_only_look_alike(index: str, number: int | None) -> None:
    assert NAMES.number(index) == number


@pytest.mark.parametrize(
    ("found", "number"),
    [
        ({}, None),
        ({1: READERS}, 1),
        ({1: READERS, 2: NEXT}, 1),
        ({2: NEXT}, None),
        ({3: READERS, 4: NONE}, 3),
        ({1: NONE, 2: NONE, 3: NEXT}, 2),
    ],
)
def test_the_generation_in_use_is_the_one_that_readers_have(found: dict[int, frozenset[str]], number: int | None) -> None:
    assert in_use(found, NAMES) == number


BUCKET, CLAIM = claim_of("P-1", 7)
SOUND = {"key": "P-1", "stamp": 30, "deleted": False, "bucket": BUCKET, "claim": CLAIM}


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "P-2"},
        {"stamp": 31},
        {"stamp": "30"},
        {"stamp": None},
        {"deleted": None},
        {"deleted": "false"},
        {"bucket": BUCKET + 1},
        {"claim": CLAIM + 1},
    ],
)
def test_a_register_that_aegis_did_not_write_as_it_is_is_not_sound(changed: dict[str, object]) -> None:
    assert is_sound("P-1", 30, SOUND)
    assert not is_sound("P-1", 30, {**SOUND, **changed})
    assert not is_sound("P-1", 3, {**SOUND, "stamp": 3})


@pytest.mark.parametrize(
    ("register", "found"),
    [
        (b'{"stamp":4,"bucket":0,"claim":0,', (4, 0, 0)),
        (b'{"stamp":9223372036854775807,"bucket":4095,"claim":4294967295,"applied_at"', (2**63 - 1, 4095, 2**32 - 1)),
        (b'{"stamp":9223372036854775808,"bucket":1,"claim":1,', None),
        (b'{"stamp":3,"bucket":1,"claim":1,', None),
        (b'{"stamp":4,"bucket":4096,"claim":1,', None),
        (b'{"stamp":4,"bucket":1,"claim":4294967296,', None),
        (b'{"bucket":1,"stamp":4,"claim":1,', None),
        (b'{"stamp": 4,"bucket":1,"claim":1,', None),
        (b"", None),
    ],
)
def test_a_register_is_read_as_the_script_reads_it_or_not_at_all(register: bytes, found: tuple[int, int, int] | None) -> None:
    assert beginning(register) == found


def test_no_table_has_names_in_redis_that_begin_like_another_tables_values() -> None:
    # Whoever counts the values of one table would count the other names too.
    spaces = {table: shape for table, shape in shapes("redis").items() if isinstance(shape, CacheKeyspace)}
    names = {table: RedisNames("", table, space) for table, space in spaces.items()}
    for table, space in spaces.items():
        others = [name.value("") for other, name in names.items() if other != table]
        own = [found for name in names.values() for found in (name.counter, name.registers(0)) if found]
        assert not [name for name in (*others, *own) if name.startswith(space.prefix)]
        assert names[table].before_key == len(space.prefix)


def test_a_pattern_takes_a_prefix_literally() -> None:
    assert beginning_with("t[1]*?\\:") == "t\\[1\\]\\*\\?\\\\:*"


def test_an_image_of_another_kind_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="restore only what `images` gave"):
        restore(None, None, {"x": {"register": 7, "value": None}})  # type: ignore[arg-type]
