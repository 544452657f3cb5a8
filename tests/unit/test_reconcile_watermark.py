"""What was committed has arrived: each wait is for its own event, in the order that makes it a proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import httpx
import pytest

from batch.watermark import NotSettled, Watermark

TABLE, CORRECTIONS, LETTERS = "aegis.public.policies", "aegis.corrections", "data-pipeline-dlq"


class FakeLog:
    """Groups advance by one message a look. `late`: dead letters that appear when the store's group has passed its ends."""

    def __init__(self, *, late: int = 0) -> None:
        self.end = {TABLE: 5, CORRECTIONS: 2, LETTERS: 1}
        self.at: dict[str, dict[str, int]] = {"aegis-milvus": {TABLE: 3, CORRECTIONS: 2}, "aegis-dead-letters": {LETTERS: 1}}
        self.late = late
        self.asked: list[str] = []

    def ends(self, topics: Collection[str]) -> Mapping[tuple[str, int], tuple[int, int]]:
        self.asked.append("ends of " + ",".join(sorted(topics)))
        return {(topic, 0): (0, self.end[topic]) for topic in topics if topic in self.end}

    def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        self.asked.append(group)
        now = self.at[group]
        result = {(topic, 0): offset for topic, offset in now.items()}
        self.at[group] = {topic: min(self.end[topic], offset + 1) for topic, offset in now.items()}
        if group == "aegis-milvus" and all(offset >= self.end[topic] for topic, offset in now.items()):
            self.end[LETTERS] += self.late
            self.late = 0
        return result


def marked(log: Any = None, stored: Any = lambda: 100, seconds: float = 5.0) -> Watermark:
    return Watermark(stored, log or FakeLog(), {}, seconds, pause=lambda _: None)


def test_the_wal_is_passed_when_the_stored_offset_has_reached_the_position() -> None:
    offsets = iter([None, 90, 99, 100])
    marked(stored=lambda: next(offsets)).pass_wal(100)
    assert next(offsets, "all asked") == "all asked"


def test_the_log_is_passed_when_the_group_has_committed_past_every_end() -> None:
    log = FakeLog()
    marked(log).pass_log(["milvus"])
    assert log.asked.count("aegis-milvus") == 3


def test_the_ends_of_dead_letters_are_taken_after_the_store_was_passed() -> None:
    log = FakeLog(late=1)
    marked(log).pass_log(["milvus"])
    assert log.asked.index(f"ends of {LETTERS}") > max(place for place, what in enumerate(log.asked) if what == "aegis-milvus")
    assert log.asked.count("aegis-dead-letters") == 2


def test_a_group_that_never_committed_is_waited_for_from_the_beginning() -> None:
    log = FakeLog()
    log.at["aegis-milvus"] = {}
    with pytest.raises(NotSettled, match="aegis-milvus"):
        marked(log, seconds=0.0).pass_log(["milvus"])


def test_a_connector_that_stands_still_is_named_with_the_remedy() -> None:
    with pytest.raises(NotSettled, match=r"stored offset to pass 0/64 .*aegis connect status"):
        marked(stored=lambda: 7, seconds=0.0).pass_wal(100)


def test_a_server_that_is_away_for_a_moment_is_asked_again() -> None:
    answers: list[Any] = [httpx.ConnectError("refused"), 100]

    def stored() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    marked(stored=stored).pass_wal(100)
    assert answers == []


def test_another_group_may_write_a_store() -> None:
    log = FakeLog()
    log.at["aegis-milvus-building"] = {TABLE: 5, CORRECTIONS: 2}
    Watermark(lambda: 1, log, {"milvus": "aegis-milvus-building"}, 5.0, pause=lambda _: None).pass_log(["milvus"])
    assert "aegis-milvus" not in log.asked
