"""The servers of the stack, as supervised programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.local.account import Account
from infra.local.components import Components
from infra.local.credentials import Credentials
from infra.local.folders import Folders
from infra.local.jdk import NEEDED, release_version
from infra.local.ports import HOST, Ports
from infra.local.program import Program

LOG4J = Path(__file__).parent / "log4j2.properties"
"""Logging of the broker and of Connect; copied beside the broker's configuration, where the servers' user can read it."""
_WARNS_OF_UNSAFE = 23
"""Java versions from here on warn of memory access by `sun.misc.Unsafe`, which Netty does; older ones do not know the option."""
HUGE_PAGES = "-XX:+UseTransparentHugePages"
"""Heaps in pages of 2 MB where the kernel offers them: far fewer steps to find an address, which counts where several machines share one memory."""
_NEO4J_JVM = (
    *("-Xms512m", "-Xmx512m", "-XX:+UseG1GC", "-XX:-OmitStackTraceInFastThrow", "-XX:+DisableExplicitGC", "-XX:+ExitOnOutOfMemoryError"),
    *("-Djdk.nio.maxCachedBufferSize=1024", "-Dio.netty.tryReflectionSetAccessible=true", "-Dlog4j2.disable.jmx=true", "-Dfile.encoding=UTF-8"),
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")),
    *("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"),
)


@dataclass(frozen=True, slots=True)
class Installation:
    """All that the programs are made from."""

    folders: Folders
    ports: Ports
    credentials: Credentials
    account: Account
    components: Components
    jdk: Path
    postgres_programs: Path
    redis_server: Path

    @property
    def java(self) -> str:
        return str(self.jdk / "bin" / "java")

    @property
    def java_version(self) -> int:
        return release_version((self.jdk / "release").read_text(encoding="utf-8")) or NEEDED


def _server(installed: Installation, name: str, command: tuple[str, ...], environment: Mapping[str, str], ports: Mapping[str, int]) -> Program:
    folder = str(installed.folders.server(name))
    return Program(name, command, folder, {"HOME": folder, **environment}, installed.account.name, ports=ports)


def _jvm(installed: Installation, server: str) -> tuple[str, ...]:
    """What the command of every server on a JVM begins with.

    The classes that a first run loaded are kept, written when it ends, for the next start: a third less CPU for Neo4j and the registry (docs/native-stack.md).
    """
    archive = installed.folders.server(server) / "classes.jsa"
    return (installed.java, HUGE_PAGES, "-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={archive}")


def _kafka_jvm(installed: Installation, server: str, heap: str) -> tuple[str, ...]:
    log4j = f"-Dlog4j2.configurationFile={installed.folders.server('kafka') / LOG4J.name}"
    memory = ("-server", "-Xms256m", heap, "-XX:+UseG1GC")
    return (*_jvm(installed, server), *memory, "-Djava.awt.headless=true", log4j, "-cp", f"{installed.components.kafka}/lib/*")


def _postgres(installed: Installation) -> Program:
    command = (str(installed.postgres_programs / "postgres"), "-D", str(installed.folders.server("postgres") / "data"))
    program = _server(installed, "postgres", command, {"LC_ALL": "C.UTF-8"}, {"postgres": installed.ports.postgres})
    return replace(program, stop_signal="INT", start_seconds=3)  # a fast shutdown: sessions are ended, nothing is lost


def _redis(installed: Installation) -> Program:
    command = (str(installed.redis_server), str(installed.folders.server("redis") / "redis.conf"))
    return _server(installed, "redis", command, {}, {"redis": installed.ports.redis})


def _kafka(installed: Installation) -> Program:
    folder, ports = installed.folders.server("kafka"), installed.ports
    command = (*_kafka_jvm(installed, "kafka", "-Xmx512m"), "kafka.Kafka", str(folder / "server.properties"))
    program = _server(installed, "kafka", command, {}, {"kafka": ports.kafka, "kafka_controller": ports.kafka_controller})
    return replace(program, stop_seconds=60)


def _elasticsearch(installed: Installation) -> Program:
    folder, ports = installed.folders.server("elasticsearch"), installed.ports
    environment = {
        "ES_JAVA_HOME": str(installed.jdk),
        "ES_PATH_CONF": str(folder / "config"),
        "ES_TMPDIR": str(folder / "tmp"),
        "CLI_JAVA_OPTS": "-Xmx64m -XX:+UseSerialGC",
    }
    command = (str(installed.components.elasticsearch / "bin" / "elasticsearch"),)
    taken = {"elasticsearch": ports.elasticsearch, "elasticsearch_transport": ports.elasticsearch_transport}
    return replace(_server(installed, "elasticsearch", command, environment, taken), stop_seconds=60, start_seconds=10)


def _neo4j(installed: Installation) -> Program:
    folder, ports = installed.folders.server("neo4j"), installed.ports
    unsafe = ("--sun-misc-unsafe-memory-access=allow",) if installed.java_version >= _WARNS_OF_UNSAFE else ()
    jvm = (*_jvm(installed, "neo4j"), *_NEO4J_JVM, *unsafe, f"-Djava.io.tmpdir={folder / 'tmp'}", "-cp", f"{installed.components.neo4j}/lib/*")
    command = (*jvm, "org.neo4j.server.Neo4jCommunity", f"--home-dir={folder}", f"--config-dir={folder / 'conf'}", "--console-mode")
    program = _server(installed, "neo4j", command, {"NEO4J_HOME": str(folder)}, {"neo4j": ports.neo4j, "neo4j_http": ports.neo4j_http})
    return replace(program, stop_seconds=60)  # the checkpoint of a full page cache


def _milvus(installed: Installation) -> Program:
    folder, port = installed.folders.server("milvus"), installed.ports.milvus
    program = str(installed.folders.checkout / ".venv" / "bin" / "milvus-lite")
    # With more than one worker, concurrent writers lose acknowledged rows.
    command = (program, "server", "--data-dir", str(folder / "data"), "--host", HOST, "--port", str(port), "--max-workers", "1")
    return Program("milvus", command, str(folder), ports={"milvus": port})


def _registry(installed: Installation) -> Program:
    ports = installed.ports
    environment = {
        "QUARKUS_HTTP_HOST": HOST,
        "QUARKUS_HTTP_PORT": str(ports.registry),
        "QUARKUS_MANAGEMENT_HOST": HOST,  # by default on all interfaces
        "QUARKUS_MANAGEMENT_PORT": str(ports.registry_management),
        "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "postgresql",
        "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{HOST}:{ports.postgres}/registry",
        "APICURIO_DATASOURCE_USERNAME": "registry",
        "APICURIO_DATASOURCE_PASSWORD": installed.credentials.registry,
    }
    memory = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    command = (*_jvm(installed, "registry"), *memory, "-jar", str(installed.components.registry / "quarkus-run.jar"))
    taken = {"registry": ports.registry, "registry_management": ports.registry_management}
    return replace(_server(installed, "registry", command, environment, taken), needs=("postgres",))


def _connect(installed: Installation) -> Program:
    properties = str(installed.folders.server("connect") / "connect.properties")
    command = (*_kafka_jvm(installed, "connect", "-Xmx512m"), "org.apache.kafka.connect.cli.ConnectDistributed", properties)
    environment = {"POSTGRES_CDC_PASSWORD": installed.credentials.aegis_cdc}
    return replace(_server(installed, "connect", command, environment, {"connect": installed.ports.connect}), needs=("kafka",))


def servers(installed: Installation) -> tuple[Program, ...]:
    """Every server, in the order in which status lists them."""
    makers = (_postgres, _redis, _kafka, _registry, _connect, _elasticsearch, _neo4j, _milvus)
    return tuple(make(installed) for make in makers)
