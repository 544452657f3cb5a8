"""One simulated interface: where it is, what it asks for in a request, and how it writes a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from infra.local.portals.shelf import Row

JSON, XML = "application/json", "application/xml"


@dataclass(frozen=True, slots=True)
class Listed:
    """What a page shows."""

    rows: list[Row]
    page: int
    size: int
    total: int


@dataclass(frozen=True, slots=True)
class Body:
    """An answer with data, before any fault."""

    text: str
    content_type: str = JSON


@dataclass(frozen=True, slots=True)
class Interface:
    """One portal's interface."""

    source: str
    title: str
    path: str
    """Where it answers."""
    id_field: str
    example: Callable[[int, int], Row]
    """(number, seed) → a generated record, the same for ever."""
    write: Callable[[Listed, Mapping[str, str]], Body]
    """A page and the request's parameters → the answer."""
    address: str = ""
    """What a collector is given where that is not the whole path."""
    page: str = "pageNo"
    size: str = "numOfRows"
    """Names of the parameters that count pages, from 1, and say how long one is."""
    key: str = "serviceKey"
    wrong_key: str = "key"
    """Kind of error that a wrong key is answered with."""
    views_field: str = ""
    default_size: int = 10
    needed: frozenset[str] = field(default_factory=frozenset)
    """Parameters without which the gateway answers INVALID_REQUEST_PARAMETER_ERROR."""


def as_json(value: object) -> Body:
    """JSON as the portals write it."""
    return Body(json.dumps(value, ensure_ascii=False))


def element(name: str, value: object) -> str:
    """One XML element; a list is a row of siblings, None an empty one. Line ends come as the character reference that portals write."""
    if isinstance(value, list):
        return "".join(element(name, each) for each in value)
    text = "" if value is None else escape(str(value)).replace("\r", "&#13;")
    return f"<{name}>{text}</{name}>"


def elements(row: Mapping[str, object]) -> str:
    """Each field as an element of its name."""
    return "".join(element(name, value) for name, value in row.items())


def as_xml(content: str) -> Body:
    """An XML document."""
    return Body(f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}', XML)
