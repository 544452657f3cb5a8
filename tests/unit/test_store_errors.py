"""Decisions about what Redis and Elasticsearch answer: what waits, what is refused for good, what is a fault of ours."""

from __future__ import annotations

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, BadRequestError, ConnectionTimeout
from redis import exceptions as redis_errors

from aegis.errors import ChangeRejected, Code, StoreUnavailable
from aegis.position import SourcePosition
from aegis.record import APPLIED, Outcome, Record, Verdict
from aegis.stamp import Rank, Stamp
from aegis.stores import elasticsearch_errors
from aegis.stores import redis_errors as ours
from aegis.stores.isolate import isolate
from aegis.stores.redis_register import value_of
from aegis.stores.redis_script import SHA, packed_call, word

RECORD = Record("policies", "P-1", Stamp(1, Rank.UPSERT), {"title": "비밀"}, SourcePosition("t", 0, 1))


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.ConnectionError("refused"),
        redis_errors.TimeoutError("slow"),
        redis_errors.BusyLoadingError("loading"),
        redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
        redis_errors.ReadOnlyError("You can't write against a read only replica."),
        redis_errors.ResponseError("BUSY Redis is busy running a script."),
        redis_errors.ResponseError("MISCONF Redis is configured to save RDB snapshots"),
        redis_errors.ResponseError("Error running script (call to f_1): @user_script:16: -OOM command not allowed"),
        redis_errors.ResponseError("Command # 1 (MGET a) of pipeline caused error: NOREPLICAS Not enough good replicas to write."),
    ],
    ids=lambda error: f"{type(error).__name__}-{str(error)[:12]}",
)
def test_redis_may_answer_otherwise_later(error: redis_errors.RedisError) -> None:
    with pytest.raises(StoreUnavailable, match="REDIS_URL") as caught, ours.translated():
        raise error
    assert caught.value.code is Code.REDIS_SYNC_FAILED
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"),
        redis_errors.NoPermissionError("this user has no permissions to run the 'evalsha' command"),
        redis_errors.ResponseError("Command # 1 (GET OOM BUSY) of pipeline caused error: unknown command"),
    ],
)
def test_a_fault_of_ours_in_redis_passes_as_it_is(error: redis_errors.RedisError) -> None:
    with pytest.raises(type(error)), ours.translated():
        raise error


def answer(status: int, kind: str) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9200))
    return (BadRequestError if status == 400 else ApiError)(kind, meta, {"error": {"type": kind}})


@pytest.mark.parametrize(
    "error",
    [
        ConnectionTimeout("slow"),
        answer(429, "es_rejected_execution_exception"),
        answer(503, "unavailable_shards_exception"),
        answer(500, "anything"),
        answer(403, "cluster_block_exception"),
    ],
)
def test_elasticsearch_may_answer_otherwise_later(error: Exception) -> None:
    with pytest.raises(StoreUnavailable, match="ELASTICSEARCH_URL") as caught, elasticsearch_errors.translated():
        raise error
    assert caught.value.code is Code.ELASTICSEARCH_SYNC_FAILED


@pytest.mark.parametrize("error", [answer(400, "illegal_argument_exception"), answer(403, "security_exception")])
def test_a_fault_of_ours_in_elasticsearch_passes_as_it_is(error: ApiError) -> None:
    with pytest.raises(ApiError), elasticsearch_errors.translated():
        raise error


@pytest.mark.parametrize(
    ("reason", "cause", "field"),
    [
        ("[1:866] failed to parse field [tags] of type [keyword] in document with id 'P-1'. Preview of field's value: '비밀'", None, "tags"),
        ("[1:9] mapping set to strict, dynamic introduction of [unheard] within [_doc] is not allowed", None, "unheard"),
        ('Document contains at least one immense term in field="tags" (whose UTF8 encoding is longer). The prefix of the first is: 비밀', None, "tags"),
        ("failed to parse", {"reason": "field name [aegis.x] is wrong"}, "aegis.x"),
        ("something else", None, "(unknown)"),
    ],
)
def test_a_refusal_names_the_field_and_keeps_the_value_to_itself(reason: str, cause: dict[str, str] | None, field: str) -> None:
    refusal = elasticsearch_errors.refusal(RECORD, {"type": "some_exception", "reason": reason, "caused_by": cause})
    assert f"policies P-1: field {field}: refused with some_exception" in refusal.message
    assert f"mend {field}" in refusal.message
    assert "비밀" not in refusal.message


@pytest.mark.parametrize("content", [{"title": "\ud800"}, {"title": 2**70}, {"title": object()}])
def test_content_that_is_no_json_has_no_value(content: dict[str, object]) -> None:
    with pytest.raises(ChangeRejected, match="policies P-1: content is no JSON"):
        value_of(Record("policies", "P-1", RECORD.stamp, content, RECORD.position), 1_000)


def test_a_value_that_is_too_long_names_its_longest_field() -> None:
    with pytest.raises(ChangeRejected, match="in field content; one value may have 100: shorten content"):
        value_of(Record("policies", "P-1", RECORD.stamp, {"title": "t", "content": "독" * 50}, RECORD.position), 100)


def test_a_call_is_packed_as_redis_reads_it() -> None:
    packed = packed_call("gen", 1, [word(b"h1")], [word(b"v1")], [word(b"{}") + word("한".encode())])
    strings = [b"EVALSHA", SHA, b"3", b"gen", b"h1", b"v1", b"1", b"{}", "한".encode()]
    assert packed == b"*9\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(string), string) for string in strings)


@pytest.mark.parametrize("bad", [set(), {0}, {6}, {2, 3}, set(range(7))])
def test_halving_a_refused_batch_finds_every_record_that_is_refused(bad: set[int]) -> None:
    records = [Record("policies", str(n), RECORD.stamp, None, RECORD.position) for n in range(7)]
    written: list[str] = []

    def write(batch: list[Record]) -> list[Outcome]:
        if any(int(record.key) in bad for record in batch):
            raise ChangeRejected(Code.CONSISTENCY_CHECK_FAILED, "refused")
        written.extend(record.key for record in batch)
        return [APPLIED] * len(batch)

    outcomes = isolate(write, records)
    assert [outcome.verdict is Verdict.REJECTED for outcome in outcomes] == [n in bad for n in range(7)]
    assert written == [str(n) for n in range(7) if n not in bad]


def test_halving_lets_everything_else_through() -> None:
    def write(_: object) -> list[Outcome]:
        raise StoreUnavailable(Code.CONSISTENCY_CHECK_FAILED, "away")

    with pytest.raises(StoreUnavailable):
        isolate(write, [RECORD])
