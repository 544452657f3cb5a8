"""Runs of a cleaning task with a real PostgreSQL: interrupted, gone on with, and never paid twice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from aegis.files.storage import Sink
from aegis.settings import Settings
from batch.cleaning.asking import Asker
from batch.cleaning.budget import Budget
from batch.cleaning.ledger import Ledger
from batch.cleaning.openai_provider import OpenAiProvider
from batch.cleaning.provider import ProviderRefused
from batch.cleaning.rows import policies
from batch.cleaning.run import clean, estimate
from batch.cleaning.task import Prices, load
from tests.support.database import in_database
from tests.support.models import GOOD, Given, Models, models

pytestmark = pytest.mark.stack
ROWS = [{"policy_id": f"p-{number}", "title": f"사업 {number // 2}", "category": None, "content": "본문"} for number in range(120)]
TEXTS = 60


@pytest.fixture
def served() -> Iterator[Models]:
    with models() as server:
        yield server


@pytest.fixture
def ledger(stack: Settings, own_database: str) -> Iterator[Ledger]:
    with psycopg.connect(in_database(stack.postgres_validator_dsn.get_secret_value(), own_database), autocommit=True) as connection:
        yield Ledger(connection, "category", "local", "m")


@pytest.fixture
def asker(served: Models) -> Iterator[Asker]:
    provider = OpenAiProvider("", f"{served.url}/v1")
    made = Asker(
        load("category"), provider, "m", Prices(input=Decimal(1), output=Decimal(2)), Budget(Decimal(1)), per_second=1_000, sleep=lambda _seconds: None
    )
    made._pace.close()
    made._pace = _Unpaced()  # the pace has a test of its own: sixty requests at ten a second are six seconds
    yield made
    provider.close()


class _Unpaced:
    def try_acquire(self, _name: str) -> bool:
        return True


def test_policies_are_read_page_by_page_in_the_order_of_their_keys(stack: Settings, own_database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch.cleaning.rows.PAGE_ROWS", 2)
    with psycopg.connect(in_database(stack.postgres_dsn.get_secret_value(), own_database)) as owner:
        owner.execute(
            "INSERT INTO policies (policy_id, source, title) SELECT 'p-' || n, CASE n WHEN 3 THEN 'other' ELSE 'one' END, 't' FROM generate_series(1, 5) n"
        )
    read = [row["policy_id"] for row in policies(ledger.connection, ["one"], [])]
    assert read == ["p-1", "p-2", "p-4", "p-5"]
    assert ledger.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_each_text_is_asked_once_and_every_row_has_its_answer(served: Models, asker: Asker, ledger: Ledger) -> None:
    assert (estimate([ROWS], asker, ledger).asked, len(served.asked)) == (TEXTS, 0)
    target = io.BytesIO()
    tally = clean([ROWS[:70], ROWS[70:]], asker, ledger, Sink(target))
    assert (tally.rows, tally.asked, tally.problems, len(served.asked)) == (120, TEXTS, 0, TEXTS)
    lines = pq.read_table(target).to_pylist()
    assert [line["policy_id"] for line in lines] == [row["policy_id"] for row in ROWS]
    assert {line["category_category"] for line in lines} == {GOOD["category"]}
    # a second run asks nobody, and keeps the answers for longer, as looking does not
    ledger.connection.execute("UPDATE ops.cleaned_texts SET used_at = now() - interval '2 days'")
    old = "SELECT count(*) FROM ops.cleaned_texts WHERE used_at < now() - interval '1 day'"
    assert estimate([ROWS], asker, ledger).asked == 0
    assert ledger.connection.execute(old).fetchone() == (TEXTS,)
    assert clean([ROWS], asker, ledger, Sink(io.BytesIO())).asked == 0
    assert ledger.connection.execute(old).fetchone() == (0,)
    assert len(served.asked) == TEXTS


def test_a_run_that_is_broken_off_goes_on_where_it_ended(served: Models, asker: Asker, ledger: Ledger) -> None:
    def refuses_after_thirty(_body: dict[str, Any]) -> Given:
        return (200, {}, GOOD) if len(served.asked) <= 30 else (401, {}, "{}")

    served.answer = refuses_after_thirty
    with pytest.raises(ProviderRefused):
        clean([ROWS], asker, ledger, Sink(io.BytesIO()))
    # what was answered until then is kept
    assert estimate([ROWS], asker, ledger).asked == TEXTS - 30
    before = len(served.asked)
    served.answer = lambda _body: (200, {}, GOOD)
    assert clean([ROWS], asker, ledger, Sink(io.BytesIO())).asked == TEXTS - 30
    assert len(served.asked) - before == TEXTS - 30


def test_rows_without_an_answer_are_asked_again_only_when_told_to(served: Models, asker: Asker, ledger: Ledger) -> None:
    served.answer = lambda _body: (200, {}, {"category": 1})
    assert clean([ROWS[:2]], asker, ledger, Sink(io.BytesIO())).problems == 2
    served.answer = lambda _body: (200, {}, GOOD)
    assert clean([ROWS[:2]], asker, ledger, Sink(io.BytesIO())).asked == 0
    assert clean([ROWS[:2]], asker, ledger, Sink(io.BytesIO()), again=True).problems == 0
