"""The topics that there shall be."""

from __future__ import annotations

import pytest

from aegis.derivations import CAPTURED
from aegis.topics import MAX_MESSAGE_BYTES, TopicMismatch, missing, topics

COUNTS = {topic.name: topic.partitions for topic in topics(6)}


def test_whatever_carries_a_rows_key_has_the_same_partition_count() -> None:
    keyed = [f"aegis.public.{table}" for table in CAPTURED] + ["aegis.corrections"]
    assert {COUNTS[name] for name in keyed} == {6}


def test_nothing_is_compacted_and_eight_megabytes_pass() -> None:
    for topic in topics(6):
        assert topic.config["cleanup.policy"] == "delete"
        assert int(topic.config["max.message.bytes"]) == MAX_MESSAGE_BYTES == 8_388_608


def test_dead_letters_are_kept_longer_than_changes() -> None:
    kept = {topic.name: topic.retention_days for topic in topics(6)}
    assert kept["aegis.public.policies"] == 7
    assert kept["data-pipeline-dlq"] > 7


def test_what_exists_is_not_made_again() -> None:
    assert missing(topics(6), COUNTS) == ()
    assert {topic.name for topic in missing(topics(6), {"policy-events": 6, "somebody-elses": 1})} == set(COUNTS) - {"policy-events"}


@pytest.mark.parametrize("count", [4, 8])
def test_another_partition_count_is_refused_with_the_remedy(count: int) -> None:
    with pytest.raises(TopicMismatch, match=rf"aegis\.corrections has {count} partitions, the settings ask for 6.*AEGIS_TOPIC_PARTITIONS"):
        missing(topics(6), COUNTS | {"aegis.corrections": count})
