"""The shape of infra/docker-compose.yml, and its agreement with settings, commands and the native stack. No container is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pydantic import SecretStr

from aegis.cli.main import aegis
from aegis.settings import Settings
from infra.local.ports import PREFIX, Ports
from infra.local.server_files import connect_properties, kafka_properties, postgresql_conf
from stream_apps.__main__ import main as stream_app
from tests.support.containers import COMPOSE_FILE, EXAMPLE, INFRA, connections, required_variables

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))["services"]
DOCKERFILES = sorted((INFRA / "images").glob("*/Dockerfile"))
AWAITED = {name for service in SERVICES.values() for name, how in service.get("depends_on", {}).items() if how["condition"] == "service_completed_successfully"}
APPS = {name: service for name, service in SERVICES.items() if service.get("profiles") == ["apps"]}
LISTENERS = {
    "postgres": ["postgres"],
    "kafka": ["kafka"],
    "connect": ["connect"],
    "registry": ["registry"],
    "elasticsearch": ["elasticsearch"],
    "neo4j": ["neo4j", "neo4j_http"],
    "redis": ["redis"],
    "milvus": ["milvus"],
}
"""Service → fields of the native port plan, for what this machine reaches."""
every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
REGISTRY_HOST = re.compile(r"(?<![\w.])(?:[\w-]+\.)+(?:io|co|com|org|net|dev)\b(?:/|:\d)|\w://")


def _properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def _one_shot(service: Mapping[str, Any]) -> bool:
    return bool(service["healthcheck"].get("disable"))


@every_service
def test_a_service_has_a_health_check_or_runs_once(service):
    assert _one_shot(service) or service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == ("no" if _one_shot(service) else "unless-stopped")


def test_the_end_of_every_task_is_awaited():
    # `up --wait` takes the end of a task for a failure, unless another service waits for it.
    assert {name for name, service in SERVICES.items() if _one_shot(service)} == AWAITED


@every_service
def test_a_service_has_limits_that_two_cores_allow(service):
    limits = service["deploy"]["resources"]["limits"]
    assert 0 < float(limits["cpus"]) <= 2
    assert re.fullmatch(r"\d+[MG]", limits["memory"])


@every_service
def test_a_service_cannot_gain_privileges_and_its_log_is_rotated(service):
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@every_service
def test_dependencies_are_waited_for(service):
    assert {how["condition"] for how in service.get("depends_on", {}).values()} <= {"service_healthy", "service_completed_successfully"}
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_only_milvus_keeps_the_capabilities_of_its_image():
    assert [name for name, service in SERVICES.items() if service.get("cap_drop") != ["ALL"]] == ["milvus"]


def test_every_server_is_published_on_loopback_at_the_ports_of_the_native_stack():
    published = {}
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            found = re.fullmatch(rf"127\.0\.0\.1:\$\{{{PREFIX}(\w+):-(\d+)\}}:\d+", port)
            assert found, f"{name}: {port}"
            published.setdefault(name, {})[found[1].lower()] = int(found[2])
    assert published == {service: {field: getattr(Ports(), field) for field in fields} for service, fields in LISTENERS.items()}


def test_tests_reach_the_containers_at_the_default_settings():
    passwords = dict.fromkeys(required_variables(EXAMPLE.read_text(encoding="utf-8")), "secret")
    reached = {name.lower(): _address(value) for name, value in connections(passwords, {}).items() if _address(value)}
    assert reached == {name: _address(Settings.model_fields[name].default) for name in reached}
    assert len(reached) == 12


def _address(value: object) -> str | None:
    """Host, port and path at the end of a connection; None of a password."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    found = re.search(r"127\.0\.0\.1:\d+[\w/]*$", text)
    return found and found[0]


