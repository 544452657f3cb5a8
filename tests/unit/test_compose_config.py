"""`docker compose config` over infra/docker-compose.yml, where a client with compose is there. It needs no engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping

import pytest

from tests.support.containers import COMPOSE_FILE, EXAMPLE, LOOPBACK_FILE, required_variables

REQUIRED = required_variables(EXAMPLE.read_text(encoding="utf-8"))
PASSWORDS = {name: f"secret{number}" for number, name in enumerate(REQUIRED)}


@pytest.fixture(scope="module")
def docker() -> str:
    found = shutil.which("docker")
    if found is None or subprocess.run([found, "compose", "version"], capture_output=True, timeout=30, check=False).returncode:
        pytest.skip("no docker client with compose: `docker compose version` does not answer")
    return found


def _config(docker: str, variables: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in REQUIRED and not name.startswith(("AEGIS_", "COMPOSE_"))}
    command = [docker, "compose", "--env-file", os.devnull, "-f", str(COMPOSE_FILE), *options, "config", "--format", "json"]
    return subprocess.run(command, env={**kept, **variables}, capture_output=True, text=True, timeout=60, check=False)


def _services(docker: str, variables: Mapping[str, str], *options: str) -> dict[str, dict[str, object]]:
    result = _config(docker, variables, *options)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)["services"]


def test_compose_accepts_the_servers(docker):
    assert {"postgres", "kafka", "milvus"} <= set(_services(docker, PASSWORDS))


def test_the_apps_come_only_with_their_profile(docker):
    servers, all_services = _services(docker, PASSWORDS), _services(docker, PASSWORDS, "--profile", "apps")
    assert "app-milvus" not in servers
    assert {"app-milvus", "app-neo4j", "app-elasticsearch", "app-redis", "app-dead-letters", "app-receipts", "app-subscriptions"} <= set(all_services)


def test_everything_is_published_on_loopback(docker):
    services = _services(docker, PASSWORDS, "--profile", "apps")
    assert {port["host_ip"] for service in services.values() for port in service.get("ports", [])} == {"127.0.0.1"}


def test_a_moved_port_moves_what_kafka_tells_its_clients(docker):
    kafka = _services(docker, {**PASSWORDS, "AEGIS_PORT_KAFKA": "29092"})["kafka"]
    assert kafka["ports"][0]["published"] == "29092"
    assert "HOST://127.0.0.1:29092" in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_tests_give_connect_their_own_addresses(docker):
    services = _services(docker, {**PASSWORDS, "AEGIS_PORT_POSTGRES": "25432"}, "-f", str(LOOPBACK_FILE))
    assert services["loopback-postgres"]["network_mode"] == "service:connect"
    assert services["loopback-postgres"]["command"] == ["TCP-LISTEN:25432,bind=127.0.0.1,fork,reuseaddr", "TCP:postgres:5432"]


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_secret_is_refused_by_name(docker, missing):
    result = _config(docker, {name: value for name, value in PASSWORDS.items() if name != missing})
    assert result.returncode != 0
    assert f"required variable {missing} is missing a value: set it in infra/.env" in result.stderr
