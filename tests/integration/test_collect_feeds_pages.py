"""Feeds and notice pages, from the simulator into a real PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from collectors.feeds import FEEDS
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.http.sources import StoredState
from collectors.pages.known import StoredNotices
from collectors.pages.reading import Reading
from collectors.pages.shelf import sites
from collectors.pages.site import Site
from collectors.run import collect, collect_pages
from collectors.staging import Order, Visit
from collectors.store import PolicyStore
from collectors.summary import Summary
from infra.local.portals.feeds import item
from infra.local.portals.notices import notice
from tests.support.collecting import Collecting
from tests.support.servers import REPOSITORY
from tests.support.wait import patient

pytestmark = pytest.mark.stack
TABLE = sites()["pages.haneul-table"]
AEGIS = Path(sys.executable).with_name("aegis")
DAY = date(2026, 7, 1)


def aegis(world: Collecting, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"POSTGRES_COLLECTOR_DSN": world.collector_dsn, "KOREA_URL": world.simulator.url + "/rss", "AEGIS_FILES_URL": ""}
    environ = {**os.environ, **settings, "COLLECT_REQUESTS_PER_SECOND": "100"}
    return subprocess.run([AEGIS, "collect", *arguments], env=environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=patient(60), check=False)


def read_feed(world: Collecting) -> Summary:
    feed, url = FEEDS["korea.policy"], world.simulator.url + "/rss"
    with (
        psycopg.connect(world.collector_dsn, autocommit=True) as connection,
        psycopg.connect(world.collector_dsn, autocommit=True) as own,
        PoliteClient(manners_for(feed.name, url, per_second=1000), StoredState(own, feed.name), sleep=world.slept.append) as client,
    ):
        return collect(Order(feed, url, "", 100), Fetcher(client, remembers=True), PolicyStore(connection, feed.name, dry_run=False))


def visit(world: Collecting, site: Site = TABLE, *, force_archive: bool = False) -> Summary:
    there = site.at(world.simulator.url)
    there = Site(there.description.model_copy(update={"recheck_days": 0}))
    with (
        psycopg.connect(world.collector_dsn, autocommit=True) as connection,
        PoliteClient(manners_for(site.name, world.simulator.url, per_second=1000), sleep=world.slept.append) as client,
    ):
        pages = Reading(there, client.read, StoredNotices(connection, site.name), DAY, world.slept.append).pages()
        return collect_pages(Visit(there, force_archive=force_archive), pages, PolicyStore(connection, site.name, dry_run=False))


def opened(world: Collecting) -> list[str]:
    """Notices whose pages were asked for since the last call."""
    asked = [path.rpartition("no=")[2] for path in world.simulator.board.asked if "/view" in path]
    world.simulator.board.asked.clear()
    return asked


def test_items_that_vanish_from_a_feed_stay_and_the_same_feed_writes_nothing(world: Collecting) -> None:
    summary = read_feed(world)
    assert (summary.new, summary.status, summary.withheld) == (12, "success", None)
    before = world.fingerprint()
    assert read_feed(world).status == "success"
    assert world.fingerprint() == before
    world.simulator.feeds.items["policy"] = [item(number) for number in range(30, 10, -1)]
    summary = read_feed(world)
    assert (summary.new, summary.archived, summary.status) == (18, 0, "success")
    assert {row["status"] for row in world.policies().values()} == {"pending_validation"}
    assert len(world.policies()) == 30


def test_a_changed_item_is_a_change_and_nonsense_harms_nothing(world: Collecting) -> None:
    read_feed(world)
    world.simulator.feeds.items["policy"][0]["title"] = "[예시] 바뀐 소식"
    assert read_feed(world).changed == 1
    before = world.fingerprint()
    world.simulator.feeds.answer = (200, "<html><body>점검 중</body></html>")
    summary = read_feed(world)
    assert (summary.status, summary.error_code) == ("failure", "DP_1001")
    assert world.fingerprint() == before


def test_a_second_visit_opens_no_notice_and_writes_nothing(world: Collecting) -> None:
    summary = visit(world)
    assert (summary.new, summary.complete, summary.status) == (25, True, "success")
    assert len(opened(world)) == 25
    before = world.fingerprint()
    summary = visit(world)
    assert (summary.unchanged, summary.status) == (25, "success")
    assert opened(world) == []
    assert world.fingerprint() == before


def test_new_changed_and_vanished_notices_are_told_apart(world: Collecting) -> None:
    visit(world)
    opened(world)
    board = world.simulator.board
    board.notices = [notice(26), *(each for each in board.notices if each.number != 3)]
    board.change(20, title="[예시] 바뀐 공고", content="<p>바뀐 내용</p>")
    summary = visit(world)
    assert (summary.new, summary.changed, summary.archived, summary.complete) == (1, 1, 1, True)
    assert opened(world) == ["26", "20"]
    assert world.policies()["3"]["status"] == "archived"
    assert world.policies()["20"]["content"] == "바뀐 내용"


def test_a_listing_that_is_not_known_to_be_whole_archives_nothing(world: Collecting) -> None:
    visit(world)
    world.simulator.board.notices = world.simulator.board.notices[5:]
    short = Site(TABLE.description.model_copy(update={"pages": TABLE.description.pages.model_copy(update={"most": 1})}))
    summary = visit(world, short, force_archive=True)
    assert (summary.archived, summary.status) == (0, "partial")
    assert "not complete" in (summary.withheld or "")
    newest = Site(short.description.model_copy(update={"listing": "newest"}))
    assert (visit(world, newest).status, visit(world).archived) == ("success", 5)


def test_a_notice_that_cannot_be_read_is_quarantined_once_and_leaves_when_it_can(world: Collecting) -> None:
    world.simulator.board.details[7] = (200, "<div>깨짐</div>")
    for _ in range(2):
        summary = visit(world)
        assert (summary.quarantined, summary.status) == (1, "partial")
    (row,) = world.rows("SELECT source_id, code, field FROM quarantine")
    assert row == {"source_id": "7", "code": "DP_1004", "field": "detail"}
    assert opened(world).count("7") == 2
    world.simulator.board.details.clear()
    assert visit(world).new == 1
    assert world.rows("SELECT FROM quarantine WHERE released_at IS NULL") == []


def test_a_refusal_ends_the_run_and_harms_nothing(world: Collecting) -> None:
    visit(world)
    before = world.fingerprint()
    world.simulator.board.answer = (200, "<html><body>자동등록방지 문자를 입력하세요</body></html>")
    summary = visit(world)
    assert (summary.status, summary.error_code) == ("failure", "DP_1003")
    assert world.fingerprint() == before


def test_a_notice_of_more_than_100_000_characters_is_stored_whole(world: Collecting) -> None:
    lines = [f"제{number}조 (예시) 신청인은 업체당 최대 {number}만원을 받는다." for number in range(1, 4001)]
    world.simulator.board.change(25, content="".join(f"<p style='line-height: 1.8'>{line}</p>" for line in lines))
    assert visit(world).new == 25
    stored = world.policies()["25"]["content"]
    assert len(stored) > 100_000
    assert [line for line in stored.split("\n") if line] == lines
    (kept,) = world.rows("SELECT body FROM raw_documents WHERE source_id = '25'")
    assert all(line in kept["body"] for line in lines)
    before = world.fingerprint()
    visit(world)
    assert world.fingerprint() == before


def test_feeds_and_sites_are_collected_by_the_commands_that_collect_portals(world: Collecting, tmp_path: Path) -> None:
    done = aegis(world, "run", "korea.policy", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] == 12
    for step in (["fetch", TABLE.name, "--into", str(tmp_path), "--url", world.simulator.url], ["stage", str(tmp_path)], ["write", str(tmp_path), "--json"]):
        done = aegis(world, *step)
        assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)[TABLE.name]
    assert (summary["new"], summary["complete"], summary["status"]) == (25, True, "success")


def test_a_source_that_there_is_not_is_refused_with_those_that_there_are(world: Collecting) -> None:
    done = aegis(world, "run", "pages.nowhere")
    assert done.returncode == 2
    assert "pages.haneul-cards" in done.stderr
