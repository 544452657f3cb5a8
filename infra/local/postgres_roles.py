"""Roles and databases of the cluster. The migrations only grant to them: roles belong to the whole cluster and carry passwords."""

from __future__ import annotations

import psycopg
from psycopg import sql

from infra.local.credentials import Credentials
from infra.local.ports import HOST

_ROLES = {
    "aegis_owner": "LOGIN CREATEDB REPLICATION",
    "aegis_collector": "LOGIN",
    "aegis_reader": "LOGIN",
    "aegis_operator": "LOGIN",
    "aegis_validator": "LOGIN",
    "aegis_cdc": "LOGIN REPLICATION",
    "registry": "LOGIN",
    "airflow": "LOGIN",
}
"""Role -> attributes. The owner makes databases (tests clone a template) and looks after replication slots."""

_DATABASES = {"aegis": "aegis_owner", "registry": "registry", "airflow": "airflow"}


def _provide_role(connection: psycopg.Connection[tuple[object, ...]], role: str, attributes: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER ROLE" if known else "CREATE ROLE")
    # neither statement takes parameters: identifier and literal are quoted by the driver
    statement = sql.SQL("{} {} WITH {} PASSWORD {}").format(verb, sql.Identifier(role), sql.SQL(attributes), sql.Literal(password))
    connection.execute(statement)


def provide_roles(port: int, credentials: Credentials) -> None:
    """Make or update the roles and databases. Idempotent; needs the superuser, whom nothing else uses."""
    superuser = psycopg.connect(host=HOST, port=port, dbname="postgres", user="postgres", password=credentials.postgres, autocommit=True, connect_timeout=5)
    with superuser as connection:
        for role, attributes in _ROLES.items():
            _provide_role(connection, role, attributes, getattr(credentials, role))
        connection.execute("GRANT pg_monitor, pg_signal_backend TO aegis_owner")
        for database, owner in _DATABASES.items():
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(owner)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        others = sql.SQL(", ").join(sql.Identifier(role) for role in _ROLES if role not in {"aegis_owner", "registry", "airflow"})
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE aegis TO {}").format(others))
