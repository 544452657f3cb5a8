"""`aegis validate` on the real stack: from pending to judged, in PostgreSQL, in the four stores and in the log of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.e2e.conftest import PREFIX, Cli
from tests.e2e.test_trace import Owner, Trace
from tests.support.validating import CONTENT

pytestmark = pytest.mark.stack

SOURCE = "e2e-validation"


@pytest.fixture
def pending(owner: Owner) -> Iterator[dict[str, str]]:
    """Name → key of two policies that wait to be judged."""
    keys = {name: f"{PREFIX}{uuid4()}" for name in ("sound", "broken")}
    title = {"sound": "서울 청년창업 사업화 지원 공고", "broken": "---"}
    for name, key in keys.items():
        owner.execute(
            """INSERT INTO policies (policy_id, source, title, content, issuing_organization, category, target_regions, detail_url, application_period_text)
               VALUES (%s, %s, %s, %s, '서울특별시', '창업', '{11}', 'https://example.org/notice', '상시')""",
            (key, SOURCE, title[name], f"{CONTENT}\n지원한도: 업체당 최대 5억원, 대출금리 연 2.5%"),
        )
    yield keys
    for table, column in (("ops.judgements", "policy_id"), ("ops.judgement_history", "policy_id"), ("outbox", "aggregateid")):
        owner.execute(
            psycopg.sql.SQL("DELETE FROM {} WHERE {} = ANY (%s)").format(psycopg.sql.Identifier(*table.split(".")), psycopg.sql.Identifier(column)),
            (list(keys.values()),),
        )


def _validate(cli: Cli) -> dict[str, Any]:
    result = cli("validate", "--source", SOURCE, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_pending_policies_are_judged_and_the_judgement_reaches_the_four_stores(owner: Owner, pending: dict[str, str], traced: Trace, cli: Cli) -> None:
    said = _validate(cli)
    assert (said["judged"], said["active"], said["rejected"]) == (2, 1, 1)
    row = owner.execute("SELECT * FROM policies WHERE policy_id = %s", (pending["sound"],)).fetchone()
    assert row is not None
    assert (row["status"], row["funding_amount_max"], float(row["interest_rate"])) == ("active", 500_000_000, 2.5)
    assert row["quality_score"] >= 0.7
    sound, broken = traced("policies", pending["sound"]), traced("policies", pending["broken"])
    assert set(sound["stores"]) == {"milvus", "neo4j", "elasticsearch", "redis"}
    assert {(step["arrival"], step["stamp"]["version"]) for step in sound["stores"].values()} == {("current", row["version"])}
    assert {step["arrival"] for step in broken["stores"].values()} == {"withdrawn"}
    [event] = owner.execute("SELECT payload FROM outbox WHERE aggregateid = %s AND type = 'data.quality_updated'", (pending["sound"],)).fetchall()
    assert (event["payload"]["status"], event["payload"]["version"]) == ("active", row["version"])
    assert _validate(cli)["judged"] == 0
