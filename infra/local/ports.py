"""Which process listens on which port. Everything is on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

HOST = "127.0.0.1"
OFFSET = "AEGIS_PORT_OFFSET"
"""Added to every port that has no setting of its own, so that a second checkout can run beside the first."""
PREFIX = "AEGIS_PORT_"
_HIGHEST = 65535


class PortSettingError(ValueError):
    """A port setting that is no port; the message names the variable and what it may be."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The plan. Each field is set by `AEGIS_PORT_<FIELD>`, or moved with all others by `AEGIS_PORT_OFFSET`."""

    postgres: int = 15432
    kafka: int = 19092
    kafka_controller: int = 19093
    connect: int = 18083
    registry: int = 18081
    registry_management: int = 18082
    elasticsearch: int = 19200
    elasticsearch_transport: int = 19300
    neo4j: int = 17687
    neo4j_http: int = 17474
    redis: int = 16379
    milvus: int = 19530
    airflow: int = 18080
    metrics: int = 18200
    """The first of the ports on which the apps serve /metrics and /health; one after the other, in the order of the process list."""


def _number(environment: Mapping[str, str], variable: str, lowest: int) -> int:
    text = environment[variable]
    try:
        number = int(text)
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= _HIGHEST:
        raise PortSettingError(f"{variable}={text!r} is no number from {lowest} to {_HIGHEST}: unset it or give one")
    return number


def port_plan(environment: Mapping[str, str]) -> Ports:
    """The plan that the environment asks for. Raises PortSettingError for a setting out of range and for two processes on one port."""
    offset = _number(environment, OFFSET, 0) if environment.get(OFFSET) else 0
    plan = Ports()
    for field in fields(Ports):
        variable = PREFIX + field.name.upper()
        port = _number(environment, variable, 1) if environment.get(variable) else getattr(plan, field.name) + offset
        if port > _HIGHEST:
            raise PortSettingError(f"{OFFSET}={offset} moves the port of {field.name} to {port}, past {_HIGHEST}: give a smaller one")
        plan = replace(plan, **{field.name: port})
    by_port: dict[int, str] = {}
    for field in fields(Ports):
        port = getattr(plan, field.name)
        if port in by_port:
            raise PortSettingError(f"{by_port[port]} and {field.name} are both given port {port}: change {PREFIX}{field.name.upper()}")
        by_port[port] = field.name
    return plan
