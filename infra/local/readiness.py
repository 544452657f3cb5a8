"""Whether a server does its work: each probe asks it something real, as a client would."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

import httpx
import neo4j
import neo4j.exceptions
import psycopg
import redis
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local.credentials import Credentials
from infra.local.ports import HOST, Ports

_SECONDS = 3.0
NOT_READY = (httpx.HTTPError, OSError, psycopg.OperationalError, redis.RedisError, KafkaException, neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError)
"""What a probe raises while the server is not ready; anything else is a fault of ours."""

_AIRFLOW_PARTS = {
    "airflow-api": "metadatabase",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag_processor",
    "airflow-triggerer": "triggerer",
}
"""Process → its name in Airflow's own report of its health."""

Probe = Callable[[], None]
"""Returns when the server is ready, else raises one of NOT_READY."""


def _ask_http(url: str) -> None:
    httpx.get(url, timeout=_SECONDS).raise_for_status()


def _ask_postgres(port: int, password: str) -> None:
    superuser = psycopg.connect(host=HOST, port=port, dbname="postgres", user="postgres", password=password, connect_timeout=int(_SECONDS))
    with superuser as connection:
        connection.execute("SELECT 1")


def _ask_redis(port: int, password: str) -> None:
    with redis.Redis(host=HOST, port=port, password=password, socket_timeout=_SECONDS) as client:
        client.ping()


def _ask_kafka(port: int) -> None:
    silent = logging.getLogger("infra.local.kafka")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    client = AdminClient({"bootstrap.servers": f"{HOST}:{port}"}, logger=silent)
    client.list_topics(timeout=_SECONDS)


def _ask_neo4j(port: int, password: str) -> None:
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)  # it logs each failed attempt
    with neo4j.GraphDatabase.driver(f"bolt://{HOST}:{port}", auth=("neo4j", password), connection_timeout=_SECONDS, max_transaction_retry_time=0) as driver:
        driver.execute_query("RETURN 1", database_="neo4j")


def _ask_milvus(port: int) -> None:
    # pymilvus takes a second to import and waits long for a server that is not there: its gRPC port first
    import grpc  # type: ignore[import-untyped]

    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_SECONDS)
        except grpc.FutureTimeoutError as error:
            raise ConnectionError("no answer") from error
        call = channel.unary_unary("/milvus.proto.milvus.MilvusService/GetVersion", request_serializer=bytes, response_deserializer=bytes)
        try:
            call(b"", timeout=_SECONDS)
        except grpc.RpcError as error:
            raise ConnectionError(str(error)) from error


def _ask_airflow(port: int, part: str) -> None:
    answer = httpx.get(f"http://{HOST}:{port}/api/v2/monitor/health", timeout=_SECONDS).raise_for_status()
    if answer.json()[part]["status"] != "healthy":
        raise ConnectionError(f"Airflow's {part} is not healthy")


def probes(ports: Ports, credentials: Credentials) -> Mapping[str, Probe]:
    """Server -> its probe."""
    return {
        "postgres": lambda: _ask_postgres(ports.postgres, credentials.postgres),
        "redis": lambda: _ask_redis(ports.redis, credentials.redis),
        "kafka": lambda: _ask_kafka(ports.kafka),
        "registry": lambda: _ask_http(f"http://{HOST}:{ports.registry}/apis/ccompat/v7/subjects"),
        "connect": lambda: _ask_http(f"http://{HOST}:{ports.connect}/connectors"),
        "elasticsearch": lambda: _ask_http(f"http://{HOST}:{ports.elasticsearch}/_cluster/health?wait_for_status=yellow&timeout=2s"),
        "neo4j": lambda: _ask_neo4j(ports.neo4j, credentials.neo4j),
        "milvus": lambda: _ask_milvus(ports.milvus),
        **{name: partial(_ask_airflow, ports.airflow, part) for name, part in _AIRFLOW_PARTS.items()},
    }


def app_probe(port: int) -> Probe:
    """Of an app, by the port on which it serves its health."""
    return lambda: _ask_http(f"http://{HOST}:{port}/health/ready")


def answers(probe: Probe) -> bool:
    """Whether the server is ready now."""
    try:
        probe()
    except NOT_READY:
        return False
    return True
