"""Avro in Confluent's wire format: one zero byte, the schema's id (4 bytes, big endian), Avro binary.

Source: the wire format of Confluent's schema registry. A schema is looked up once per id.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.types import Schema

from aegis.errors import Code, Undecodable

_HEADER = struct.Struct(">bI")
_SCHEMA_ID_BYTES = _HEADER.size

Lookup = Callable[[int], str]
"""Schema id → schema as JSON text. Raises `Undecodable` for an unknown id, `RegistryUnavailable` when it cannot tell now."""


def schema_id(data: bytes) -> int:
    """The id of the schema that `data` was written with. Raises `Undecodable` where the bytes are not in the wire format."""
    if len(data) < _SCHEMA_ID_BYTES:
        raise Undecodable(Code.INVALID_FORMAT, f"{len(data)} bytes are too few for Confluent's wire format (5 bytes before the Avro record)")
    magic, found = _HEADER.unpack_from(data)
    if magic != 0:
        raise Undecodable(Code.INVALID_FORMAT, f"first byte is {magic}, not 0: not Confluent's wire format")
    return int(found)


def version_only(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Reader schema that takes `op` and the rows' `version` out of a Debezium envelope and skips all else without building it.

    Raises `Undecodable` where the schema is not that of an envelope.
    """
    try:
        fields = {field["name"]: field for field in envelope["fields"]}
        row = next(branch for branch in fields["before"]["type"] if isinstance(branch, dict))
        version = next(field for field in row["fields"] if field["name"] == "version")
    except (KeyError, TypeError, StopIteration) as error:
        raise Undecodable(Code.INVALID_FORMAT, f"schema {envelope.get('name')} is not that of a change envelope with versions") from error
    slim = {key: row[key] for key in ("type", "name", "namespace") if key in row} | {"fields": [version]}
    before = fields["before"] | {"type": ["null", slim]}
    slim_fields = [before, fields["after"], fields["op"]]
    return {key: envelope[key] for key in ("type", "name", "namespace") if key in envelope} | {"fields": slim_fields}


class Codec:
    """Decodes by the schema that a message was written with, encodes by a given one."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._schemas: dict[int, Schema] = {}
        self._slim: dict[int, Schema] = {}

    def decode(self, data: bytes) -> dict[str, Any]:
        """The record in `data`. Raises `Undecodable`; whatever the lookup raises passes through."""
        return self._read(data, self._schema(schema_id(data)), None)

    def peek(self, data: bytes) -> dict[str, Any]:
        """`op`, `before.version` and `after.version` of the Debezium envelope in `data`, at about a third of the cost of `decode`."""
        number = schema_id(data)
        schema = self._schema(number)
        slim = self._slim.get(number)
        if slim is None:
            slim = self._slim[number] = parse_schema(version_only(json.loads(self._lookup(number))))
        return self._read(data, schema, slim)

    def _schema(self, number: int) -> Schema:
        schema = self._schemas.get(number)
        if schema is None:
            schema = self._schemas[number] = parse_schema(json.loads(self._lookup(number)))
        return schema

    @staticmethod
    def _read(data: bytes, schema: Schema, reader: Schema | None) -> dict[str, Any]:
        stream = BytesIO(data)
        stream.seek(_SCHEMA_ID_BYTES)
        try:
            record = schemaless_reader(stream, schema, reader)
        except Exception as error:  # fastavro raises whatever the bytes led it into: EOFError, IndexError, UnicodeDecodeError, …
            raise Undecodable(Code.INVALID_FORMAT, f"not a record of schema {schema_id(data)}: {type(error).__name__}: {error}") from error
        if not isinstance(record, dict):
            raise Undecodable(Code.INVALID_FORMAT, f"schema {schema_id(data)} gives {type(record).__name__}, not a record")
        return record


class Encoder:
    """Encodes records of one schema under the id that the registry gave it."""

    def __init__(self, number: int, schema: str) -> None:
        self._header = _HEADER.pack(0, number)
        self._schema = parse_schema(json.loads(schema))

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """`record` in the wire format. Raises ValueError or TypeError where it does not fit the schema."""
        stream = BytesIO()
        stream.write(self._header)
        schemaless_writer(stream, self._schema, dict(record), strict=True)
        return stream.getvalue()
