"""What the frame needs to know of any source, a portal, a feed, a site or a folder of files, to judge its records. Every method is pure; none may block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from collectors.draft import Fields


class Source(Protocol):
    """Where records come from, and what their fields mean. How its pages are got is the business of its kind."""

    name: str
    """What the column `source` has in every table."""
    title: str
    """The source's name for people."""
    id_field: str
    period_field: str
    volatile: frozenset[str]
    """Fields that change without the policy changing (view counters)."""

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one record. Raises pydantic's `ValidationError` for a field of a wrong type or `ImpossibleDate`, and nothing else."""
        ...

    def named(self, field: str) -> str:
        """The source's own name of a draft field, to name in a problem; the field itself where it has none."""
        ...


def shows_newest_only(source: Source) -> bool:
    """Whether what the source lists is a window on its newest records: what it lacks is not gone, and nothing is ever archived for it.

    A source says so with an attribute `newest_only`; one that has none, as an interface's list, lists everything.
    """
    return bool(getattr(source, "newest_only", False))
