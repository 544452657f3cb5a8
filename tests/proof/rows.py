"""Rows of the proofs: short distinct texts, since every new text is embedded."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

KEYS = {"policies": "policy_id", "users": "user_id", "business_rules": "rule_id"}
TABLES = tuple(KEYS)
INSERT = {
    "policies": (
        "INSERT INTO policies (policy_id, source, source_id, title, issuing_organization, target_regions, target_industries, tags, status) "
        "VALUES (%(key)s, 'proof', %(key)s, %(text)s, '중기부', %(regions)s, '{C,G}', '{창업}', %(status)s)"
    ),
    "users": "INSERT INTO users (user_id, name, region_code, industry_code, business_type) VALUES (%(key)s, '홍길동', '11', 'C', %(text)s)",
    "business_rules": (
        "INSERT INTO business_rules (rule_id, name, description, policy_ids) VALUES (%(key)s, %(text)s, '기준', ARRAY[%(governed)s]) ON CONFLICT DO NOTHING"
    ),
}
UPDATE = {
    "policies": "UPDATE policies SET title = title || ' 변경' WHERE policy_id = ANY(%s)",
    "users": "UPDATE users SET business_type = business_type || ' 변경' WHERE user_id = ANY(%s)",
    "business_rules": "UPDATE business_rules SET name = name || ' 변경' WHERE rule_id = ANY(%s)",
}


def key_of(prefix: str, table: str, number: int) -> str:
    """Key of the row `number`; of one length within a table."""
    return f"{prefix}{table[0]}{number:05d}"


def insert(dsn: str, table: str, keys: Sequence[str], *, governed: str, status: str = "active", own_regions: bool = False) -> None:
    """Insert rows in one transaction. `governed`: the policy that rules govern; `own_regions`: each policy has a region that no other policy has."""
    rows = [
        {"key": key, "text": f"공고 {key[-6:]}", "governed": governed, "status": status, "regions": [f"9{number:04d}"] if own_regions else ["11", "26"]}
        for number, key in enumerate(keys)
    ]
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(INSERT[table], rows)


def update(dsn: str, table: str, keys: Sequence[str]) -> None:
    """Change a text of each row, which is embedded where the table is."""
    with psycopg.connect(dsn) as connection:
        connection.execute(UPDATE[table], (list(keys),))


def delete(dsn: str, table: str, keys: Sequence[str]) -> None:
    """Delete the rows."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f"DELETE FROM {table} WHERE {KEYS[table]} = ANY(%s)", (list(keys),))


def remove(dsn: str, prefix: str) -> None:
    """Delete every row whose key begins with `prefix`, and what dead letters tell of them."""
    with psycopg.connect(dsn) as connection:
        for table, key in KEYS.items():
            connection.execute(f"DELETE FROM {table} WHERE starts_with({key}, %s)", (prefix,))
        connection.execute("DELETE FROM ops.dead_letters WHERE starts_with(key, %s)", (prefix,))
