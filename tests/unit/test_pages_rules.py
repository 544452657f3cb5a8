"""What robots.txt allows, and what a site's file may say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aegis.errors import Code
from collectors.answer import Answer
from collectors.failures import SourceFailed
from collectors.pages.reading import Reading
from collectors.pages.robots import robots_in
from collectors.pages.shelf import SITES, TEMPLATE, BadDescription, described, site_called, sites
from infra.local.portals.notices import NoticeBoard
from tests.support.boards import asking, knowing

TABLE = sites()["pages.haneul-table"]


def run(board: NoticeBoard) -> list[float]:
    """Seconds that a run through one page slept between its requests."""
    slept: list[float] = []
    next(iter(Reading(TABLE, asking(board), knowing(), date(2026, 7, 1), slept.append).pages()))
    return slept


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("User-agent: *\nDisallow: /", []),
        ("User-agent: aegis-collector\nDisallow: /haneul/\n\nUser-agent: *\nAllow: /", []),
        ("User-agent: *\nDisallow: /*/list", []),
        ("User-agent: *\nDisallow: /haneul/table/view", ["/haneul/table/list?page=1"]),
    ],
)
def test_what_robots_forbid_is_not_asked_for(text: str, asked: list[str]) -> None:
    board = NoticeBoard(robots=(200, text))
    with pytest.raises(SourceFailed, match=r"robots\.txt forbids") as failed:
        run(board)
    assert failed.value.code is Code.SCRAPING_BLOCKED
    assert board.asked == ["/robots.txt", *asked]


@pytest.mark.parametrize("text", ["", "User-agent: other\nDisallow: /", "User-agent: *\nDisallow: /admin/", "<html>no such file</html>"])
def test_what_they_do_not_forbid_is(text: str) -> None:
    assert len(run(NoticeBoard(robots=(200, text)))) == 11


def test_a_crawl_delay_is_kept_between_all_requests() -> None:
    assert run(NoticeBoard(robots=(200, "User-agent: *\nCrawl-delay: 2.5\n"))) == [2.5] * 11


def test_a_site_that_wants_hours_between_requests_is_left_alone() -> None:
    board = NoticeBoard(robots=(200, "User-agent: *\nCrawl-delay: 86400\n"))
    with pytest.raises(SourceFailed, match="seconds between requests") as failed:
        run(board)
    assert failed.value.code is Code.SCRAPING_BLOCKED


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_site_without_robots_allows_everything(status: int) -> None:
    robots_in(Answer(status, b"")).expect_allowed("https://www.example.go.kr/x")


@pytest.mark.parametrize(("status", "code"), [(500, Code.SOURCE_UNAVAILABLE), (503, Code.SOURCE_UNAVAILABLE), (429, Code.RATE_LIMITED)])
def test_a_server_that_cannot_say_its_rules_is_left_alone(status: int, code: Code) -> None:
    with pytest.raises(SourceFailed) as failed:
        robots_in(Answer(status, b""))
    assert failed.value.code is code


def test_the_template_is_a_description_and_no_source() -> None:
    assert described(SITES / TEMPLATE).name == "pages.template"
    assert set(sites()) == {"pages.haneul-table", "pages.haneul-cards", "pages.haneul-script"}
    assert all(site.description.example for site in sites().values())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rows: table.board tbody", "rows: table.board >>", "list.rows"),
        ("expected: article.view", "expected: //article[", "detail.expected"),
        ("pattern: 'no=", "pattern: '(no=", "list.id"),
        ("page={page}", "page=1", "list"),
        ("no={id}", "no={number}", "detail"),
        ("https://www.example.go.kr/notices/list", "www.example.go.kr/list", "list.url"),
        ('region: "41"', 'region: "99"', "aegis/codes.py"),
        ("title: 하늘시 고시공고", "titel: 하늘시 고시공고", "titel"),
        ("site: template", "site: Template!", "site"),
        ("  content: div.body", "  body: div.body", "detail.content"),
        ("list:\n", "list: [\n", "YAML"),
    ],
)
def test_a_bad_description_is_refused_with_file_field_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (SITES / TEMPLATE).read_text(encoding="utf-8").replace("listing: newest", "listing: whole")
    assert old in text
    path = tmp_path / "template.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadDescription) as refused:
        described(path)
    assert str(refused.value).startswith("template.yaml: ")
    assert said in str(refused.value)
    assert TEMPLATE in str(refused.value)


def test_a_file_has_the_name_of_its_site(tmp_path: Path) -> None:
    path = tmp_path / "another.yaml"
    path.write_text((SITES / TEMPLATE).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BadDescription, match=r"another\.yaml: site: it is 'template'"):
        described(path)


def test_a_file_that_cannot_be_used_harms_no_other_site_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text((SITES / TEMPLATE).read_text(encoding="utf-8").replace("site: template", "site: good"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("site: bad\n", encoding="utf-8")
    with capture_logs() as told:
        assert list(sites(tmp_path)) == ["pages.good"]
    assert [(line["event"], line["file"]) for line in told] == [("collect.bad_site", "bad.yaml")]
    with pytest.raises(BadDescription, match=r"bad\.yaml: title: Field required"):
        site_called("pages.bad", tmp_path)


@pytest.mark.parametrize("name", ["pages.nowhere", "pages._template", "pages.../sites/haneul-table", "haneul-table", "gov24"])
def test_what_has_no_file_is_no_site(name: str) -> None:
    assert site_called(name) is None


def test_a_listing_is_not_called_whole_without_a_total(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    text = (SITES / TEMPLATE).read_text(encoding="utf-8").replace("listing: newest", "listing: whole")
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("  total:")), encoding="utf-8")
    with pytest.raises(BadDescription, match=r"list\.total"):
        described(path)
