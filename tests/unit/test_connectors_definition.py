"""The committed definition, and how placeholders are filled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.definition import UnfilledPlaceholder, definitions
from connectors.values import placeholder_values

VALUES = placeholder_values("postgresql://aegis_owner:secret@db.internal:6543/aegis", "http://registry:8081/apis/ccompat/v7")


def test_the_committed_definition_is_filled_from_settings() -> None:
    (definition,) = definitions(VALUES)
    config = definition.config
    assert definition.name == "aegis-postgres-connector"
    assert (config["slot.name"], config["publication.name"], config["topic.prefix"]) == ("aegis_slot", "aegis_publication", "aegis")
    assert (config["database.hostname"], config["database.port"], config["database.dbname"]) == ("db.internal", "6543", "aegis")
    assert config["table.include.list"] == "public.policies,public.users,public.business_rules,public.outbox"
    assert config["value.converter.apicurio.registry.url"] == "http://registry:8081/apis/registry/v2"
    assert not any("{{" in value for value in config.values())


def test_no_secret_is_in_the_definition() -> None:
    (definition,) = definitions(VALUES)
    assert definition.config["database.password"] == "${env:POSTGRES_CDC_PASSWORD}"
    assert definition.config["database.user"] == "aegis_cdc"
    assert "secret" not in json.dumps(dict(definition.config))


def test_every_personal_column_is_left_out_at_the_connector() -> None:
    (definition,) = definitions(VALUES)
    migration = Path(__file__).parents[2] / "sql" / "migrations" / "0002.captured_tables.sql"
    personal = [line.split()[3] for line in migration.read_text(encoding="utf-8").splitlines() if "IS 'Personal:" in line]
    assert len(personal) >= 5
    assert set(definition.config["column.exclude.list"].split(",")) == set(personal)


def test_a_placeholder_that_nobody_fills_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"name": "x", "config": {"database.port": "{{ prot }}"}}')
    with pytest.raises(UnfilledPlaceholder, match=r"x\.json: database\.port asks for \{\{ prot \}\}; known are captured_tables"):
        definitions(VALUES, tmp_path)


def test_placeholders_of_the_config_provider_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"name": "x", "config": {"a": "${env:SECRET}", "b": "{{database_port}}/{{ database_port }}"}}')
    (definition,) = definitions(VALUES, tmp_path)
    assert definition.config == {"a": "${env:SECRET}", "b": "6543/6543"}
