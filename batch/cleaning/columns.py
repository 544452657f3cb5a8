"""Columns of a cleaned file: the rows as they were, and what was answered about each beside them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from aegis.files.schemas import POLICIES
from batch.cleaning.ledger import Known
from batch.cleaning.task import Task

_KINDS = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "array": pa.list_(pa.string())}


def schema(task: Task) -> pa.Schema:
    """policy_id and the inputs as they were, then `<task>_<property>`, `<task>_problem`, `<task>_provider` and `<task>_model`."""
    originals = [POLICIES.field(name) for name in ("policy_id", *(name for name in task.inputs if name != "policy_id"))]
    answers = [pa.field(_named(task, name), _kind(task.output_schema["properties"][name])) for name in task.columns]
    return pa.schema([*originals, *answers, *(pa.field(_named(task, name), pa.string()) for name in ("problem", "provider", "model"))])


def row(task: Task, original: Mapping[str, Any], known: Known, provider: str, model: str) -> dict[str, Any]:
    """One line of it."""
    output = known.output or {}
    answers = {_named(task, name): _fitted(output.get(name), task.output_schema["properties"][name]) for name in task.columns}
    said = {_named(task, "problem"): known.problem, _named(task, "provider"): provider, _named(task, "model"): model}
    return {"policy_id": original["policy_id"], **{name: original.get(name) for name in task.inputs}, **answers, **said}


def _named(task: Task, name: str) -> str:
    return f"{task.task_name}_{name}"


def _kind(described: Mapping[str, Any]) -> pa.DataType:
    kinds = described.get("type", "string" if all(isinstance(value, str) for value in described.get("enum", [0])) else None)
    named = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind != "null"]
    return _KINDS.get(named[0], pa.string()) if len(named) == 1 else pa.string()


def _fitted(value: Any, described: Mapping[str, Any]) -> Any:
    """As its column holds it; what has no column type of its own is JSON."""
    kind = _kind(described)
    if value is None or (pa.types.is_string(kind) and isinstance(value, str)):
        return value
    if pa.types.is_list(kind):
        return [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in value]
    return json.dumps(value, ensure_ascii=False) if pa.types.is_string(kind) else value
