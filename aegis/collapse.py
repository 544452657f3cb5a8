"""From messages to the newest write of each key, decoding in full only what will be applied, and to what else the cold path asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from aegis.change import Change, Operation
from aegis.codec import Codec
from aegis.correction import CORRECTIONS_TOPIC, correction_of
from aegis.envelope import change_of, stamp_of
from aegis.errors import Undecodable
from aegis.message import Message
from aegis.stamp import Stamp


@dataclass(slots=True)
class Collapsed:
    """What a batch of messages comes down to."""

    newest: list[tuple[Message, Change]] = field(default_factory=list)
    """At most one write per (table, key), each with the message that it came in."""
    operations: list[tuple[Message, Change]] = field(default_factory=list)
    """Every FORGET and RESTORE, in the order of the log: to be done before the writes, which they neither supersede nor are superseded by."""
    undecodable: list[tuple[Message, Undecodable]] = field(default_factory=list)
    superseded: int = 0
    """Changes that a newer one of the same batch made needless."""
    ignored: int = 0
    """Messages that concern no row, or another store."""


def decode(message: Message, codec: Codec) -> Change | None:
    """The change in `message`; None where it concerns no row. Raises `Undecodable`; whatever the codec's lookup raises passes through."""
    if message.value is None:
        return None
    record = codec.decode(message.value)
    return correction_of(message, record) if message.topic == CORRECTIONS_TOPIC else change_of(message, record)


def collapse(messages: Sequence[Message], codec: Codec, store: str) -> Collapsed:
    """The newest write per key among `messages`, and all other operations, for `store`.

    Messages are grouped by the bytes of their key. A message alone in its group is decoded at once; of a group only the stamps are read, then the winner is
    decoded. Of equal stamps the later message wins (they carry the same change). A winner that turns out to be undecodable leaves its place to the next.
    """
    result = Collapsed()
    groups: defaultdict[bytes | str, list[Message]] = defaultdict(list)
    for message in _writes(messages, codec, store, result):
        groups[str(message) if message.key is None else message.key].append(message)  # without a key, each stands for itself
    by_row: dict[tuple[str, str], tuple[Message, Change]] = {}
    for group in groups.values():
        newest = _newest(group, codec, store, result)
        if newest is None:
            continue
        change = newest[1]
        row = (change.table, change.key)
        other = by_row.get(row)  # the same row under other key bytes: the key's schema has a new id
        if other is not None:
            result.superseded += 1
        if other is None or other[1].stamp <= change.stamp:
            by_row[row] = newest
    result.newest = list(by_row.values())
    return result


def _writes(messages: Sequence[Message], codec: Codec, store: str, result: Collapsed) -> Iterator[Message]:
    """The messages that may write; the other operations are put into `result`."""
    for message in messages:
        if message.topic != CORRECTIONS_TOPIC or message.value is None:
            yield message
            continue
        try:
            change = correction_of(message, codec.decode(message.value))
        except Undecodable as error:
            result.undecodable.append((message, error))
            continue
        if change.operation is Operation.WRITE:
            yield message
        elif change.concerns(store):
            result.operations.append((message, change))
        else:
            result.ignored += 1


def _newest(group: list[Message], codec: Codec, store: str, result: Collapsed) -> tuple[Message, Change] | None:
    candidates = group if len(group) == 1 else _oldest_first(group, codec, store, result)
    while candidates:
        message = candidates.pop()
        change = _decoded(message, codec, store, result)
        if change is not None:
            result.superseded += len(candidates)
            return message, change
    return None


def _oldest_first(group: Sequence[Message], codec: Codec, store: str, result: Collapsed) -> list[Message]:
    """Those that concern a row and `store`, in the order of their stamps; of equal ones in the order of the log."""
    stamped: list[tuple[Stamp, Message]] = []
    for message in group:
        try:
            stamp = _peek(message, codec, store)
        except Undecodable as error:
            result.undecodable.append((message, error))
            continue
        if stamp is None:
            result.ignored += 1
        else:
            stamped.append((stamp, message))
    stamped.sort(key=itemgetter(0))
    return [message for _, message in stamped]


def _peek(message: Message, codec: Codec, store: str) -> Stamp | None:
    """Stamp of `message`; None where it concerns no row or another store."""
    if message.value is None:
        return None
    if message.topic == CORRECTIONS_TOPIC:
        change = correction_of(message, codec.decode(message.value))
        return change.stamp if change.concerns(store) else None
    return stamp_of(codec.peek(message.value))


def _decoded(message: Message, codec: Codec, store: str, result: Collapsed) -> Change | None:
    try:
        change = decode(message, codec)
    except Undecodable as error:
        result.undecodable.append((message, error))
        return None
    if change is None or not change.concerns(store):
        result.ignored += 1
        return None
    return change
