"""Payloads of events: the committed schemas, what PostgreSQL refuses, and what may change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastavro import parse_schema
from psycopg import errors

from aegis.registry import SCHEMA_FOLDER
from aegis.settings import Settings
from connectors.schemas import hold_compatibility
from tests.support.events import COMPLETED, JUDGED, VALIDATED

pytestmark = pytest.mark.stack

EVENTS = SCHEMA_FOLDER / "events"
SAMPLES = {"policy.validated": VALIDATED, "data.quality_updated": JUDGED, "data.sync_completed": COMPLETED}
INSERT = "INSERT INTO outbox (aggregateid, type, payload, schema_version) VALUES ('x', %s, %s, %s) RETURNING dataschema"


def committed() -> dict[tuple[str, str], Any]:
    """(type, version) → schema."""
    return {(path.parent.name, path.stem): json.loads(path.read_text(encoding="utf-8")) for path in EVENTS.glob("*/*.avsc")}


def versions(kind: str) -> list[Path]:
    return sorted((EVENTS / kind).glob("*.avsc"), key=lambda path: [int(part) for part in path.stem.split(".")])


def test_postgresql_holds_the_committed_schemas(shared_dsn: str) -> None:
    with psycopg.connect(shared_dsn) as connection:
        rows = connection.execute("SELECT type, version, definition FROM ops.event_schemas").fetchall()
    assert {(kind, version): definition for kind, version, definition in rows} == committed()
    assert {kind for kind, _ in committed()} == set(SAMPLES)
    for schema in committed().values():
        parse_schema(deepcopy(schema))


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_that_fits_is_taken_and_names_its_schema(shared_dsn: str, kind: str) -> None:
    with psycopg.connect(shared_dsn) as connection:
        assert connection.execute(INSERT, (kind, SAMPLES[kind], "1.0")).fetchone() == (f"urn:aegis:events:{kind}:1.0",)


@pytest.mark.parametrize(
    ("kind", "changed", "version", "named"),
    [
        ("policy.validated", {"policy_id": None}, "1.0", "payload.policy_id is null, not string"),
        ("policy.validated", {"policy_id": ...}, "1.0", "payload.policy_id is absent"),
        ("policy.validated", {"version": "7"}, "1.0", "payload.version is string, not long"),
        ("policy.validated", {"version": 7.5}, "1.0", "payload.version is no whole number"),
        ("policy.validated", {"operation": "deleted"}, "1.0", "payload.operation is none of"),
        ("policy.validated", {"name": "홍길동"}, "1.0", "payload.name is unknown"),
        ("policy.validated", {}, "1.1", "there is no such event"),
        ("policy.invented", {}, "1.0", "there is no such event"),
        ("data.quality_updated", {"reasons": ["X_1", 2]}, "1.0", "payload.reasons[1] is number, not string"),
        ("data.quality_updated", {"parts": {"completeness": "much"}}, "1.0", "payload.parts.completeness is string, not double"),
        ("data.sync_completed", {"stores": []}, "1.0", "payload.stores is array, not map"),
    ],
)
def test_an_event_that_does_not_fit_is_refused_by_its_field(shared_dsn: str, kind: str, changed: dict[str, Any], version: str, named: str) -> None:
    payload = {name: value for name, value in (json.loads(SAMPLES.get(kind, VALIDATED)) | changed).items() if value is not ...}
    with psycopg.connect(shared_dsn) as connection, pytest.raises(errors.CheckViolation) as refused:
        connection.execute(INSERT, (kind, json.dumps(payload), version))
    assert named in str(refused.value)
    assert refused.value.diag.message_hint is not None


def newer(kind: str, *, default: bool) -> dict[str, Any]:
    """Version 1.1 of `kind`: one field more."""
    schema = deepcopy(committed()[kind, "1.0"])
    schema["fields"].append({"name": "language", "type": ["null", "string"], "default": None} if default else {"name": "language", "type": "string"})
    return schema


def test_versions_live_side_by_side(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        schema = json.dumps(newer("policy.validated", default=True))
        connection.execute("INSERT INTO ops.event_schemas (type, version, definition) VALUES ('policy.validated', '1.1', %s)", (schema,))
        for version, added in (("1.0", {}), ("1.1", {}), ("1.1", {"language": None}), ("1.1", {"language": "ko"})):
            payload = json.dumps(json.loads(VALIDATED) | added)
            assert connection.execute(INSERT, ("policy.validated", payload, version)).fetchone() == (f"urn:aegis:events:policy.validated:{version}",)
        with pytest.raises(errors.CheckViolation, match="language is none of what it may be"):
            connection.execute(INSERT, ("policy.validated", json.dumps(json.loads(VALIDATED) | {"language": 5}), "1.1"))


@pytest.fixture
def subject(stack: Settings) -> Iterator[str]:
    """URL of a subject of the registry, under the rule that all subjects are held to."""
    hold_compatibility(stack.schema_registry_url)
    url = f"{stack.schema_registry_url}/subjects/test-{uuid4().hex}-value"
    yield url
    for permanent in ("false", "true"):
        httpx.delete(url, params={"permanent": permanent}, timeout=30)


def register(subject: str, schema: dict[str, Any]) -> int:
    return httpx.post(f"{subject}/versions", json={"schema": json.dumps(schema), "schemaType": "AVRO"}, timeout=30).status_code


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_version_is_compatible_with_all_before_it_and_a_required_field_would_not_be(subject: str, kind: str) -> None:
    assert [register(subject, committed()[kind, path.stem]) for path in versions(kind)] == [200] * len(versions(kind))
    assert register(subject, newer(kind, default=False)) == 409
    assert register(subject, newer(kind, default=True)) == 200
