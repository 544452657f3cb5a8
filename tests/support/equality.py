"""PostgreSQL against the four derived stores by a full, independent read: each with its own driver, without Aegis' stores, projections or row models.

Compared is what readers see under the stable names: which keys there are, and what they hold.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
import psycopg
import redis
from elasticsearch import ApiError as ElasticsearchError
from elasticsearch import Elasticsearch, TransportError, helpers
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError
from psycopg.rows import dict_row
from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

from aegis.settings import Settings
from tests.support.wait import until

PUBLISHED = ("pending_validation", "active")
USER_COLUMNS = "user_id, region_code, industry_code, business_type, employee_range, preferences_tags, is_active, created_at, updated_at, version"
PERSONAL = {"email", "name", "phone", "birth_date", "address"}
MILVUS_TITLE_BYTES = 2048
NOT_ANSWERING = (redis.RedisError, ElasticsearchError, TransportError, Neo4jError, DriverError, MilvusException)
MOST_DIFFERENCES = 12
READ_SECONDS = 30.0

logging.getLogger("pymilvus").setLevel(logging.ERROR)  # it warns about every iterator on the embedded server

Rows = Mapping[str, Mapping[str, Any]]
"""Key → column → value, as JSON has it: numbers, texts, lists."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What is not equal, as lines for people; empty when all is."""

    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __str__(self) -> str:
        shown = self.lines[:MOST_DIFFERENCES]
        return "\n".join([f"{len(self.lines)} differences", *shown])


def assert_equal_everywhere(settings: Settings, prefix: str = "", *, absent: Iterable[str] = (), seconds: float = 90.0) -> None:
    """Wait until the rows whose keys begin with `prefix` are equal in all stores. `absent`: policies that no store may show (held).

    Raises AssertionError with the differences that are left after `seconds`.
    """
    last = Differences(("not compared yet",))

    def equal() -> bool:
        nonlocal last
        try:
            last = differences(settings, prefix, frozenset(absent))
        except NOT_ANSWERING as error:  # a store that is still starting
            last = Differences((f"{type(error).__name__}: {error}",))
        return not last

    try:
        until(equal, seconds, "PostgreSQL and the four stores to be equal", interval=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{last}") from None


def differences(settings: Settings, prefix: str = "", absent: frozenset[str] = frozenset()) -> Differences:
    """One full read of everything, compared."""
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), row_factory=dict_row) as connection:
        policies, users, rules = (
            _rows(connection, *of, prefix) for of in (("policies", "policy_id", "*"), ("users", "user_id", USER_COLUMNS), ("business_rules", "rule_id", "*"))
        )
    shown = {key: row for key, row in policies.items() if row["status"] in PUBLISHED and key not in absent}
    return Differences(
        (
            *_redis(settings, prefix, shown, users, rules),
            *_elasticsearch(settings, prefix, shown, rules),
            *_neo4j(settings, prefix, shown, users, rules),
            *_milvus(settings, prefix, shown),
        )
    )


def _rows(connection: psycopg.Connection[Any], table: str, key: str, columns: str, prefix: str) -> Rows:
    query = f"SELECT {columns} FROM {table} WHERE starts_with({key}, %s)"
    found = connection.execute(query, (prefix,)).fetchall()
    return {row[key]: {name: _plain(value) for name, value in row.items()} for row in found}


def _plain(value: Any) -> Any:
    """`value` as JSON would have it; times as datetimes in UTC, to be compared as such."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _compare(store: str, wanted: Rows, found: Rows, columns: Mapping[str, Callable[[Any], Any]]) -> Iterable[str]:
    """`columns`: name → how the row's value looks in the store."""
    yield from (f"{store}: {key} is missing" for key in sorted(wanted.keys() - found.keys()))
    yield from (f"{store}: {key} should not be there" for key in sorted(found.keys() - wanted.keys()))
    for key in sorted(wanted.keys() & found.keys()):
        for name, form in columns.items():
            expected, actual = form(wanted[key].get(name)), _read(found[key].get(name))
            if expected != actual:
                yield f"{store}: {key}.{name} is {str(actual)[:80]!r}, PostgreSQL has {str(expected)[:80]!r} at version {wanted[key]['version']}"


