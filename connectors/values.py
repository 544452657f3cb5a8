"""The values that fill a definition's placeholders."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from aegis.derivations import CAPTURED

_CONFLUENT_PATH = "/apis/ccompat/v7"
_CORE_PATH = "/apis/registry/v2"


def placeholder_values(dsn: str, schema_registry_url: str) -> dict[str, str]:
    """Placeholder → value, from the owner's DSN (host, port and database alone) and the registry's Confluent address."""
    parts = conninfo_to_dict(dsn)
    return {
        "database_hostname": str(parts.get("host") or "127.0.0.1"),
        "database_port": str(parts.get("port") or 5432),
        "database_name": str(parts.get("dbname") or "aegis"),
        "captured_tables": ",".join(f"public.{table}" for table in CAPTURED),
        "registry_url": schema_registry_url.removesuffix("/").removesuffix(_CONFLUENT_PATH) + _CORE_PATH,
    }
