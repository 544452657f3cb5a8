"""From where a derived store is to read the log again: the beginning, a moment, or offsets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

KOREA = timezone(timedelta(hours=9), "Asia/Seoul")
"""Of times that are given without a zone. Korea has no daylight saving time."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RELATIVE = re.compile(r"(?:\d+[smhdw])+")
_PART = re.compile(r"(\d+)([smhdw])")
_OFFSET = re.compile(r"(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Everything."""

    def __str__(self) -> str:
        return "from the beginning"


@dataclass(frozen=True, slots=True)
class Since:
    """Every message that Kafka took in at `moment` or later."""

    moment: datetime
    assumed_zone: bool = False
    """Whether whoever asked named no zone."""

    def __str__(self) -> str:
        return f"from {self.moment.isoformat(timespec='seconds')}{' (no zone was given: Asia/Seoul)' if self.assumed_zone else ''}"


@dataclass(frozen=True, slots=True)
class At:
    """Partitions of one topic from these offsets on; other partitions are left alone."""

    topic: str
    offsets: Mapping[int, int]
    """Partition → offset."""

    def __str__(self) -> str:
        return f"from {self.topic} at {', '.join(f'{partition}:{offset}' for partition, offset in sorted(self.offsets.items()))}"


Whence = Beginning | Since | At


class UnknownPlace(ValueError):
    """A time or an offset that names no place of the log."""


def since(text: str, now: datetime) -> Since:
    """The moment that `text` names: ISO 8601 (without a zone: Asia/Seoul), or so long before `now` (`2h`, `1d12h`). Raises UnknownPlace."""
    text = text.strip()
    if _RELATIVE.fullmatch(text):
        try:
            ago = sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
            return Since(now - ago)
        except OverflowError as error:
            raise UnknownPlace(f"{text!r} ago is before all time") from error
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnknownPlace(f"{text!r} is no time: write 2026-11-21T03:00:00+09:00 (without a zone: Asia/Seoul), or 30m, 2h, 1d12h for so long ago") from error
    moment = given.replace(tzinfo=KOREA) if given.tzinfo is None else given
    if moment.astimezone(UTC) > now:
        raise UnknownPlace(f"{moment.isoformat()} lies in the future: the log has nothing from then on")
    return Since(moment, assumed_zone=given.tzinfo is None)


def at(topic: str, texts: Iterable[str]) -> At:
    """`P:O`, partition and offset, each partition once. Raises UnknownPlace."""
    offsets: dict[int, int] = {}
    for text in texts:
        found = _OFFSET.fullmatch(text.strip())
        if found is None:
            raise UnknownPlace(f"{text!r} is no offset: write PARTITION:OFFSET, for example 3:1200")
        partition = int(found[1])
        if partition in offsets:
            raise UnknownPlace(f"partition {partition} is named twice: give each partition one offset")
        offsets[partition] = int(found[2])
    return At(topic, offsets)
