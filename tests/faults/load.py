"""Writers of PostgreSQL: what goes on while something is broken."""

from __future__ import annotations

from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psycopg

INSERT = (
    "INSERT INTO policies (policy_id, source, source_id, title, content, issuing_organization, category, target_regions, target_industries, tags, "
    "status, funding_amount_max) "
    "VALUES (%(key)s, 'fault', %(key)s, %(title)s, %(content)s, '중기부', '금융', %(regions)s, '{C,G}', %(tags)s, %(status)s, %(amount)s) "
    "ON CONFLICT (policy_id) DO UPDATE SET title = excluded.title, target_regions = excluded.target_regions, status = excluded.status, "
    "funding_amount_max = excluded.funding_amount_max"
)
INSERT_USER = (
    "INSERT INTO users (user_id, email, name, region_code, business_type) VALUES (%(key)s, 'who@example.com', '홍길동', '11', %(title)s) "
    "ON CONFLICT (user_id) DO UPDATE SET business_type = excluded.business_type"
)


def policy(key: str, number: int, **columns: Any) -> dict[str, Any]:
    """Parameters of `INSERT`."""
    return {
        "key": key,
        "title": f"지원 공고 {number}",
        "content": f"소상공인 정책자금 {number % 7}",
        "regions": [("11", "26", "41")[number % 3]],
        "tags": ["창업"],
        "status": "active",
        "amount": number * 1000,
    } | columns


def burst(dsn: str, prefix: str, number: int, start: int = 0) -> None:
    """Insert or update `number` policies in one transaction."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(INSERT, [policy(f"{prefix}{index:05d}", start + index) for index in range(number)])


def remove(dsn: str, prefix: str) -> None:
    """Delete every row whose key begins with `prefix`, and what dead letters tell of them."""
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM policies WHERE starts_with(policy_id, %s)", (prefix,))
        connection.execute("DELETE FROM users WHERE starts_with(user_id, %s)", (prefix,))
        connection.execute("DELETE FROM ops.dead_letters WHERE starts_with(key, %s)", (prefix,))


class Load:
    """Inserts, updates and deletes policies and users, one commit each, about `per_second`, from `with` to its end."""

    def __init__(self, dsn: str, prefix: str, *, per_second: float = 30.0, keys: int = 40) -> None:
        self._dsn, self._prefix, self._pause, self._keys = dsn, prefix, 1 / per_second, keys
        self._random = Random(prefix)
        self._ended = Event()
        self._thread = Thread(target=self._write, name="load", daemon=True)
        self._failure: psycopg.Error | None = None
        self.commits = 0

    def _write(self) -> None:
        try:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                while not self._ended.wait(self._pause):
                    self._one(connection)
                    self.commits += 1
        except psycopg.Error as error:  # raised again in the test's thread
            self._failure = error

    def _one(self, connection: psycopg.Connection[Any]) -> None:
        key = f"{self._prefix}load-{self._random.randrange(self._keys):03d}"
        chance = self._random.random()
        if chance < 0.15:
            connection.execute("DELETE FROM policies WHERE policy_id = %s", (key,))
        elif chance < 0.3:
            connection.execute(INSERT_USER, policy(key, self.commits))
        else:
            status = "rejected" if chance > 0.93 else "active"
            connection.execute(INSERT, policy(key, self.commits, status=status))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(30)
        if self._failure is not None and error is None:
            raise self._failure
