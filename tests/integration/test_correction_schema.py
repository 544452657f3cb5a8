"""Corrections of before the cold path: a stack that has their schema registered takes the new one, and reads both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from aegis.correction import CORRECTIONS_SUBJECT
from aegis.registry import committed_schema
from aegis.settings import Settings
from connectors.schemas import hold_compatibility

pytestmark = pytest.mark.stack

NEW = committed_schema(CORRECTIONS_SUBJECT)


def without(*names: str) -> str:
    schema = json.loads(NEW)
    return json.dumps(schema | {"fields": [field for field in schema["fields"] if field["name"] not in names]})


@pytest.fixture
def registry(stack: Settings) -> Iterator[SchemaRegistryClient]:
    hold_compatibility(stack.schema_registry_url)
    with SchemaRegistryClient({"url": stack.schema_registry_url}) as client:
        yield client


@pytest.fixture
def subject(registry: SchemaRegistryClient) -> Iterator[str]:
    name = f"test-corrections-{uuid4().hex[:8]}-value"
    yield name
    for permanent in (False, True):
        registry.delete_subject(name, permanent=permanent)


def test_a_stack_that_has_the_old_schema_takes_the_new_one(registry: SchemaRegistryClient, subject: str) -> None:
    old = registry.register_schema(subject, Schema(without("operation", "expected", "restored"), "AVRO"))
    assert registry.register_schema(subject, Schema(NEW, "AVRO")) != old
    assert registry.get_versions(subject) == [1, 2]


def test_a_schema_that_could_not_read_old_corrections_would_be_refused(registry: SchemaRegistryClient, subject: str) -> None:
    registry.register_schema(subject, Schema(without("operation", "expected", "restored"), "AVRO"))
    with pytest.raises(SchemaRegistryError):
        registry.register_schema(subject, Schema(NEW.replace('"default": "write", ', ""), "AVRO"))
