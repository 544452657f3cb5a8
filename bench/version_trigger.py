"""What the version trigger costs a bulk writer: the same writes into a table with it and into one without, interleaved. Aim: ratio <= 1.2."""

from __future__ import annotations

from statistics import median
from time import monotonic

import psycopg
from psycopg import sql

from aegis.settings import settings
from bench.generated import COLUMNS, policies

SCHEMA = "bench_version_trigger"
ROWS = 20_000
ROUNDS = 5


def _prepare(connection: psycopg.Connection) -> None:
    connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    for name in ("plain", "versioned"):
        table = sql.Identifier(SCHEMA, name)
        connection.execute(sql.SQL("CREATE TABLE {} (LIKE public.policies INCLUDING ALL)").format(table))
        connection.execute(sql.SQL("ALTER TABLE {} ALTER version SET DEFAULT 1").format(table))
        connection.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(table))
    connection.execute(f"CREATE TRIGGER draw_version BEFORE INSERT OR UPDATE ON {SCHEMA}.versioned FOR EACH ROW EXECUTE FUNCTION public.aegis_draw_version()")


def _write(connection: psycopg.Connection, name: str) -> tuple[float, float]:
    """Seconds of a COPY of all rows, and of an UPDATE of all rows."""
    table = sql.Identifier(SCHEMA, name)
    connection.execute(sql.SQL("TRUNCATE {}").format(table))
    rows = [tuple(row[column] for column in COLUMNS) for row in policies(ROWS, "bench-trigger-")]
    began = monotonic()
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))) as copy:
        for row in rows:
            copy.write_row(row)
    connection.commit()
    copied = monotonic()
    connection.execute(sql.SQL("UPDATE {} SET category = category || 'x'").format(table))
    connection.commit()
    return copied - began, monotonic() - copied


def run() -> None:
    """Print the ratios and the parts."""
    with psycopg.connect(settings().postgres_dsn.get_secret_value()) as connection:
        _prepare(connection)
        try:
            times: dict[str, list[tuple[float, float]]] = {"plain": [], "versioned": []}
            for round_ in range(ROUNDS):
                for name in ("plain", "versioned") if round_ % 2 else ("versioned", "plain"):
                    times[name].append(_write(connection, name))
        finally:
            connection.rollback()
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    for what, index in (("first copy (COPY)", 0), ("update of all rows", 1)):
        plain, versioned = (median(pair[index] for pair in times[name]) for name in ("plain", "versioned"))
        print(f"   {what}: ratio {versioned / plain:.2f} (aim <= 1.2): {ROWS / versioned:.0f} rows/s with the trigger, {ROWS / plain:.0f} without")


if __name__ == "__main__":
    run()
