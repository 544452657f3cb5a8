"""A record as a node's properties and edges, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aegis.claim import Claim
from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.record import Content, Record, StoredRecord
from aegis.stamp import Stamp
from aegis.stores.neo4j_cypher import BOOKKEEPING, BUCKET, CLAIM, STAMP, Statements

INT64 = range(-(2**63), 2**63)


def row(record: Record, of: Statements, applied_at: datetime) -> dict[str, Any]:
    """Parameters of the write statement for `record`. Raises `ChangeRejected` naming the field that no node can hold."""
    content = record.content or {}
    properties = {name: value for name, value in content.get("properties", {}).items() if value is not None}
    for name, value in properties.items():
        _require_storable(record, of.shape.key, name, value)
    for edge in of.shape.edges:
        for far in content.get("edges", {}).get(edge.type, ()):
            if not isinstance(far.get(edge.key), str) or not far[edge.key]:
                raise _refused(record, f"edges.{edge.type}", f"a far node has no text {edge.key!r}", "mend the projection, or the row")
            for name, value in far.items():
                _require_storable(record, "", f"edges.{edge.type}.{name}", value)
    return {
        "key": record.key,
        "stamp": record.stamp.packed,
        "visible": record.content is not None,
        "properties": {**properties, of.shape.key: record.key, **_bookkeeping(record, applied_at)},
    }


@dataclass(frozen=True, slots=True)
class EdgeChanges:
    """What makes the edges of a batch equal to what its contents say."""

    gone: list[tuple[str, list[str]]]
    """(key of the record, element ids of edges that lead from it)."""
    missing: dict[str, list[tuple[str, list[str]]]]
    """Edge type → (key of the far node, keys of records), sorted."""


def edge_changes(records: Sequence[Record], found: Mapping[str, Sequence[Sequence[Any]]], of: Statements) -> EdgeChanges:
    """The difference for those of `records` that were written: `found` is record key → edges, as the write statement answers. Of equal edges one stays."""
    gone: dict[str, list[str]] = {}
    missing: dict[str, dict[str, list[str]]] = {edge.type: {} for edge in of.shape.edges}
    for record in records:
        if record.key not in found:
            continue
        edges = (record.content or {}).get("edges", {})
        wanted = {(edge.type, far[edge.key]) for edge in of.shape.edges for far in edges.get(edge.type, ())}
        for element, of_type, far in found[record.key]:
            if (of_type, far) in wanted:
                wanted.remove((of_type, far))
            else:
                gone.setdefault(record.key, []).append(element)
        for of_type, far in wanted:
            missing[of_type].setdefault(far, []).append(record.key)
    return EdgeChanges(list(gone.items()), {of_type: sorted(groups.items()) for of_type, groups in missing.items() if groups})


def far_nodes(records: Sequence[Record], of: Statements) -> dict[str, list[dict[str, Any]]]:
    """Edge type → the distinct far nodes of `records`, sorted by key so that two transactions lock them in the same order."""
    found: dict[str, dict[str, dict[str, Any]]] = {edge.type: {} for edge in of.shape.edges}
    for record in records:
        for edge in of.shape.edges:
            for far in (record.content or {}).get("edges", {}).get(edge.type, ()):
                found[edge.type][far[edge.key]] = dict(far) if of.far_properties(edge) else {edge.key: far[edge.key]}
    return {of_type: [nodes[key] for key in sorted(nodes)] for of_type, nodes in found.items()}


def stored_form(content: Content, of: Statements) -> Content:
    """`content` as a graph gives it back: no nulls, each far node once, in the order of their keys."""
    edges = content.get("edges", {})
    return {
        "properties": {name: list(value) if isinstance(value, tuple) else value for name, value in content["properties"].items() if value is not None},
        "edges": {edge.type: _sorted(edges.get(edge.type, ()), edge.key, whole=of.far_properties(edge)) for edge in of.shape.edges},
    }


def stored_record(table: str, found: Mapping[str, Any], of: Statements) -> StoredRecord | None:
    """The record that a row of the fetch or page statement stands for; None where its bookkeeping cannot be read."""
    properties = found["properties"]
    content = None
    if found["visible"]:
        content = {
            "properties": {name: value for name, value in properties.items() if not name.startswith(BOOKKEEPING)},
            "edges": {edge.type: _listed(found["edges"][edge.type], edge.key) for edge in of.shape.edges},
        }
    try:
        position, applied_at = SourcePosition.of(properties, BOOKKEEPING), datetime.fromisoformat(properties["_applied_at"])
        return StoredRecord(table, found["key"], Stamp.unpack(properties[STAMP]), content, position, applied_at, Claim(properties[BUCKET], properties[CLAIM]))
    except (KeyError, TypeError, ValueError):
        return None


def _bookkeeping(record: Record, applied_at: datetime) -> dict[str, Any]:
    position, claim = record.position, record.claim
    return {
        STAMP: record.stamp.packed,
        BUCKET: claim.bucket,
        CLAIM: claim.claim,
        "_topic": position.topic,
        "_partition": position.partition,
        "_offset": position.offset,
        "_lsn": position.lsn,
        "_transaction_id": position.transaction_id,
        "_committed_at": None if position.committed_at is None else position.committed_at.isoformat(),
        "_applied_at": applied_at.isoformat(),
    }


def _sorted(far: Any, key: str, *, whole: bool) -> list[dict[str, Any]]:
    nodes = {node[key]: {name: value for name, value in node.items() if value is not None and (whole or name == key)} for node in far}
    return [nodes[name] for name in sorted(nodes)]


def _listed(far: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Far nodes as they are, twice where there are two edges: a comparison shall see that."""
    return sorted(({name: value for name, value in node.items() if not name.startswith(BOOKKEEPING)} for node in far), key=lambda node: str(node.get(key)))


def _require_storable(record: Record, key: str, name: str, value: Any) -> None:
    """Refuse what Bolt or a node's property cannot hold: a map, an integer beyond 64 bits, a list of unlike values, a lone surrogate."""
    if name.startswith(BOOKKEEPING):
        raise _refused(record, name, f"names with {BOOKKEEPING!r} in front belong to bookkeeping", "rename it in the projection")
    if name == key and value != record.key:
        raise _refused(record, name, "it is not the record's key", "mend the projection")
    values = value if isinstance(value, (list, tuple)) else (value,)
    if len({type(item) for item in values}) > 1:
        raise _refused(record, name, "a list mixes types", "give it one type in the projection")
    for item in values:
        match item:
            case bool() | float():
                storable = True
            case int():
                storable = item in INT64
            case str():
                storable = item.isascii() or item.encode(errors="replace").decode() == item
            case _:
                storable = False
        if not storable:
            raise _refused(record, name, f"a node cannot hold this {type(item).__name__}", "let the projection give text, a 64-bit number, or a list of those")


def _refused(record: Record, field: str, what: str, remedy: str) -> ChangeRejected:
    return ChangeRejected(Code.NEO4J_SYNC_FAILED, f"{record.table} {record.key}: field {field}: {what}; {remedy}")
