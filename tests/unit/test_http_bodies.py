"""A body comes whole, within bounds of size and time, or it is a failure."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from aegis.errors import Code
from collectors.failures import Handling, SourceFailed
from collectors.http import PoliteClient, manners_for
from collectors.http.manners import MEBIBYTE
from collectors.request import Request
from collectors.validators import Validators
from tests.support.scripted_source import ScriptedSource, scripted_source


@pytest.fixture
def source() -> Iterator[ScriptedSource]:
    with scripted_source() as running:
        yield running


@pytest.fixture
def client(source: ScriptedSource) -> Iterator[Callable[..., PoliteClient]]:
    made: list[PoliteClient] = []

    def opened(**changes: Any) -> PoliteClient:
        manners = replace(manners_for("portal", source.url(), per_second=1000), **changes)
        made.append(PoliteClient(manners, sleep=lambda _seconds: None))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def test_a_body_of_fifty_megabytes_arrives(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", b"x" * 50_000_000)
    assert len(client().get(Request(source.url())).body) == 50_000_000


def test_a_body_that_is_declared_too_large_is_not_read(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", b"{}", Content_Length=str(65 * MEBIBYTE))
    with pytest.raises(SourceFailed, match="68,157,440 bytes, more than 67,108,864"):
        client().get(Request(source.url()))
    assert len(source.asked) == 1


def test_a_body_that_says_nothing_of_its_length_is_cut_off(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while not source.over.is_set():
            handler.wfile.write(b"x" * 65_536)

    source.scripts["/"] = endless
    tracemalloc.start()
    with pytest.raises(SourceFailed, match="more than 1,048,576 bytes") as caught:
        client(most_bytes=MEBIBYTE).get(Request(source.url()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code is Code.INVALID_FORMAT
    assert peak < 8 * MEBIBYTE


def test_a_small_body_that_swells_counts_as_what_it_becomes(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", gzip.compress(b"x" * 19 * MEBIBYTE) + gzip.compress(b"x" * MEBIBYTE), Content_Encoding="gzip")
    assert len(client().get(Request(source.url())).body) == 20 * MEBIBYTE
    with pytest.raises(SourceFailed, match="more than 1,048,576 bytes"):
        client(most_bytes=MEBIBYTE).get(Request(source.url()))


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_refused_unread(source: ScriptedSource, client: Callable[..., PoliteClient], encoding: str) -> None:
    source.answers("/", gzip.compress(gzip.compress(b"x")), Content_Encoding=encoding)
    with pytest.raises(SourceFailed, match="not asked for"):
        client().get(Request(source.url()))


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 100)[:-12], gzip.compress(b"x") + b"\x1f"])
def test_a_broken_encoding_is_a_failure_that_is_tried_again(source: ScriptedSource, client: Callable[..., PoliteClient], body: bytes) -> None:
    source.answers("/", body, Content_Encoding="gzip")
    with pytest.raises(SourceFailed):
        client().get(Request(source.url()))
    assert len(source.asked) == 3


def test_a_body_cut_short_is_a_failure_that_is_tried_again(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", b'{"data": [', Content_Length="1000", Connection="close")
    with pytest.raises(SourceFailed, match="RemoteProtocolError") as caught:
        client().get(Request(source.url()))
    assert caught.value.handling is Handling.RETRY
    assert len(source.asked) == 3


@pytest.mark.parametrize("where", ["body", "headers"])
def test_a_source_that_drips_for_ever_is_left(source: ScriptedSource, client: Callable[..., PoliteClient], where: str) -> None:
    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 1000000\r\n\r\n" if where == "body" else b"X-Slow: "))
        while not source.over.wait(0.02):
            handler.wfile.write(b"x")

    source.scripts["/"] = drip
    with pytest.raises(SourceFailed, match="ReadTimeout"):
        client(whole_seconds=0.2, read_seconds=10.0).get(Request(source.url()))
    assert len(source.asked) == 3


def test_a_source_that_stays_silent_is_left(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.scripts["/"] = lambda _handler: source.over.wait(10)
    with pytest.raises(SourceFailed, match="ReadTimeout"):
        client(read_seconds=0.1).get(Request(source.url()))


def test_what_did_not_change_is_not_sent_again(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", b"[]", ETag='"7"', Last_Modified="Wed, 01 Jul 2026 00:00:00 GMT")
    http = client()
    first = http.get(Request(source.url()))
    assert first.validators == Validators('"7"', "Wed, 01 Jul 2026 00:00:00 GMT")
    source.answers("/", b"", 304)
    again = http.get(Request(source.url()), first.validators)
    assert again.is_unchanged
    assert source.asked[1].headers["if-none-match"] == '"7"'
    assert source.asked[1].headers["if-modified-since"] == "Wed, 01 Jul 2026 00:00:00 GMT"


def test_unchanged_is_no_answer_to_who_did_not_ask_for_it(source: ScriptedSource, client: Callable[..., PoliteClient]) -> None:
    source.answers("/", b"", 304)
    with pytest.raises(SourceFailed, match="HTTP 304"):
        client().get(Request(source.url()))
