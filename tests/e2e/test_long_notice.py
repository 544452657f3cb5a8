"""A notice of more than 100,000 characters through the whole path: page → collector → PostgreSQL → Debezium → Kafka → stream apps → four stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from aegis.settings import Settings
from collectors.draft import policy_id
from collectors.http import PoliteClient, manners_for
from collectors.pages.reading import Reading
from collectors.pages.shelf import sites
from collectors.pages.site import Site
from collectors.run import collect_pages
from collectors.staging import Visit
from collectors.store import PolicyStore
from infra.local.portals.application import running, simulator
from infra.local.portals.notices import Notice
from tests.support.equality import assert_equal_everywhere

pytestmark = pytest.mark.stack
LINES = [f"제{number}조 (예시) 신청인은 업체당 최대 {number}만원을 받고 사업이 끝난 뒤 결과를 보고한다." for number in range(1, 4001)]


@pytest.fixture
def site(stack: Settings) -> Iterator[Site]:
    """A site under a name of its own; its policies are gone afterwards."""
    made = Site(sites()["pages.haneul-table"].description.model_copy(update={"site": f"e2e-{uuid4().hex[:8]}"}))
    yield made
    with psycopg.connect(stack.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        for table in ("policies", "raw_documents", "quarantine", "processing_history"):
            connection.execute(f"DELETE FROM {table} WHERE source = %s".encode(), (made.name,))


def test_a_notice_of_more_than_100_000_characters_arrives_whole_in_every_store(stack: Settings, site: Site, traced: Callable[[str, str], dict[str, Any]]):
    portals = simulator()
    portals.board.notices = [Notice(1, "[예시] 긴 공고", "".join(f"<p>{line}</p>" for line in LINES), "기업지원과", date(2026, 7, 1))]
    with (
        running(portals) as served,
        psycopg.connect(stack.postgres_collector_dsn.get_secret_value(), autocommit=True) as connection,
        PoliteClient(manners_for(site.name, served.url, per_second=1000)) as client,
    ):
        there = site.at(served.url)
        pages = Reading(there, client.read, lambda _ids: {}, date(2026, 7, 1)).pages()
        summary = collect_pages(Visit(there), pages, PolicyStore(connection, site.name, dry_run=False))
    assert (summary.new, summary.quarantined, summary.error) == (1, 0, None)

    key = policy_id(site.name, "1")
    traced("policies", key)
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        (content,) = connection.execute("SELECT content FROM policies WHERE policy_id = %s", (key,)).fetchone() or ("",)
    assert len(content) > 100_000
    assert [line for line in content.split("\n") if line] == LINES
    assert_equal_everywhere(stack, prefix=key)
