"""Folders, configuration files and first-time formatting: all that must be on disk before a server starts."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from infra.local.airflow import AIRFLOW
from infra.local.files import write_private
from infra.local.progress import working
from infra.local.server_files import connect_properties, elasticsearch_yml, kafka_properties, neo4j_conf, postgresql_conf, redis_conf
from infra.local.servers import HUGE_PAGES, LOG4J, Installation

_POSTGRES_INCLUDE = "aegis.conf"


def _run_as_server(installed: Installation, command: list[str], **environment: str) -> None:
    account = installed.account
    folder = installed.folders.server("postgres")
    base = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    result = subprocess.run(
        command,
        env=base | environment,
        cwd=folder,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed with {result.returncode}:\n{result.stdout.strip()}")


def _initialise_postgres(installed: Installation) -> None:
    folder = installed.folders.server("postgres")
    data, aside = folder / "data", folder / "data.new"
    if not (data / "PG_VERSION").exists():
        with working("initialising PostgreSQL"):
            shutil.rmtree(aside, ignore_errors=True)  # of an interrupted run
            password = folder / "password"
            write_private(password, installed.credentials.postgres, installed.account)
            command = [
                str(installed.postgres_programs / "initdb"),
                "-D",
                str(aside),
                "-U",
                "postgres",
                "--pwfile",
                str(password),
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ]
            _run_as_server(installed, [*command, "--auth=scram-sha-256", "--data-checksums"])
            password.unlink()
            with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write(f"\ninclude '{_POSTGRES_INCLUDE}'\n")
            aside.rename(data)
    write_private(data / _POSTGRES_INCLUDE, postgresql_conf(installed.ports), installed.account)


def _format_kafka(installed: Installation) -> None:
    folder = installed.folders.server("kafka")
    if (folder / "data" / "meta.properties").exists():
        return
    with working("formatting Kafka's log"):
        tool = [installed.java, "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={folder / LOG4J.name}"]
        tool += ["-cp", f"{installed.components.kafka}/lib/*", "kafka.tools.StorageTool", "format"]
        _run_as_server(installed, [*tool, f"--cluster-id={installed.credentials.kafka_cluster_id}", f"--config={folder / 'server.properties'}"])


def _elasticsearch_files(installed: Installation) -> None:
    folder, account = installed.folders.server("elasticsearch"), installed.account
    config = folder / "config"
    account.owns(folder / "data", folder / "logs", folder / "tmp", config, config / "jvm.options.d")
    for source in (installed.components.elasticsearch / "config").iterdir():
        if source.is_file() and source.name != "elasticsearch.yml":
            write_private(config / source.name, source.read_text(encoding="utf-8"), account)
    write_private(config / "elasticsearch.yml", elasticsearch_yml(installed.ports, folder), account)
    write_private(config / "jvm.options.d" / "heap.options", f"-Xms512m\n-Xmx512m\n{HUGE_PAGES}\n", account)


def _neo4j_files(installed: Installation) -> None:
    folder, account = installed.folders.server("neo4j"), installed.account
    account.owns(*(folder / name for name in ("data", "logs", "tmp", "conf", "plugins", "import", "lib", "licenses", "run")))
    write_private(folder / "conf" / "neo4j.conf", neo4j_conf(installed.ports), account)


def configuration_hash(installed: Installation, server: str) -> str:
    """Of what a server reads at its start: another one means that it must start again. Empty for a server without a file of its own."""
    folder = installed.folders.server("airflow" if server in AIRFLOW else server)
    files = {
        "postgres": ("data/" + _POSTGRES_INCLUDE,),
        "redis": ("redis.conf",),
        "kafka": ("server.properties", LOG4J.name),
        "connect": ("connect.properties",),
        "elasticsearch": ("config/elasticsearch.yml", "config/jvm.options.d/heap.options"),
        "neo4j": ("conf/neo4j.conf",),
        **dict.fromkeys(AIRFLOW, ("airflow.cfg",)),
    }.get(server, ())
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in files)).hexdigest()[:12] if files else ""


def prepare(installed: Installation) -> None:
    """Write everything; initialise what was never initialised. Idempotent."""
    folders, ports, account = installed.folders, installed.ports, installed.account
    folders.home.mkdir(parents=True, exist_ok=True)
    folders.home.chmod(0o711)  # the servers' user passes through; each folder in it is its owner's alone
    folders.logs.mkdir(mode=0o700, exist_ok=True)
    (folders.server("milvus") / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    account.owns(*(folders.server(name) for name in ("postgres", "redis", "kafka", "connect", "registry", "elasticsearch", "neo4j")))
    write_private(folders.server("redis") / "redis.conf", redis_conf(ports, folders.server("redis"), installed.credentials), account)
    write_private(folders.server("kafka") / "server.properties", kafka_properties(ports, folders.server("kafka")), account)
    write_private(folders.server("kafka") / LOG4J.name, LOG4J.read_text(encoding="utf-8"), account)
    write_private(folders.server("connect") / "connect.properties", connect_properties(ports, installed.components.connect), account)
    _elasticsearch_files(installed)
    _neo4j_files(installed)
    _initialise_postgres(installed)
    _format_kafka(installed)
