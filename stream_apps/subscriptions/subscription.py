"""A service's subscription: which events it wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Operator(StrEnum):
    """How a field is compared, as text."""

    EQUALS = "equals"
    IN = "in"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on an event: `field` is an attribute (subject, source, …) or `data.<field>` of its payload."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    def passes(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
        """Whether it holds. A field that the event does not have passes nothing; of a list, one element is enough."""
        found = _values(attributes, data, self.field)
        if self.operator is Operator.PREFIX:
            return any(value.startswith(self.values) for value in found)
        return any(value in self.values for value in found)

    def document(self) -> dict[str, Any]:
        """As `ops.subscriptions` holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One service's."""

    name: str
    types: tuple[str, ...]
    """None: all."""
    filters: tuple[Filter, ...]
    """All must hold."""
    kind: str
    """webhook or kafka."""
    target: str
    """URL, or topic."""
    secret_env: str | None
    most_attempts: int

    def wants(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
        """Whether the service is to be told of this event."""
        return (not self.types or attributes["type"] in self.types) and all(one.passes(attributes, data) for one in self.filters)


def subscription_of(row: Mapping[str, Any]) -> Subscription:
    """The subscription in a row of `ops.subscriptions`. Raises ValueError, KeyError and TypeError for filters that this release does not know."""
    filters = tuple(_filter(one) for one in row["filters"])
    return Subscription(row["name"], tuple(row["types"]), filters, row["kind"], row["target"], row["secret_env"], row["most_attempts"])


def _filter(one: Mapping[str, Any]) -> Filter:
    field, values = one["field"], one["values"]
    if not isinstance(values, list) or not all(isinstance(text, str) for text in (field, *values)):
        raise TypeError("a filter's field is a text, and its values are a list of texts")
    return Filter(field, Operator(one["operator"]), tuple(values))


def _values(attributes: Mapping[str, Any], data: Mapping[str, Any], field: str) -> list[str]:
    place, _, name = field.partition(".")
    found = data.get(name) if place == "data" and name else attributes.get(field)
    return [_text(one) for one in (found if isinstance(found, list) else [found]) if one is not None]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