def _read(value: Any) -> Any:
    """A stored value, with ISO times as datetimes and decimals in text as numbers."""
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and value[10:11] == "T":
        return datetime.fromisoformat(value)
    return value


def _same(value: Any) -> Any:
    return value


def _listed(value: Any) -> Any:
    return list(value or [])


POLICY = {
    **dict.fromkeys(
        [
            "source",
            "source_id",
            "title",
            "content",
            "issuing_organization",
            "operating_organization",
            "category",
            "funding_amount_min",
            "funding_amount_max",
            "application_start_date",
            "application_end_date",
            "application_period_text",
            "detail_url",
            "status",
            "is_active",
            "created_at",
            "updated_at",
            "version",
        ],
        _same,
    ),
    **dict.fromkeys(("target_regions", "target_industries", "tags"), _listed),
}
USER = {
    **dict.fromkeys(["region_code", "industry_code", "business_type", "employee_range", "is_active", "created_at", "updated_at", "version"], _same),
    "preferences_tags": _listed,
}
RULE = {
    **dict.fromkeys(["name", "description", "rule_type", "priority", "is_active", "created_at", "updated_at", "version"], _same),
    "policy_ids": _listed,
}


def _redis(settings: Settings, prefix: str, policies: Rows, users: Rows, rules: Rows) -> Iterable[str]:
    client: Any = redis.Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=READ_SECONDS)
    rates = {"interest_rate": _same, "quality_score": _same}
    for space, wanted, columns in (("policy:", policies, POLICY | rates), ("user:", users, USER), ("business_rule:", rules, RULE)):
        keys = list(client.scan_iter(match=_glob(space + prefix) + "*", count=1000))
        values = client.mget(keys) if keys else []
        found = {key.decode()[len(space) :]: orjson.loads(value) for key, value in zip(keys, values, strict=True) if value is not None}
        for row in found.values():
            row.update({name: float(row[name]) for name in rates if row.get(name) is not None})
        yield from _compare(f"redis {space}", wanted, found, columns)
        yield from (f"redis {space}{key} holds personal data" for key, row in found.items() if space == "user:" and PERSONAL & row.keys())
    client.close()


def _glob(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in text)


def _elasticsearch(settings: Settings, prefix: str, policies: Rows, rules: Rows) -> Iterable[str]:
    with Elasticsearch(settings.elasticsearch_url, request_timeout=READ_SECONDS) as client:
        rates = {"interest_rate": _same, "quality_score": _same}
        for alias, key, wanted, columns in (("policies", "policy_id", policies, POLICY | rates), ("business_rules", "rule_id", rules, RULE)):
            client.indices.refresh(index=alias)
            query = {"query": {"prefix": {key: prefix}}} if prefix else {}
            found = {hit["_id"]: hit["_source"] for hit in helpers.scan(client, index=alias, query=query, size=1000)}
            yield from _compare(f"elasticsearch {alias}", wanted, found, columns)


NODE = {name: form for name, form in POLICY.items() if name not in {"content", "target_regions", "target_industries"}}


def _nodes(session: Any, label: str, key: str, edges: Mapping[str, str], prefix: str) -> dict[str, dict[str, Any]]:
    """Key → properties, and per edge type the sorted keys of the far ends."""
    parts = ", ".join(f"`{of}`: COLLECT {{ MATCH (n)-[:{of}]->(m) RETURN m.{far} ORDER BY m.{far} }}" for of, far in edges.items())
    result = session.run(
        f"MATCH (n:{label}) WHERE n.{key} STARTS WITH $prefix RETURN n.{key} AS key, properties(n) AS row, {{{parts}}} AS edges", prefix=prefix
    )
    return {one["key"]: {**one["row"], **one["edges"]} for one in result}


