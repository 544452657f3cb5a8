"""기업마당: announcements of support for businesses, `www.bizinfo.go.kr/uss/rss/bizinfoApi.do`.

A page is `{"jsonArray": [...]}` or `{"jsonArray": {"item": [...]}}`, with the total repeated in each row as `totCnt`. A bad key is told in the body only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aegis.codes import INDUSTRY_SECTIONS
from collectors import regions
from collectors.answer import Answer, NoData, read, refusal
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import Page, Request, count, decoded_key
from collectors.wording import line, link, names, plain, without_contacts

SITE = "https://www.bizinfo.go.kr/"
MOST_TAG_CHARACTERS = 40
"""Longer "tags" and targets are whole pages that a portal's scraper swallowed."""


class Announcement(BaseModel):
    """The fields of a row that mean something to a policy. refrncNm and rceptInstt* reach people and stay in the raw document."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="pblancId")
    title: str = Field(alias="pblancNm", min_length=1)
    summary: str | None = Field(default=None, alias="bsnsSumryCn")
    url: str | None = Field(default=None, alias="pblancUrl")
    owner: str | None = Field(default=None, alias="jrsdInsttNm")
    operator: str | None = Field(default=None, alias="excInsttNm")
    field: str | None = Field(default=None, alias="pldirSportRealmLclasCodeNm")
    subfield: str | None = Field(default=None, alias="pldirSportRealmMlsfcCodeNm")
    target: str | None = Field(default=None, alias="trgetNm")
    period: str | None = Field(default=None, alias="reqstBeginEndDe")
    how_to_apply: str | None = Field(default=None, alias="reqstMthPapersCn")
    hashtags: str | None = Field(default=None, alias="hashtags")
    areas: str | None = Field(default=None, alias="areaNm")
    industries: str | None = Field(default=None, alias="industNm")


_ALIASES = {name: str(info.alias) for name, info in Announcement.model_fields.items()} | {
    "content": "bsnsSumryCn",
    "issuing_organization": "jrsdInsttNm",
    "operating_organization": "excInsttNm",
    "category": "pldirSportRealmLclasCodeNm",
    "application_period_text": "reqstBeginEndDe",
    "detail_url": "pblancUrl",
}
_SECTION_BY_NAME = {re.sub(r"\W", "", name): letter for letter, name in INDUSTRY_SECTIONS.items()}
_DIVISIONS = re.compile(r"\([\d~,\s-]*\)\s*$")
_DATE = re.compile(r"\d{4}(-\d{2}-\d{2})?")


class Bizinfo:
    """The list of 기업마당."""

    name = "bizinfo"
    title = "기업마당"
    address = "https://www.bizinfo.go.kr/uss/rss/bizinfoApi.do"
    shared_key = ""
    id_field = "pblancId"
    period_field = "reqstBeginEndDe"
    page_size = 100
    volatile = frozenset({"inqireCo", "totCnt"})

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """`searchCnt` 0 asks for everything; the interface knows no header for the key."""
        params = {"crtfcKey": decoded_key(api_key), "dataType": "json", "searchCnt": "0", "pageUnit": str(page_size), "pageIndex": str(page)}
        return Request(url, params)

    def read(self, answer: Answer) -> Page:
        """A page of the list; `jsonArray` missing is an error (a bad key answers so)."""
        value = read(answer)
        if isinstance(value, NoData):
            return Page((), 0)
        rows = value.get("jsonArray") if isinstance(value, dict) else None
        if isinstance(rows, dict):
            rows = rows.get("item")
            rows = [rows] if isinstance(rows, dict) else rows
        if not isinstance(rows, list):
            raise refusal(value, answer)
        totals = {count(row.get("totCnt")) for row in rows if isinstance(row, dict)} - {None}
        return Page(tuple(rows), max((total for total in totals if total is not None), default=None))

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row, of today's shape (20 fields) or that of 2021."""
        row = Announcement.model_validate(dict(raw))
        period = parse(row.period)
        title = line(plain(row.title))
        return {
            "source_id": line(row.source_id),
            "title": title,
            "content": _content(row),
            "issuing_organization": _joined(row.owner),
            "operating_organization": _joined(row.operator),
            "category": _joined(row.field),
            "target_regions": _regions(row, title),
            "target_industries": _industries(row.industries),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "application_period_text": line(row.period or "")[:2000] or None,
            "detail_url": _url(row.url),
            "tags": _tags(row, title),
        }

    def named(self, field: str) -> str:
        """The portal's own name: pblancNm for `title`."""
        return _ALIASES.get(field, field)


def _content(row: Announcement) -> str:
    parts = [plain(row.summary or "")]
    for heading, text in (("지원대상", _short(row.target)), ("신청방법", plain(row.how_to_apply or ""))):
        if text:
            parts.append(f"{heading}: {text}")
    return without_contacts("\n\n".join(part for part in parts if part))


def _short(text: str | None) -> str:
    """A text that is a name; nothing where it is far too long to be one."""
    name = line(plain(text or ""))
    return name if len(name) <= MOST_TAG_CHARACTERS else ""


def _url(text: str | None) -> str | None:
    """The address, made absolute where it is of the relative shape of 2021; whether it is one is for validation to say."""
    url = line(text or "")
    if url.startswith("/") and not url.startswith("//"):
        return SITE.rstrip("/") + url
    return link(url)


def _joined(text: str | None) -> str | None:
    """Values joined by `@`, each once ("기술@기술" is one field)."""
    return ", ".join(names(text, "@")) or None


def _hashtags(row: Announcement, title: str) -> list[str]:
    """Hashtags, without the copy of the title and of the day that some rows carry among them."""
    return [tag for tag in names(row.hashtags, ",") if tag != title and len(tag) <= MOST_TAG_CHARACTERS]


def _regions(row: Announcement, title: str) -> tuple[str, ...]:
    """The title's prefix is the narrowest statement: rows prefixed "[광주]" list all provinces among their hashtags."""
    return (
        regions.of_title(title)
        or regions.of_names(names(row.areas, "@"))
        or regions.of_names(_hashtags(row, title))
        or regions.of_organization(line(row.owner or ""))
    )


def _industries(text: str | None) -> tuple[str, ...]:
    """KSIC sections by name; "제조업(10~34)" carries its divisions."""
    stated = (re.sub(r"\W", "", _DIVISIONS.sub("", part)) for part in names(text, "@"))
    return tuple(sorted({_SECTION_BY_NAME[name] for name in stated if name in _SECTION_BY_NAME}))


def _tags(row: Announcement, title: str) -> tuple[str, ...]:
    tags = [*names(row.field, "@"), *names(row.subfield, "@"), _short(row.target), *_hashtags(row, title)]
    return tuple(dict.fromkeys(tag for tag in tags if tag and not _DATE.fullmatch(tag) and not regions.of_names([tag])))
