"""A node's property as JSON, and back: what JSON has no word for is a map with its type, which no property can be. Pure."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import pytz  # type: ignore[import-untyped]  # it ships no types; the driver's own zones are made by it
from neo4j.spatial import CartesianPoint, Point, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time
from neo4j.vector import Vector

_WGS84 = frozenset({4326, 4979})


def encoded(value: Any) -> Any:
    """`value` of a property, of whatever type a server gives. Raises TypeError for a type that is not known here."""
    match value:
        case bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"float": repr(value)}
        case list() | tuple() if not isinstance(value, (Duration, Point)):
            return [encoded(item) for item in value]
        case bytes() | bytearray():
            return {"bytes": b64encode(value).decode()}
        case DateTime():
            return {"datetime": [value.year, value.month, value.day, value.hour, value.minute, value.second, value.nanosecond], **_zone(value, value.tzinfo)}
        case Date():
            return {"date": value.iso_format()}
        case Time():
            return {"time": value.iso_format()}
        case Duration():
            return {"duration": [value.months, value.days, value.seconds, value.nanoseconds]}
        case Point():
            return {"point": [encoded(float(part)) for part in value], "srid": value.srid}
        case Vector():
            return {"vector": b64encode(value.raw()).decode(), "of": value.dtype}
        case _:
            raise TypeError(f"a property of type {type(value).__name__} has no form in JSON: add one to aegis/stores/neo4j_value.py")


def decoded(value: Any) -> Any:
    """The property that `encoded` made `value` of."""
    match value:
        case list():
            return [decoded(item) for item in value]
        case {"float": text}:
            return float(text)
        case {"bytes": text}:
            return b64decode(text)
        case {"datetime": parts}:
            return _datetime(parts, value)
        case {"date": text}:
            return Date.from_iso_format(text)
        case {"time": text}:
            return Time.from_iso_format(text)
        case {"duration": [months, days, seconds, nanoseconds]}:
            return Duration(months=months, days=days, seconds=seconds, nanoseconds=nanoseconds)
        case {"point": parts, "srid": srid}:
            return (WGS84Point if srid in _WGS84 else CartesianPoint)([decoded(part) for part in parts])
        case {"vector": text, "of": dtype}:
            return Vector(b64decode(text), dtype)
        case _:
            return value


def encoded_all(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Every property."""
    return {name: encoded(value) for name, value in properties.items()}


def decoded_all(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Every property."""
    return {name: decoded(value) for name, value in properties.items()}


def _zone(value: DateTime, zone: tzinfo | None) -> dict[str, Any]:
    """Offset in seconds, which tells the two hours apart that a zone has at the end of summer time, and the zone's name."""
    if zone is None:
        return {}
    offset = value.utc_offset()
    return {"offset": None if offset is None else int(offset.total_seconds()), "zone": getattr(zone, "zone", None)}


def _datetime(parts: list[int], value: Mapping[str, Any]) -> DateTime:
    year, month, day, hour, minute, second, nanosecond = parts
    zone = None if value.get("offset") is None else pytz.FixedOffset(value["offset"] // 60)
    moment = DateTime(year, month, day, hour, minute, second, nanosecond, zone)
    return moment if value.get("zone") is None else moment.astimezone(pytz.timezone(value["zone"]))
