"""중소벤처기업부: announcements of the ministry's support, `apis.data.go.kr/1421000/mssBizService_v2/getbizList_v2`.

XML alone, newest first. A page is `<response><header/><body><items><item>…</items><numOfRows/><pageNo/><totalCount/></body></response>`; the total may be below
the rows that there are, so it is taken as the least, and a page shorter than `numOfRows` says that the list ends. A development key is good
for 100 calls a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from collectors import markup, regions
from collectors.answer import Answer, NoData
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import DATA_GO_KR, Page, Request, count, decoded_key
from collectors.wording import line, link, plain, sections

MINISTRY = "중소벤처기업부"


class Announcement(BaseModel):
    """The fields of a row that mean something to a policy; writerName, writerPosition, writerPhone and writerEmail are a person's.

    No field says when an announcement was registered.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="itemId")
    title: str = Field(alias="title", min_length=1)
    content: str | None = Field(default=None, alias="dataContents")
    start: str | None = Field(default=None, alias="applicationStartDate")
    end: str | None = Field(default=None, alias="applicationEndDate")
    url: str | None = Field(default=None, alias="viewUrl")


_ALIASES = {name: str(info.alias) for name, info in Announcement.model_fields.items()} | {
    "application_start_date": "applicationStartDate",
    "application_end_date": "applicationEndDate",
    "detail_url": "viewUrl",
}


class Mss:
    """The ministry's list."""

    name = "mss"
    title = MINISTRY
    address = "https://apis.data.go.kr/1421000/mssBizService_v2/getbizList_v2"
    shared_key = DATA_GO_KR
    id_field = "itemId"
    period_field = "applicationEndDate"
    page_size = 1000
    volatile: frozenset[str] = frozenset()

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """The whole list: `startDate` and `endDate` would choose by registration."""
        params = {"serviceKey": decoded_key(api_key), "pageNo": str(page), "numOfRows": str(page_size)}
        return Request(url, params, {"Accept": "application/xml"})

    def read(self, answer: Answer) -> Page:
        """A page of the list; `items` missing is an error, unless the portal states a total of none."""
        root = markup.read(answer)
        if isinstance(root, NoData):
            return Page((), 0)
        items, total, size = root.find(".//items"), count(root.findtext(".//totalCount")), count(root.findtext(".//numOfRows"))
        if items is None and total != 0:
            raise markup.without_list(root, answer)
        rows = tuple(map(markup.record, items.iterfind("item"))) if items is not None else ()
        return Page(rows, total, is_least=True, is_last=size is not None and len(rows) < size)

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row."""
        row = Announcement.model_validate(dict(raw))
        period = parse(f"{line(row.start or '')} ~ {line(row.end or '')}")
        title = line(plain(row.title))
        return {
            "source_id": line(row.source_id),
            "title": title,
            "content": sections([("", row.content)]),
            "issuing_organization": MINISTRY,
            "target_regions": regions.of_title(title),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "detail_url": link(row.url),
        }

    def named(self, field: str) -> str:
        """The portal's own name: dataContents for `content`."""
        return _ALIASES.get(field, field)
