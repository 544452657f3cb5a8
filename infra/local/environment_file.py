"""The connections of the stack, as the settings' environment file and as `export` lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.ports import HOST, Ports


def connections(ports: Ports, credentials: Credentials, model: Path) -> dict[str, str]:
    """Variable -> value, by the names that `aegis.settings` reads."""

    def dsn(role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@{HOST}:{ports.postgres}/aegis"

    return {
        "POSTGRES_DSN": dsn("aegis_owner", credentials.aegis_owner),
        "POSTGRES_COLLECTOR_DSN": dsn("aegis_collector", credentials.aegis_collector),
        "POSTGRES_READER_DSN": dsn("aegis_reader", credentials.aegis_reader),
        "POSTGRES_OPERATOR_DSN": dsn("aegis_operator", credentials.aegis_operator),
        "POSTGRES_VALIDATOR_DSN": dsn("aegis_validator", credentials.aegis_validator),
        "POSTGRES_CDC_PASSWORD": credentials.aegis_cdc,
        "ELASTICSEARCH_URL": f"http://{HOST}:{ports.elasticsearch}",
        "NEO4J_URI": f"bolt://{HOST}:{ports.neo4j}",
        "NEO4J_USER": "neo4j",
        "NEO4J_PASSWORD": credentials.neo4j,
        "REDIS_URL": f"redis://:{credentials.redis}@{HOST}:{ports.redis}/0",
        "MILVUS_URI": f"http://{HOST}:{ports.milvus}",
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{ports.kafka}",
        "SCHEMA_REGISTRY_URL": f"http://{HOST}:{ports.registry}/apis/ccompat/v7",
        "CONNECT_URL": f"http://{HOST}:{ports.connect}",
        "EMBEDDING_MODEL_DIR": str(model),
    }


def dotenv(variables: Mapping[str, str]) -> str:
    """Lines of `NAME=value` as python-dotenv reads them: values that are not plain are in single quotes, with backslashes before quotes and backslashes."""

    def quoted(value: str) -> str:
        if re.fullmatch(r"[\w.:/@%+,-]*", value, re.ASCII):
            return value
        if "\n" in value:
            raise ValueError("an environment file cannot hold a value with a line break")
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return "".join(f"{name}={quoted(value)}\n" for name, value in variables.items())


def export_lines(variables: Mapping[str, str]) -> str:
    """What a shell evaluates: `eval "$(make env)"`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
