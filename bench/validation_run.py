"""`aegis validate` as a whole: rows a second from pending to judged in PostgreSQL, without duplicates (which ask Milvus), and what a second run finds to do.

Rows are of the benchmark's own database, which no slot reads. Beside the rate: what the same policies cost to judge in memory, so that what is left is
PostgreSQL's and the driver's. `AEGIS_BENCH_VALIDATION_RUN_ROWS` sets the number of rows.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import perf_counter

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from aegis.migrations import migrate
from aegis.settings import settings
from batch.progress import Silent
from batch.validation.checks import rules
from batch.validation.examination import Examination
from batch.validation.ledger import Order
from batch.validation.run import Validated, validate
from bench.full_validation import BATCH, ON, batches, judged, policies
from bench.generated import COLUMNS

ROWS = int(os.environ.get("AEGIS_BENCH_VALIDATION_RUN_ROWS", "10000"))
DATABASE = "aegis_bench_validation"


@contextmanager
def database() -> Iterator[tuple[str, str, str]]:
    """The owner's, operator's and validator's way into a migrated database that is dropped at the end."""
    configured = settings()
    owner = configured.postgres_dsn.get_secret_value()
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        try:
            dsns = [make_conninfo(dsn.get_secret_value(), dbname=DATABASE) for dsn in (configured.postgres_dsn, configured.postgres_operator_dsn)]
            migrate(dsns[0])
            yield dsns[0], dsns[1], make_conninfo(configured.postgres_validator_dsn.get_secret_value(), dbname=DATABASE)
        finally:
            connection.execute(drop)


def fill(owner: str) -> None:
    """`ROWS` pending policies by COPY."""
    names = [*COLUMNS, "application_period_text", "application_start_date", "application_end_date", "tags", "detail_url"]
    with psycopg.connect(owner) as connection, connection.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY policies ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, names)))) as copy:
            rows = (row for batch in batches(policies(), ROWS) for row in batch)
            for number, row in enumerate(islice(rows, ROWS)):
                values = {name: list(value) if isinstance(value := getattr(row, name), tuple) else value for name in names}
                copy.write_row([*({**values, "policy_id": f"bench-{number}", "source_id": f"bench-{number}"}[name] for name in names)])
        connection.execute("ANALYZE policies")


def timed(operator: str, validator: str) -> tuple[float, Validated]:
    """Seconds of one run, and what it did."""
    began = perf_counter()
    done = validate(operator, validator, Order(on=ON, threshold=0.7, batch_size=BATCH), Silent(), lambda _connection: lambda _rows: {})
    return perf_counter() - began, done


def run() -> None:
    """Print the rates, the ratio and memory."""
    rows, examination = policies(), Examination(rules(ON))
    judged(rows[:BATCH], examination)
    began = perf_counter()
    for batch in batches(rows, ROWS):
        judged(batch, examination)
    alone = perf_counter() - began
    with database() as (owner, operator, validator):
        fill(owner)
        first, done = timed(operator, validator)
        again, nothing = timed(operator, validator)
    if (done.tally.judged, nothing.tally.judged) != (ROWS, 0):
        raise RuntimeError(f"the runs judged {done.tally.judged} and {nothing.tally.judged} policies, not {ROWS} and 0")
    print(f"   {ROWS / first:,.0f} rows/s from pending to judged, in batches of {BATCH}; judging alone {ROWS / alone:,.0f}: ratio {alone / first:.2f}")
    print(f"   a second run over {ROWS:,} judged policies: {again:.2f} s")
    print(f"   memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
