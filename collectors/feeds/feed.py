"""One feed of korea.kr, RSS or Atom: `www.korea.kr/rss/<name>.xml`. Items are CDATA with HTML; the identifier is the newsId of the link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

import feedparser
from parsel import Selector
from pydantic import BaseModel, ConfigDict, Field

from collectors import regions
from collectors.answer import Answer
from collectors.draft import Fields
from collectors.feeds.markup import checked
from collectors.feeds.moment import moment
from collectors.portals.portal import Page, Request
from collectors.wording import absolute, line, plain, without_contacts

SITE = "https://www.korea.kr/"
ID_PARAMETER = "newsId"
_NAMES = {"source_id": ID_PARAMETER, "content": "description", "detail_url": "link", "issuing_organization": "author", "tags": "categories"}
MOST_PIECES = 100
"""Texts of a link that are its file's name: links within links would all be read for each of them."""
_DOWNLOAD = re.compile(r"/common/download\.do\?|[?&]fileId=")


class Item(BaseModel):
    """The fields of an item that mean something to a policy."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="newsId")
    title: str = Field(min_length=1)
    link: str | None = None
    description: str | None = None
    author: str | None = None
    categories: list[str] = []
    attachments: list[dict[str, str]] = []


class Feed:
    """A feed as a portal of one page. It states as many records as it shows; what it no longer shows is not gone."""

    id_field = ID_PARAMETER
    period_field = "description"
    page_size = 100
    volatile: frozenset[str] = frozenset()
    newest_only = True
    address = "https://www.korea.kr/rss"

    def __init__(self, name: str, title: str, path: str) -> None:
        """`path` is below the folder of feeds."""
        self.name = name
        self.title = title
        self.path = path

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """The whole feed: it has no pages, and needs no key."""
        return Request(f"{url.rstrip('/')}/{self.path}", {}, {"Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9"})

    def read(self, answer: Answer) -> Page:
        """The items of a feed, hardened against what XML can do. A feed without items is an empty page, a body that is no feed an error."""
        parsed = feedparser.parse(BytesIO(checked(answer).encode()), sanitize_html=False, response_headers={"content-type": "application/xml; charset=utf-8"})
        records = tuple(_record(entry) for entry in parsed.entries)
        return Page(records, len(records))

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one item. A feed states no period of its own: the full validation reads it out of the text."""
        item = Item.model_validate(dict(raw))
        title = line(plain(item.title))
        author = line(item.author or "")
        return {
            "source_id": line(item.source_id),
            "title": title,
            "content": _content(item),
            "issuing_organization": author or None,
            "category": self.title,
            "target_regions": regions.of_title(title) or regions.of_organization(author),
            "detail_url": line(item.link or "") or None,
            "tags": tuple(dict.fromkeys(tag for each in item.categories if (tag := line(plain(each))))),
        }

    def named(self, field: str) -> str:
        """The feed's own name: description for `content`."""
        return _NAMES.get(field, field)


def _record(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One item as a record: what it says, with the identifier taken out of its link and the time of publication read."""
    link = absolute(SITE, line(str(entry.get("link", ""))))
    description = _description(entry)
    stated = str(next(filter(None, (entry[name] for name in ("published", "updated") if name in entry)), ""))
    published = moment(stated)
    return {
        ID_PARAMETER: _identifier(link) or _identifier(str(entry.get("id", ""))),
        "title": str(entry.get("title", "")),
        "link": link,
        "description": description,
        "author": str(entry.get("author", "")),
        "categories": [str(tag.get("term") or "") for tag in entry.get("tags", [])],
        "pubDate": stated,
        "published": published.isoformat() if published else None,
        "attachments": _attachments(entry, description, link),
    }


def _description(entry: Mapping[str, Any]) -> str:
    """The longest of the texts that an item carries: some feeds put a teaser in one element and the text in another."""
    texts = [str(entry.get("summary", "")), *(str(content.get("value", "")) for content in entry.get("content", []))]
    return max(texts, key=len)


def _identifier(link: str) -> str:
    query = link.partition("#")[0].partition("?")[2]
    return next(iter(parse_qs(query).get(ID_PARAMETER, [])), "")


def _attachments(entry: Mapping[str, Any], description: str, link: str) -> list[dict[str, str]]:
    """Names and addresses of the files, from enclosures and from links to downloads within the text; each address once."""
    found = {absolute(link, str(each.get("href", ""))): line(str(each.get("title", ""))) for each in entry.get("enclosures", [])}
    if "<a" in description.lower():
        for anchor in Selector(description).css("a[href]"):
            address = absolute(link, anchor.attrib["href"])
            if _DOWNLOAD.search(address):
                found[address] = line(" ".join(islice(anchor.root.itertext(), MOST_PIECES))) or found.get(address, "")
    return [{"name": name or address.rpartition("/")[2], "url": address} for address, name in found.items()]


def _content(item: Item) -> str:
    names = ", ".join(dict.fromkeys(each.get("name", "") for each in item.attachments))
    return without_contacts("\n\n".join(part for part in (plain(item.description or ""), f"첨부파일: {names}" if names else "") if part))
