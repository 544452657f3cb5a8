"""Which rows `aegis.corrections` still has corrections of: read from its beginning to its end, kept as 8 bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from hashlib import blake2b
from time import monotonic
from typing import Any

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from aegis.change import Operation
from aegis.codec import Codec
from aegis.errors import Undecodable
from aegis.offsets import Place, quiet_logger
from batch.reach import Partition

AT_ONCE = 1000
STALL_SECONDS = 30.0


class MentionedRows:
    """Rows by the hash of table and key: two rows of one hash are taken for one, which keeps a tombstone too many."""

    def __init__(self, hashes: array[int]) -> None:
        self._hashes = np.unique(np.frombuffer(hashes, dtype=np.uint64))

    def __contains__(self, row: tuple[str, str]) -> bool:
        wanted = np.uint64(hash_of(*row))
        at = int(np.searchsorted(self._hashes, wanted))
        return at < len(self._hashes) and bool(self._hashes[at] == wanted)

    def __len__(self) -> int:
        return len(self._hashes)


def hash_of(table: str, key: str) -> int:
    """64 bits of table and key."""
    return int.from_bytes(blake2b(f"{table}\0{key}".encode(), digest_size=8).digest(), "big")


def note(value: bytes | None, codec: Codec, hashes: array[int]) -> None:
    """Note the row of a correction. One that takes something away for good writes nothing back, and bytes that no app can decode are applied by none."""
    if value is None:
        return
    try:
        record = codec.decode(value)
    except Undecodable:
        return
    if record.get("operation") != Operation.FORGET.value:
        hashes.append(hash_of(str(record.get("table")), str(record.get("key"))))


def mentioned(bootstrap: str, partitions: Mapping[Place, Partition], codec: Codec, tell: Callable[[int, int], None] = lambda _done, _of: None) -> MentionedRows:
    """The rows that the messages of `partitions` write. Joins no group. Raises KafkaException where the log stands still, and `RegistryUnavailable`."""
    hashes: array[int] = array("Q")
    waiting = {place: one for place, one in partitions.items() if one.beginning < one.end}
    if not waiting:
        return MentionedRows(hashes)
    options: Mapping[str, Any] = {
        "group.id": "aegis-none",
        "enable.auto.commit": False,
        "log_level": 0,
        "logger": quiet_logger(),
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer({"bootstrap.servers": bootstrap, "enable.partition.eof": True, **options})
    try:
        consumer.assign([TopicPartition(*place, one.beginning) for place, one in waiting.items()])
        _read(consumer, waiting, codec, hashes, tell)
    finally:
        consumer.close()
    return MentionedRows(hashes)


def _read(consumer: Consumer, waiting: dict[Place, Partition], codec: Codec, hashes: array[int], tell: Callable[[int, int], None]) -> None:
    done, of = 0, sum(one.end - one.beginning for one in waiting.values())
    since = monotonic()
    while waiting:
        messages = consumer.consume(AT_ONCE, timeout=1.0)
        if messages:
            since = monotonic()
        elif monotonic() - since > STALL_SECONDS:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no message of {sorted(waiting)} for {STALL_SECONDS:.0f} s"))  # noqa: SLF001
        for message in messages:
            place = (str(message.topic()), int(message.partition() or 0))
            error = message.error()
            if error is not None:
                if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                    raise KafkaException(error)
                waiting.pop(place, None)
                continue
            note(message.value(), codec, hashes)
            done += 1
            if place in waiting and int(message.offset() or 0) >= waiting[place].end - 1:
                waiting.pop(place)
        tell(done, of)
