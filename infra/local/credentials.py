"""The passwords of the stack: made once, kept in one file that only its owner reads."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from infra.local.files import write_private


def _password() -> str:
    return secrets.token_hex(16)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """One password each; letters and digits only, so that none needs quoting anywhere."""

    postgres: str = field(default_factory=_password)
    """Of the superuser `postgres`, which only set-up uses."""
    aegis_owner: str = field(default_factory=_password)
    aegis_collector: str = field(default_factory=_password)
    aegis_reader: str = field(default_factory=_password)
    aegis_operator: str = field(default_factory=_password)
    aegis_validator: str = field(default_factory=_password)
    aegis_cdc: str = field(default_factory=_password)
    registry: str = field(default_factory=_password)
    neo4j: str = field(default_factory=_password)
    redis: str = field(default_factory=_password)
    airflow: str = field(default_factory=_password)
    """Of Airflow's role in PostgreSQL."""
    airflow_admin: str = field(default_factory=_password)
    """Of the login to Airflow's page."""
    airflow_fernet_key: str = field(default_factory=_fernet_key)
    airflow_jwt_secret: str = field(default_factory=lambda: secrets.token_hex(64))
    airflow_secret_key: str = field(default_factory=lambda: secrets.token_hex(32))
    kafka_cluster_id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    """No secret, but like them made once; Kafka refuses a folder formatted with another one."""


def load_credentials(path: Path) -> Credentials:
    """The stored passwords, with those that the file lacks made now and stored."""
    known = {each.name for each in fields(Credentials)}
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    credentials = Credentials(**{name: value for name, value in stored.items() if name in known})
    if asdict(credentials) != stored:
        write_private(path, json.dumps(asdict(credentials), indent=1) + os.linesep)
    return credentials
