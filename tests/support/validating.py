"""Runs of the full validation over a database of a test's own, as the roles that it has in production."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aegis.rows.policy import Policy
from aegis.settings import Settings
from batch.progress import Silent
from batch.validation.judgement import Verdict
from batch.validation.ledger import Order
from batch.validation.run import Compare, Validated, validate
from tests.support.database import in_database

TODAY = date(2026, 11, 21)
CONTENT = """지원대상: 창업 3년 이내의 중소기업 대표자와 예비창업자로서 사업장 소재지가 서울특별시인 자
지원내용: 사업화 자금과 전담 멘토링, 시제품 제작 공간을 제공하며 세부 내용은 공고문을 따른다
신청방법: 누리집에서 신청서를 작성하고 사업계획서와 증빙서류를 첨부하여 접수한다. 심사는 서면과 발표 두 단계로 진행한다."""


def none_alike(_batch: Sequence[Policy]) -> Mapping[str, Verdict]:
    """No policy is a duplicate."""
    return {}


@dataclass(frozen=True, slots=True)
class Validating:
    """A database, and runs over it."""

    owner_dsn: str
    operator_dsn: str
    validator_dsn: str

    def run(self, compare: Compare = none_alike, on: date = TODAY, threshold: float = 0.7, **options: Any) -> Validated:
        """Judge what is due."""
        return validate(self.operator_dsn, self.validator_dsn, Order(on=on, threshold=threshold, **options), Silent(), lambda _connection: compare)

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a query, read as the owner."""
        with psycopg.connect(self.owner_dsn, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def add(self, key: str, **columns: Any) -> None:
        """A pending policy that nothing speaks against, except `columns`."""
        sound = {
            "source": "test",
            "source_id": key,
            "title": "서울 청년창업 사업화 지원 공고",
            "content": CONTENT,
            "issuing_organization": "서울특별시",
            "category": "창업",
            "target_regions": ["11"],
            "detail_url": "https://example.org/notice",
            "application_start_date": date(2026, 11, 1),
            "application_end_date": date(2026, 12, 31),
            "application_period_text": "2026.11.01 ~ 2026.12.31",
        }
        values = {"policy_id": key, **sound, **columns}
        statement = sql.SQL("INSERT INTO policies ({}) VALUES ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
        )
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            connection.execute(statement, values)

    def add_rule(self, rule_id: str, condition: Mapping[str, Any], **columns: Any) -> None:
        """A validation rule of the table."""
        self.rows(
            "INSERT INTO business_rules (rule_id, name, rule_type, condition, is_active) VALUES (%(id)s, %(id)s, 'validation', %(condition)s, %(active)s)",
            id=rule_id,
            condition=Jsonb(dict(condition)),
            active=columns.get("is_active", True),
        )

    def policy(self, key: str) -> dict[str, Any]:
        """The row of a policy."""
        [row] = self.rows("SELECT * FROM policies WHERE policy_id = %(key)s", key=key)
        return row

    def judgement(self, key: str) -> dict[str, Any]:
        """Its judgement."""
        [row] = self.rows("SELECT * FROM ops.judgements WHERE policy_id = %(key)s", key=key)
        return row

    def events(self, key: str) -> list[dict[str, Any]]:
        """Payloads of what was told of it by the validation."""
        found = self.rows("SELECT payload FROM outbox WHERE aggregateid = %(key)s AND type = 'data.quality_updated' ORDER BY occurred_at, id", key=key)
        return [row["payload"] for row in found]

    def empty(self) -> None:
        """Take everything out of the tables: each test begins with none."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            for table in ("policies", "business_rules", "outbox", "ops.judgements", "ops.judgement_history", "ops.runs"):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table.split("."))))

    def fingerprint(self) -> list[list[dict[str, Any]]]:
        """Everything that any write, any row lock and any draw of a version would change; the record of runs is left out."""
        return [
            self.rows("SELECT policy_id, version, xmin::text, xmax::text, ctid::text FROM policies ORDER BY 1"),
            self.rows("SELECT policy_id, xmin::text, xmax::text FROM ops.judgements ORDER BY 1"),
            self.rows("SELECT judgement_id FROM ops.judgement_history ORDER BY 1"),
            self.rows("SELECT id, xmin::text FROM outbox ORDER BY 1"),
            self.rows("SELECT last_value FROM aegis_version_seq"),
        ]


def validating(settings: Settings, name: str) -> Validating:
    """Runs over the database `name`."""
    dsns = (settings.postgres_dsn, settings.postgres_operator_dsn, settings.postgres_validator_dsn)
    owner, operator, validator = (in_database(dsn.get_secret_value(), name) for dsn in dsns)
    return Validating(owner, operator, validator)
