"""What the frame needs to know of a portal. Every method is pure; none may block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from collectors.answer import Answer
from collectors.draft import Fields
from collectors.request import Request

__all__ = ["ApiPortal", "Page", "Portal", "Request"]

DATA_GO_KR = "data_go_kr"
"""The gateway of data.go.kr, whose portals may share one key: `DATA_GO_KR_API_KEY`."""
MOST_DIGITS = 15
"""A longer number counts nothing, and one of thousands of digits Python refuses to read."""


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one page, in the portal's order and not yet looked at."""

    records: tuple[object, ...]
    total: int | None
    """How many records the whole listing has, where the portal says so."""
    is_least: bool = False
    """The listing may have more records than `total`."""
    is_last: bool = False
    """The answer shows by itself that no page follows: it has fewer records than it could have."""


class Portal(Protocol):
    """One public portal: how its pages are asked for and read, and what its fields mean."""

    name: str
    title: str
    """The portal's name for people."""
    id_field: str
    period_field: str
    page_size: int
    volatile: frozenset[str]
    """Fields that change without the policy changing (view counters)."""

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """The request for page `page`, counted from 1, of at most `page_size` records."""
        ...

    def read(self, answer: Answer) -> Page:
        """The page in an answer. Raises `SourceFailed` where there is none: a body without the list is an error, not zero records."""
        ...

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one record. Raises pydantic's `ValidationError` for a field of a wrong type or `ImpossibleDate`, and nothing else."""
        ...

    def named(self, field: str) -> str:
        """The portal's own name of a draft field, to name in a problem; the field itself where it has none."""
        ...


class ApiPortal(Portal, Protocol):
    """A portal in the registry: it knows where it is asked, and its settings are found by its name."""

    address: str
    """Of the interface, where the settings give no other."""
    shared_key: str
    """Whose key is taken where the portal has none of its own (`DATA_GO_KR`); empty: nobody's."""


def decoded_key(api_key: str) -> str:
    """The key in its decoded form: the portals issue both forms, and encoding the encoded one again breaks it."""
    return unquote(api_key.strip())


def count(value: object) -> int | None:
    """A total as a portal states it, a number or its text; None where it states none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
