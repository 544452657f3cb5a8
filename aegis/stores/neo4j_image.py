"""What stands under a key of a graph, as images: nodes with labels, properties and the edges that are their own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aegis.inspection import NO_STAMP, Listed
from aegis.projections.shapes import EdgeType
from aegis.stores.neo4j_cypher import Statements
from aegis.stores.neo4j_inspection_cypher import BY_ELEMENT
from aegis.stores.neo4j_value import decoded, decoded_all, encoded_all
from aegis.stores.protocol import Image


def listed(rows: Iterable[Mapping[str, Any]]) -> dict[str, Listed]:
    """Key → what the nodes of that key make together; `rows` are nodes as the inspecting statements describe them."""
    found: dict[str, Listed] = {}
    for row in rows:
        one = Listed(row["key"], row["stamp"] or NO_STAMP, row["visible"])
        if (other := found.get(one.key)) is not None:
            one = Listed(one.key, max(one.stamp, other.stamp), one.visible or other.visible, other.copies + 1)
        found[one.key] = one
    return found


def listed_page(page: Mapping[str, Any]) -> Iterator[Listed]:
    """Sound nodes of a listing, given by columns. A stray of the same key is seen by readers: it has their label."""
    for key, stamp, visible, strays in zip(page["keys"], page["stamps"], page["visible"], page["strays"], strict=True):
        yield Listed(key, stamp, visible or strays > 0, 1 + strays)


def listed_strays(row: Mapping[str, Any]) -> Listed:
    """A key of which something is astray."""
    beside = row["stamp"] is not None
    return Listed(row["key"], row["stamp"] if beside else NO_STAMP, row["visible"], row["strays"] + beside)


def images(rows: Iterable[Mapping[str, Any]], of: Statements) -> dict[str, Image]:
    """Key → its nodes."""
    found: dict[str, Image] = {}
    for row in rows:
        edges = [_edge(edge, of) for edge in row["edges"]]
        found.setdefault(row["key"], []).append({"labels": sorted(row["labels"]), "properties": encoded_all(row["properties"]), "edges": edges})
    return found


def _edge(edge: Mapping[str, Any], of: Statements) -> dict[str, Any]:
    """An edge that the shape describes has the key of its far node, and that node's properties where it is no record of its own; others its element id."""
    declared = next((one for one in of.shape.edges if one.type == edge["type"] and one.label in edge["far_labels"]), None)
    far = edge["far_properties"]
    if declared is None or not isinstance(far.get(declared.key), str):
        where = {"far": edge["far"]}
    else:
        where = {"key": far[declared.key], "far_properties": encoded_all(far) if of.far_properties(declared) else {declared.key: far[declared.key]}}
    return {"type": edge["type"], "properties": encoded_all(edge["properties"]), **where}


@dataclass(frozen=True, slots=True)
class PutBack:
    """Parameters that put images back. Nodes are numbered, so that their edges find them."""

    records: list[dict[str, Any]] = field(default_factory=list)
    """With the record label and a key: a placeholder may be there."""
    strays: list[dict[str, Any]] = field(default_factory=list)
    edges: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Number of the node, and the edge."""
    keys: list[str] = field(default_factory=list)
    """Of each number, the key of the image."""

    def keys_of(self, numbers: Iterable[int]) -> set[str]:
        """The images of which the nodes with these numbers are."""
        return {self.keys[number] for number in numbers}

    def links(self, elements: Mapping[int, str], declared: Iterable[EdgeType]) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
        """By edge type those that lead to nodes by key, and the others. `elements`: number → element id of the nodes that were made."""
        by_type: dict[str, list[dict[str, Any]]] = {edge.type: [] for edge in declared}
        others: list[dict[str, Any]] = []
        for number, edge in self.edges:
            if number in elements:
                (others if "far" in edge else by_type[edge["type"]]).append({**edge, "from": elements[number]})
        # Two transactions make and lock far nodes in the same order.
        return {of_type: sorted(edges, key=lambda edge: str(edge["key"])) for of_type, edges in by_type.items() if edges}, others


def put_back(wanted: Mapping[str, Image], of: Statements) -> PutBack:
    """What puts the images `wanted` back."""
    made = PutBack()
    for key in sorted(wanted):
        for node in wanted[key]:
            number = len(made.keys)
            made.keys.append(key)
            keyed = not key.startswith(BY_ELEMENT) or decoded(node["properties"].get(of.shape.key)) == key
            parameters = {"number": number, "key": key if keyed else None, "labels": node["labels"], "properties": decoded_all(node["properties"])}
            is_record = keyed and of.shape.record_label in node["labels"]
            (made.records if is_record else made.strays).append(parameters)
            made.edges.extend((number, {**edge, **_decoded(edge)}) for edge in node["edges"])
    return made


def _decoded(edge: Mapping[str, Any]) -> dict[str, Any]:
    return {name: decoded_all(edge[name]) for name in ("properties", "far_properties") if name in edge}
