"""The stack of `infra/docker-compose.yml` as tests start it: fresh passwords, and the connections of this side of the published ports."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aegis.settings import ENVIRONMENT_FILE, settings

INFRA = Path(__file__).parents[2] / "infra"
COMPOSE_FILE = INFRA / "docker-compose.yml"
LOOPBACK_FILE = Path(__file__).parent / "docker-compose.loopback.yml"
EXAMPLE = INFRA / ".env.example"


def required_variables(example: str) -> tuple[str, ...]:
    """The variables that the example file leaves empty: whoever starts the stack gives them."""
    return tuple(line.removesuffix("=") for line in example.splitlines() if line.endswith("=") and not line.startswith("#"))


def fresh_passwords() -> dict[str, str]:
    """Every required variable with a password of its own."""
    return {name: secrets.token_hex(16) for name in required_variables(EXAMPLE.read_text(encoding="utf-8"))}


def connections(passwords: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings' variables for the published ports, which `AEGIS_PORT_…` in `environment` moves."""

    def at(name: str, default: int) -> str:
        return f"127.0.0.1:{environment.get(f'AEGIS_PORT_{name}') or default}"

    def dsn(role: str) -> str:
        return f"postgresql://aegis_{role}:{passwords[f'POSTGRES_{role.upper()}_PASSWORD']}@{at('POSTGRES', 15432)}/aegis"

    return {
        "POSTGRES_DSN": dsn("owner"),
        "POSTGRES_COLLECTOR_DSN": dsn("collector"),
        "POSTGRES_READER_DSN": dsn("reader"),
        "POSTGRES_OPERATOR_DSN": dsn("operator"),
        "POSTGRES_VALIDATOR_DSN": dsn("validator"),
        "POSTGRES_CDC_PASSWORD": passwords["POSTGRES_CDC_PASSWORD"],
        "ELASTICSEARCH_URL": f"http://{at('ELASTICSEARCH', 19200)}",
        "NEO4J_URI": f"bolt://{at('NEO4J', 17687)}",
        "NEO4J_USER": "neo4j",
        "NEO4J_PASSWORD": passwords["NEO4J_PASSWORD"],
        "REDIS_URL": f"redis://:{passwords['REDIS_PASSWORD']}@{at('REDIS', 16379)}/0",
        "MILVUS_URI": f"http://{at('MILVUS', 19530)}",
        "KAFKA_BOOTSTRAP_SERVERS": at("KAFKA", 19092),
        "SCHEMA_REGISTRY_URL": f"http://{at('REGISTRY', 18081)}/apis/ccompat/v7",
        "CONNECT_URL": f"http://{at('CONNECT', 18083)}",
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """`variables` in the environment of this process and its children; what was there before afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def containers() -> Iterator[None]:
    """The whole stack, apps included, built and started by testcontainers until all is healthy; removed with its data afterwards.

    Inside the block settings have its connections. Raises CalledProcessError, after logging what compose said.
    """
    from testcontainers.compose import DockerCompose

    passwords = fresh_passwords()
    apart = {
        ENVIRONMENT_FILE: os.devnull,  # the file of a native stack that does not run
        "COMPOSE_PROJECT_NAME": "aegis-tests",  # somebody's own stack keeps its volumes
    }
    with (
        environment({**passwords, **connections(passwords, os.environ), **apart}),
        DockerCompose(str(INFRA), [COMPOSE_FILE.name, str(LOOPBACK_FILE)], build=True, wait=True, profiles=["apps"]),
    ):
        settings.cache_clear()
        try:
            yield
        finally:
            settings.cache_clear()