def test_tests_follow_a_moved_port():
    passwords = dict.fromkeys(required_variables(EXAMPLE.read_text(encoding="utf-8")), "secret")
    assert connections(passwords, {"AEGIS_PORT_KAFKA": "29092"})["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:29092"


@pytest.mark.parametrize(
    "image",
    [service["image"] for service in SERVICES.values()]
    + [line.split()[1] for path in DOCKERFILES for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("FROM ")],
)
def test_an_image_is_pinned_by_version_and_names_no_registry(image):
    name, _, tag = image.partition(":")
    assert "." not in name.split("/")[0]
    assert re.search(r"\d+\.\d+|\d{4}-\d{2}-\d{2}", tag)


@pytest.mark.parametrize(
    "path",
    [COMPOSE_FILE, EXAMPLE, *sorted(path for path in (INFRA / "images").rglob("*") if path.is_file())],
    ids=lambda path: str(path.relative_to(INFRA)),
)
def test_no_file_names_a_host_of_a_registry(path):
    inside = re.compile(r"\w+://(?:\$|aegis_|:\$|0\.0\.0\.0|127\.0\.0\.1|(?:" + "|".join(SERVICES) + r")\b)")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if REGISTRY_HOST.search(inside.sub("", line))]
    assert lines == []


def test_every_secret_is_required_and_listed_in_the_example():
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(required_variables(EXAMPLE.read_text(encoding="utf-8")))
    assert [variable for variable in re.findall(r"(?<!\$)\$\{(\w+)[}:]", text) if "PASSWORD" in variable and f"${{{variable}:?" not in text] == []


def test_every_option_is_listed_in_the_example_with_its_default():
    defaults = set(re.findall(r"(?<!\$)\$\{(\w+):-([^}]+)\}", COMPOSE_FILE.read_text(encoding="utf-8")))
    assert defaults == set(re.findall(r"^#(\w+)=(.+)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("service", APPS.values(), ids=APPS)
def test_the_variables_of_an_app_are_settings(service):
    assert {name.lower() for name in service["environment"]} <= set(Settings.model_fields)


@pytest.mark.parametrize("service", APPS.values(), ids=APPS)
def test_the_command_of_an_app_exists(service):
    match service["command"]:
        case ["aegis", *rest]:
            result = CliRunner().invoke(aegis, [*rest, "--help"])
        case ["python", "-m", "stream_apps", app]:
            result = CliRunner().invoke(stream_app, [app, "--help"])
            assert app in stream_app.params[0].type.choices
    assert result.exit_code == 0, result.output


def test_every_stream_app_has_a_service():
    assert {f"app-{app}" for app in stream_app.params[0].type.choices} == {name for name in SERVICES if name.startswith("app-")}


def test_connect_is_configured_as_natively_but_for_its_addresses():
    addresses = {"bootstrap.servers", "listeners", "rest.advertised.host.name", "rest.advertised.port"}
    here = _properties((INFRA / "images" / "connect" / "connect.properties").read_text(encoding="utf-8"))
    native = _properties(connect_properties(Ports(), Path("/opt/connect/plugins")))
    assert {key: value for key, value in here.items() if key not in addresses} == {key: value for key, value in native.items() if key not in addresses}
    assert addresses <= set(here)


def test_kafka_is_configured_as_natively_but_for_its_addresses():
    addresses = {"listeners", "advertised.listeners", "controller.quorum.voters", "listener.security.protocol.map", "log.dirs"}
    variables = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in SERVICES["kafka"]["environment"].items()}
    native = _properties(kafka_properties(Ports(), Path("/unused")))
    assert {key: variables.get(key) for key in native if key not in addresses} == {key: value for key, value in native.items() if key not in addresses}
    assert addresses <= set(variables)


def test_postgresql_is_configured_as_natively_but_for_its_addresses():
    left_to_the_image = {"listen_addresses", "port", "unix_socket_directories", "log_destination", "logging_collector"}
    lines = [line.split(" = ") for line in postgresql_conf(Ports()).splitlines() if line and not line.startswith("#")]
    native = {name: value.strip("'") for name, value in lines if name not in left_to_the_image}
    assert dict(flag.removeprefix("-c").split("=") for flag in SERVICES["postgres"]["command"][1:]) == native
