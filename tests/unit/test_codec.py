from __future__ import annotations

import pytest

from aegis.codec import Codec, schema_id
from aegis.envelope import stamp_of
from aegis.errors import Undecodable
from tests.support import debezium


def test_what_was_encoded_is_decoded() -> None:
    message = debezium.create("policies", "P-1", 7, title="제목")
    assert message.value is not None
    assert debezium.codec().decode(message.value)["after"]["title"] == "제목"


@pytest.mark.parametrize(
    "message",
    [debezium.create("policies", "P-1", 7), debezium.update("users", "U-1", 7, 8), debezium.delete("business_rules", "R-1", 9)],
    ids=["create", "update", "delete"],
)
def test_a_peek_gives_the_stamp_of_the_whole_envelope(message) -> None:
    codec = debezium.codec()
    assert stamp_of(codec.peek(message.value)) == stamp_of(codec.decode(message.value))


def test_a_peek_builds_nothing_but_operation_and_versions() -> None:
    message = debezium.update("policies", "P-1", 7, 8)
    assert debezium.codec().peek(message.value) == {"before": {"version": 7}, "after": {"version": 8}, "op": "u"}


def test_a_schema_is_looked_up_once_for_decoding_and_once_for_peeking() -> None:
    asked: list[int] = []

    def lookup(number: int) -> str:
        asked.append(number)
        return debezium.lookup(number)

    codec = Codec(lookup)
    value = debezium.create("policies", "P-1", 7).value
    for _ in range(3):
        codec.decode(value)
        codec.peek(value)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes are too few"),
        (b"\0\0\0\0", "4 bytes are too few"),
        (b"\1\0\0\0\1abc", "first byte is 1, not 0"),
        (b'{"a": 1}', "first byte is 123, not 0"),
        (b"\0\0\0\0\xff", "no schema 255"),
        (debezium.create("policies", "P-1", 7).value[:40], "not a record of schema"),
        (debezium.create("policies", "P-1", 7).value[:5] + b"\xff" * 60, "not a record of schema"),
    ],
)
@pytest.mark.parametrize("read", ["decode", "peek"])
def test_bytes_that_are_no_record_are_undecodable(read: str, data: bytes, says: str) -> None:
    with pytest.raises(Undecodable, match=says):
        getattr(debezium.codec(), read)(data)


def test_the_id_stands_before_the_record() -> None:
    value = debezium.create("policies", "P-1", 7).value
    assert schema_id(value) == debezium.SUBJECTS.index("aegis.public.policies-value") + 1


def test_an_encoder_refuses_a_record_that_does_not_fit() -> None:
    with pytest.raises((ValueError, TypeError)):
        debezium.encoder("aegis.public.users-key").encode({"user_id": 7})
