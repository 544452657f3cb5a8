"""The report: whole, readable without a mouse or colours, and harmless whatever stands in the data."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from batch.quality import charts
from batch.quality.facts import frame
from batch.quality.findings import History, judged
from batch.quality.metric import PROFILE, metrics
from batch.quality.outlier import Outlier
from batch.quality.profile import profiles
from batch.quality.report import MOST_RUNS, write
from batch.quality.run import Quality
from tests.support.policies import DAY, policy

AT = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>'


class Seen(HTMLParser):
    """Tags of a page, its links, and the labels of its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.labels: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href" and value and tag == "a"]
        if tag == "svg":
            self.labels.append(dict(attrs).get("aria-label"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [policy(policy_id="a", category=HOSTILE), policy(policy_id="b", source="../다른 곳", category="창업")]
    made = profiles(frame([rows], DAY), 0.7)
    days = [DAY - timedelta(days=number) for number in range(10, 0, -1)]
    series = {each.metric: [(day, each.value) for day in days] for each in metrics(made[1]) if each.metric != PROFILE}
    sources = (judged(made[0], History({}, ()), DAY), judged(made[1], History(series, [made[1].as_document()] * 10), DAY))
    outlier = Outlier(HOSTILE, "example", HOSTILE, 5, 1, 2)
    found = Quality(DAY, 0.7, sources, (outlier,), (("example", "DP_2001", 3),), (("example", "unit", 2, 1),))
    reports = tmp_path_factory.mktemp("reports")
    write(found, reports, AT)
    return reports / "quality"


def test_a_run_has_pages_data_and_an_index_whose_links_lead_somewhere(folder: Path) -> None:
    pages = [*folder.glob("*/*.html"), folder / "index.html"]
    assert len(pages) == 4
    for page in pages:
        for link in Seen(page.read_text()).links:
            assert (page.parent / link).exists(), (page, link)
    assert not list(folder.rglob("*.part"))
    assert all(folder in path.parents for path in folder.parent.rglob("*.html"))


def test_a_page_holds_no_markup_of_the_data_and_loads_nothing_from_elsewhere(folder: Path) -> None:
    for page in folder.rglob("*.html"):
        text = page.read_text()
        seen = Seen(text)
        assert "script" not in seen.tags
        assert not {"link", "img", "iframe"} & set(seen.tags)
        assert not any(link.startswith("http") for link in seen.links)


def test_every_chart_has_a_text_for_those_who_cannot_see_it_and_a_table_beside(folder: Path) -> None:
    (page,) = folder.glob("*/example.html")
    seen = Seen(page.read_text())
    assert len(seen.labels) == 6
    assert all(seen.labels)
    assert seen.tags.count("table") >= 6
    assert "창업" in next(path for path in folder.glob("*/*.html") if "다른" in path.name).read_text()


def test_the_data_beside_a_page_say_the_same(folder: Path) -> None:
    (path,) = folder.glob("*/quality.json")
    known = json.loads(path.read_text())
    assert [each["source"] for each in known["sources"]] == ["../다른 곳", "example"]
    assert known["fixed"] == [{"source": "example", "kind": "unit", "made": 2, "undone": 1}]
    assert json.loads((path.parent / "example.json").read_text()) == known["sources"][1]


def test_labels_stay_text_and_colours_are_the_pages() -> None:
    svg = charts.bars({HOSTILE: 0.5, "창업·벤처": 0.25}, f"all {HOSTILE}")
    root = ET.fromstring(svg)
    assert {"창업·벤처", HOSTILE} <= {"".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert root.get("aria-label") == f"all {HOSTILE}"
    assert "currentColor" in svg
    assert "width" not in root.attrib


def test_the_oldest_reports_are_forgotten_and_nothing_else(tmp_path: Path) -> None:
    reports = tmp_path / "quality"
    (reports / "notes").mkdir(parents=True)
    for number in range(MOST_RUNS + 1):
        (reports / f"20250101_{number:06}").mkdir()
    write(Quality(DAY, 0.7, (), (), (), ()), tmp_path, AT)
    left = sorted(path.name for path in reports.iterdir() if path.is_dir())
    assert left == [*(f"20250101_{number:06}" for number in range(2, MOST_RUNS + 1)), "20260501_120000", "notes"]
