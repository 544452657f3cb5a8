"""예시포털: announcements of a city that does not exist, `portal.example.kr/list`, a page `{"total": 3, "records": [...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from collectors import regions
from collectors.answer import Answer, NoData, read, refusal
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import Page, Request, count, decoded_key
from collectors.wording import line, link, names, plain, sections


class Row(BaseModel):
    """The fields of a row that mean something to a policy. `officer` and `phone` reach a person and stay in the raw document."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="no")
    title: str = Field(alias="name", min_length=1)
    body: str | None = Field(default=None, alias="body")
    period: str | None = Field(default=None, alias="period")
    office: str | None = Field(default=None, alias="office")
    labels: str | None = Field(default=None, alias="labels")
    url: str | None = Field(default=None, alias="page")


_ALIASES = {name: str(info.alias) for name, info in Row.model_fields.items()} | {"content": "body", "detail_url": "page"}


class ExamplePortal:
    """The city's list."""

    name = "example"
    title = "예시포털"
    address = "https://portal.example.kr/list"
    shared_key = ""
    id_field = "no"
    period_field = "period"
    page_size = 100
    volatile = frozenset({"views"})

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """Pages count from 1; the key travels in a header where the portal allows it."""
        return Request(url, {"page": str(page), "size": str(page_size)}, {"Authorization": f"Infuser {decoded_key(api_key)}"})

    def read(self, answer: Answer) -> Page:
        """A page of the list; `records` missing is an error."""
        value = read(answer)
        if isinstance(value, NoData):
            return Page((), 0)
        if not isinstance(value, dict) or not isinstance(value.get("records"), list):
            raise refusal(value, answer)
        return Page(tuple(value["records"]), count(value.get("total")))

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row."""
        row = Row.model_validate(dict(raw))
        period, office = parse(row.period), line(row.office or "")
        return {
            "source_id": line(row.source_id),
            "title": line(plain(row.title)),
            "content": sections([("", row.body)]),
            "issuing_organization": office or None,
            "target_regions": regions.of_organization(office),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "application_period_text": line(row.period or "") or None,
            "detail_url": link(row.url),
            "tags": tuple(names(row.labels)),
        }

    def named(self, field: str) -> str:
        """The portal's own name: `name` for `title`."""
        return _ALIASES.get(field, field)
