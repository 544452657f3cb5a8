"""A site as a source: what the records of its notices mean. How they are read is `reading.py`'s business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from collectors import regions
from collectors.draft import Fields
from collectors.pages.description import Description
from collectors.period import parse
from collectors.wording import line, plain, without_contacts

PREFIX = "pages."


class Row(BaseModel):
    """What the list says of a notice. The link is not in it: the same notice has another page number in its link tomorrow."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    title: str
    date: str = ""
    department: str = ""


class Detail(BaseModel):
    """What the page of a notice says."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    content: str
    """HTML."""
    title: str = ""
    department: str = ""
    period: str = ""
    attachments: list[str] = []
    """Names of files, in their order."""


class Notice(BaseModel):
    """A record of a site: both."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="id")
    link: str
    row: Row
    detail: Detail


class Site:
    """A site by its description."""

    id_field = "id"
    period_field = "detail.period"
    volatile: frozenset[str] = frozenset()

    def __init__(self, description: Description) -> None:
        self.description = description
        self.name = PREFIX + description.site
        self.title = description.title
        self.newest_only = description.listing == "newest"

    def at(self, origin: str) -> Site:
        """The same site at another place: `http://127.0.0.1:18300`, the simulator's."""
        described = self.description
        detail = described.detail.model_copy(update={"url": _moved(described.detail.url, origin)})
        return Site(described.model_copy(update={"list": described.list.model_copy(update={"url": _moved(described.list.url, origin)}), "detail": detail}))

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one notice. The period is read only where the site has a field for it: out of the text the full validation reads it."""
        notice = Notice.model_validate(dict(raw))
        title = notice.detail.title or notice.row.title
        department = notice.detail.department or notice.row.department
        period = parse(notice.detail.period)
        described = self.description
        return {
            "source_id": notice.source_id,
            "title": line(title),
            "content": _content(notice.detail),
            "issuing_organization": described.organization,
            "operating_organization": f"{described.organization} {department}"[:500] if department else None,
            "category": described.category,
            "target_regions": regions.of_title(title) or ((described.region,) if described.region else regions.of_organization(described.organization)),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "application_period_text": line(notice.detail.period)[:2000] or None,
            "detail_url": notice.link,
        }

    def named(self, field: str) -> str:
        """The part of the record: `detail.content` for `content`."""
        return {"source_id": "id", "title": "row.title", "content": "detail.content", "detail_url": "link"}.get(field, field)


def _moved(url: str | None, origin: str) -> str | None:
    if url is None:
        return None
    parts, place = urlsplit(url), urlsplit(origin)
    return parts._replace(scheme=place.scheme, netloc=place.netloc).geturl()


def _content(detail: Detail) -> str:
    files = f"첨부파일: {', '.join(detail.attachments)}" if detail.attachments else ""
    return without_contacts("\n\n".join(part for part in (plain(detail.content), files) if part))
