"""What each server reads when it starts: its configuration, as text. Pure, so that a test can read it."""

from __future__ import annotations

from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.ports import HOST, Ports

CONNECT_OVERRIDES = (
    "producer.override.max.request.size",
    "producer.override.compression.type",
    "producer.override.enable.idempotence",
    "producer.override.linger.ms",
    "producer.override.batch.size",
    "producer.override.buffer.memory",
    "producer.override.acks",
)


def _properties(lines: dict[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def postgresql_conf(ports: Ports) -> str:
    """Included at the end of the cluster's own postgresql.conf. WAL for Debezium, and a bound on what a forgotten slot keeps."""
    return f"""listen_addresses = '{HOST}'
port = {ports.postgres}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
# A slot that nobody reads is given up after this much WAL rather than filling the disk; `aegis connect` says so and what to do.
max_slot_wal_keep_size = '4GB'
max_wal_size = '2GB'
wal_sender_timeout = '60s'
max_connections = 200
shared_buffers = '256MB'
effective_cache_size = '1GB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
track_commit_timestamp = on
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_min_duration_statement = '5s'
"""


def redis_conf(ports: Ports, folder: Path, credentials: Credentials) -> str:
    """Append-only, so that a kill loses at most a second."""
    return f"""bind {HOST}
port {ports.redis}
daemonize no
dir "{folder}"
requirepass {credentials.redis}
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy noeviction
"""


def kafka_properties(ports: Ports, folder: Path) -> str:
    """One node, broker and controller. No topic is made by accident, and a record may have 8 MB."""
    return _properties(
        {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{HOST}:{ports.kafka_controller}",
            "listeners": f"PLAINTEXT://{HOST}:{ports.kafka},CONTROLLER://{HOST}:{ports.kafka_controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{ports.kafka}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": folder / "data",
            "num.partitions": 1,
            "default.replication.factor": 1,
            "min.insync.replicas": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 10,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 3,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.retention.hours": 168,
            "log.segment.bytes": 134217728,
            "message.max.bytes": 8388608,
            "replica.fetch.max.bytes": 8388608,
        }
    )


def connect_properties(ports: Ports, plugins: Path) -> str:
    """A distributed worker. Connectors name secrets as `${env:POSTGRES_CDC_PASSWORD}`, so that none is stored in Kafka."""
    return _properties(
        {
            "bootstrap.servers": f"{HOST}:{ports.kafka}",
            "group.id": "aegis-connect",
            "listeners": f"http://{HOST}:{ports.connect}",
            "rest.advertised.host.name": HOST,
            "rest.advertised.port": ports.connect,
            "plugin.path": plugins,
            "plugin.discovery": "service_load",
            "key.converter": "org.apache.kafka.connect.json.JsonConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "config.storage.topic": "connect-configs",
            "offset.storage.topic": "connect-offsets",
            "status.storage.topic": "connect-status",
            "config.storage.replication.factor": 1,
            "offset.storage.replication.factor": 1,
            "status.storage.replication.factor": 1,
            "offset.storage.partitions": 5,
            "status.storage.partitions": 2,
            "offset.flush.interval.ms": 1000,
            "connector.client.config.override.policy": "Allowlist",
            "connector.client.config.override.allowlist": ",".join(name.removeprefix("producer.override.") for name in CONNECT_OVERRIDES),
            "config.providers": "env",
            "config.providers.env.class": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
            "config.providers.env.param.allowlist.pattern": "POSTGRES_CDC_PASSWORD",
            "exactly.once.source.support": "disabled",
            "topic.creation.enable": "false",
            "producer.max.request.size": 8388608,
            "producer.compression.type": "lz4",
            "producer.linger.ms": 5,
            "scheduled.rebalance.max.delay.ms": 5000,
        }
    )


def elasticsearch_yml(ports: Ports, folder: Path) -> str:
    """One node, loopback only. Indexes are made by name, never by writing to one."""
    return f"""cluster.name: aegis
node.name: aegis-1
path.data: "{folder / "data"}"
path.logs: "{folder / "logs"}"
network.host: {HOST}
http.port: {ports.elasticsearch}
transport.port: {ports.elasticsearch_transport}
discovery.type: single-node
xpack.security.enabled: false
node.store.allow_mmap: false
action.auto_create_index: false
action.destructive_requires_name: true
"""


def neo4j_conf(ports: Ports) -> str:
    """Loopback only, few transaction logs, none of the features that call out, and no ten seconds of waiting for new calls while it stops."""
    return f"""server.directories.data=data
server.directories.logs=logs
server.default_listen_address={HOST}
server.bolt.enabled=true
server.bolt.listen_address={HOST}:{ports.neo4j}
server.bolt.advertised_address={HOST}:{ports.neo4j}
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
server.http.enabled=true
server.http.listen_address={HOST}:{ports.neo4j_http}
server.http.advertised_address={HOST}:{ports.neo4j_http}
server.https.enabled=false
server.memory.pagecache.size=128m
db.memory.transaction.max=256m
db.tx_log.rotation.retention_policy=1 hours 200M
db.tx_log.rotation.size=32m
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
dbms.security.allow_csv_import_from_file_urls=false
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false
server.http.x_forward.enabled=false
"""
