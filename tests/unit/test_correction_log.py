"""What a correction's message is, and what does not fit one."""

from __future__ import annotations

import pytest

from aegis.change import Change, Operation
from aegis.correction import CORRECTIONS_SUBJECT, CORRECTIONS_TOPIC, correction_of
from aegis.correction_log import CorrectionLog, CorrectionTooLarge
from aegis.durable_log import DurableLog, Outgoing
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp
from aegis.topics import MAX_MESSAGE_BYTES
from tests.support import debezium

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Sent(DurableLog):
    """A log that keeps what it is sent."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []

    def send(self, messages: list[Outgoing]) -> None:
        self.messages += messages


def repair(key: str, content: str = "") -> Change:
    position = SourcePosition("aegis.public.policies", 0, 42)
    key_bytes = debezium.key_bytes("policies", key)
    return Change("policies", key, Stamp(8, Rank.REPAIR), None, {"content": content}, position, key_bytes, frozenset({"redis"}), "run 1", TRACE)


def test_changes_are_sent_whole_in_their_order() -> None:
    log = Sent()
    forget = Change(
        "policies", "P-2", Stamp(1, Rank.REPAIR), None, None, SourcePosition("", -1, -1), b"k", frozenset({"redis"}), "", None, Operation.FORGET, 4_000
    )
    CorrectionLog(log, debezium.encoder(CORRECTIONS_SUBJECT)).publish([repair("P-1"), forget])
    first, second = log.messages
    assert (first.topic, first.key, first.headers["traceparent"]) == (CORRECTIONS_TOPIC, debezium.key_bytes("policies", "P-1"), TRACE.encode())
    read = [correction_of(Message(one.topic, 0, 0, one.key, one.value), debezium.codec().decode(one.value)) for one in (first, second)]
    assert [(change.key, change.operation, change.expected, change.targets) for change in read] == [
        ("P-1", Operation.WRITE, 0, frozenset({"redis"})),
        ("P-2", Operation.FORGET, 4_000, frozenset({"redis"})),
    ]


def test_of_changes_with_one_too_large_none_is_sent() -> None:
    log = Sent()
    with pytest.raises(CorrectionTooLarge, match=r"policies P-2: .* touch the row instead"):
        CorrectionLog(log, debezium.encoder(CORRECTIONS_SUBJECT)).publish([repair("P-1"), repair("P-2", "x" * MAX_MESSAGE_BYTES)])
    assert not log.messages