def _neo4j(settings: Settings, prefix: str, policies: Rows, users: Rows, rules: Rows) -> Iterable[str]:
    def ends(name: str) -> Callable[[Mapping[str, Any]], list[str]]:
        return lambda row: sorted(set(row[name] if isinstance(row[name], list) else [row[name]] if row[name] else []))

    kinds: tuple[tuple[str, str, Rows, Mapping[str, Any], Mapping[str, tuple[str, str]]], ...] = (
        (
            "Policy",
            "policy_id",
            policies,
            NODE | {"interest_rate": _same, "quality_score": _same},
            {"ISSUED_BY": ("name", "issuing_organization"), "TARGETS_REGION": ("code", "target_regions"), "TARGETS_INDUSTRY": ("code", "target_industries")},
        ),
        (
            "User",
            "user_id",
            users,
            {name: form for name, form in USER.items() if name not in {"region_code", "industry_code"}},
            {"LIVES_IN": ("code", "region_code"), "WORKS_IN": ("code", "industry_code")},
        ),
        ("BusinessRule", "rule_id", rules, {name: form for name, form in RULE.items() if name != "policy_ids"}, {"GOVERNS": ("policy_id", "policy_ids")}),
    )
    auth = (settings.neo4j_user, settings.neo4j_password.get_secret_value())
    with GraphDatabase.driver(settings.neo4j_uri, auth=auth, connection_timeout=READ_SECONDS) as driver, driver.session() as session:
        for label, key, rows, columns, edges in kinds:
            found = _nodes(session, label, key, {of: far for of, (far, _) in edges.items()}, prefix)
            wanted = {of_key: {**row, **{of: ends(column)(row) for of, (_, column) in edges.items()}} for of_key, row in rows.items()}
            for row in found.values():  # a node has no empty property
                for name, form in columns.items():
                    row.setdefault(name, [] if form is _listed else None)
            yield from _compare(f"neo4j :{label}", wanted, found, dict(columns) | dict.fromkeys(edges, _same))
            yield from (f"neo4j :{label} {of_key} holds personal data" for of_key, row in found.items() if label == "User" and PERSONAL & row.keys())


def _milvus(settings: Settings, prefix: str, policies: Rows) -> Iterable[str]:
    client = MilvusClient(settings.milvus_uri, timeout=READ_SECONDS)
    names = ["policy_id", "source", "title", "category", "issuing_organization", "funding_amount_min", "funding_amount_max", "application_end_date"]
    names += ["target_regions", "target_industries", "status", "is_active", "model"]
    found: dict[str, dict[str, Any]] = {}
    pages = client.query_iterator(
        "policy_embeddings", filter=f'policy_id like "{prefix}%"' if prefix else "", output_fields=names, batch_size=1000, consistency_level="Strong"
    )
    while page := pages.next():
        found |= {row["policy_id"]: {**row, "target_regions": list(row["target_regions"]), "target_industries": list(row["target_industries"])} for row in page}
    pages.close()
    client.close()
    columns: dict[str, Callable[[Any], Any]] = {
        **dict.fromkeys(("source", "status", "is_active"), _same),
        "title": _cut,
        **dict.fromkeys(("category", "issuing_organization"), lambda value: value or ""),
        **dict.fromkeys(("funding_amount_min", "funding_amount_max"), lambda value: -1 if value is None else value),
        **dict.fromkeys(("target_regions", "target_industries"), _listed),
        "application_end_date": lambda value: 99_991_231 if value is None else int(value.replace("-", "")),
    }
    yield from _compare("milvus policy_embeddings", policies, found, columns)
    models = {row["model"] for row in found.values()}
    if len(models) > 1:
        yield f"milvus policy_embeddings mixes vectors of {sorted(models)}"


def _cut(text: str) -> str:
    return text.encode()[:MILVUS_TITLE_BYTES].decode(errors="ignore")
