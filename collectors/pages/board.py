"""The pages of a site, read by its rules: rows of the list, and what one notice says. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from parsel import Selector

from collectors.answer import Answer
from collectors.failures import SourceFailed
from collectors.pages.description import Description, DetailRules, ListRules
from collectors.pages.recognising import CHANGED, recognised
from collectors.pages.rule import Rule
from collectors.portals.portal import count
from collectors.wording import absolute

_SESSION = re.compile(r";jsessionid=[^?#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the list."""

    source_id: str
    """Empty where the row has none."""
    link: str
    row: dict[str, str]
    """Title, date and department."""


@dataclass(frozen=True, slots=True)
class Board:
    """One page of the list."""

    listed: tuple[Listed, ...]
    total: int | None


def board_in(answer: Answer, site: Description, url: str, number: int) -> Board:
    """Page `number` of the list, asked for at `url`. Raises `SourceFailed`: see `recognised`; and DP_1004 for a page without rows that does not say so."""
    rules, what = site.list, f"page {number} of the list"
    page = recognised(answer, rules.expected, what, site.blocked)
    listed = tuple(_listed(node, rules, site.detail, url) for node in rules.rows.nodes(page))
    says_empty = rules.empty is not None and bool(rules.empty.nodes(page))
    if not listed and not says_empty and (rules.empty is not None or number == site.pages.first):
        raise SourceFailed(CHANGED, f"{what} has no row {rules.rows.select!r} and does not say that there is none")
    if listed and not any(each.source_id and each.row["title"] for each in listed):
        if says_empty:  # the words "no notices" often stand in a row of their own
            return Board((), _total(rules.total, page))
        raise SourceFailed(CHANGED, f"no row of {what} has both an id {rules.id.select!r} and a title {rules.title.select!r}")
    return Board(listed, _total(rules.total, page))


def detail_in(answer: Answer, site: Description, source_id: str) -> dict[str, Any]:
    """What the page of a notice says, as the record keeps it. Raises `SourceFailed`: see `recognised`; and DP_1004 where it has no content."""
    rules, what = site.detail, f"notice {source_id}"
    page = recognised(answer, rules.expected, what, site.blocked)
    content = rules.content.markup(page)
    if not content.strip():
        raise SourceFailed(CHANGED, f"{what} has no content {rules.content.select!r}")
    return {
        "title": _first(rules.title, page),
        "content": content,
        "department": _first(rules.department, page),
        "period": _first(rules.period, page),
        "attachments": list(dict.fromkeys(rules.attachments.texts(page))) if rules.attachments else [],
    }


def _listed(node: Selector, rules: ListRules, detail: DetailRules, url: str) -> Listed:
    source_id = rules.id.first(node)
    link = absolute(url, _SESSION.sub("", _first(rules.link, node))) if detail.url is None else detail.url.format(id=source_id)
    row = {"title": rules.title.first(node), "date": _first(rules.date, node), "department": _first(rules.department, node)}
    return Listed(source_id, link, row)


def _first(rule: Rule | None, page: Selector) -> str:
    return "" if rule is None else rule.first(page)


def _total(rule: Rule | None, page: Selector) -> int | None:
    return count(re.sub(r"\D", "", _first(rule, page)))
