"""복지로: what its two lists, of the ministries and of the local governments, have in common.

A page is `<wantedList><totalCount/><pageNo/><numOfRows/><resultCode/><resultMessage/><servList>…</servList>…</wantedList>`, rows side by side. Only the
lists are asked: a detail of each programme would take one call, and 100 (central) or 1,000 (local) a day are allowed. Texts of a detail that a row carries are
taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from collectors import markup
from collectors.answer import Answer, NoData
from collectors.portals.portal import DATA_GO_KR, Page, Request, count, decoded_key
from collectors.wording import line, link, names, plain, sections


def _joined(value: object) -> object:
    """Names that stand in one node, or each in its own."""
    return ",".join(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value


Names = Annotated[str | None, BeforeValidator(_joined)]
"""Arrays hold names ("청년"), not codes."""


class Programme(BaseModel):
    """The fields that both lists have; the last four each by its own name. rprsCtadr and inqplCtadr* are telephone numbers."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="servId")
    title: str = Field(alias="servNm", min_length=1)
    summary: str | None = Field(default=None, alias="servDgst")
    url: str | None = Field(default=None, alias="servDtlLink")
    cycle: str | None = Field(default=None, alias="sprtCycNm")
    provided: Names = Field(default=None, alias="srvPvsnNm")
    how_to_apply: Names = Field(default=None, alias="aplyMtdNm")
    criteria: str | None = Field(default=None, alias="slctCritCn")
    support: str | None = Field(default=None, alias="alwServCn")
    target: str | None = None
    lives: Names = None
    themes: Names = None
    targets: Names = None


class Bokjiro:
    """What both lists do alike."""

    shared_key = DATA_GO_KR
    id_field = "servId"
    period_field = "servId"
    """Neither list states when one may apply; enfcBgngYmd and enfcEndYmd say how long the rule is in force."""
    page_size = 500
    volatile = frozenset({"inqNum"})
    names: Mapping[str, str]
    """Draft field → the list's own name."""

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """Without callTp and srchKeyCode (003: title and content) the interface answers INVALID_REQUEST_PARAMETER_ERROR."""
        params = {"serviceKey": decoded_key(api_key), "callTp": "L", "srchKeyCode": "003", "pageNo": str(page), "numOfRows": str(page_size)}
        return Request(url, params, {"Accept": "application/xml"})

    def read(self, answer: Answer) -> Page:
        """A page of the list; an answer without rows that states no total is an error."""
        root = markup.read(answer)
        if isinstance(root, NoData):
            return Page((), 0)
        rows, total = tuple(map(markup.record, root.iter("servList"))), count(root.findtext(".//totalCount"))
        if not rows and total is None:
            raise markup.without_list(root, answer)
        return Page(rows, total)

    def named(self, field: str) -> str:
        """The portal's own name: servNm for `title`."""
        return self.names.get(field, field)


def common_fields(row: Programme) -> dict[str, Any]:
    """Draft fields of what both lists have; their arrays of names are tags."""
    parts = (("지원대상", row.target), ("선정기준", row.criteria), ("지원내용", row.support), ("지원주기", row.cycle), ("제공유형", row.provided))
    tags = [name for each in (row.lives, row.targets, row.themes, row.provided) for name in names(each)]
    return {
        "source_id": line(row.source_id),
        "title": line(plain(row.title)),
        "content": sections([("", row.summary), *parts, ("신청방법", ", ".join(names(row.how_to_apply)))]),
        "category": ", ".join(names(row.themes)) or None,
        "detail_url": link(row.url),
        "tags": tuple(dict.fromkeys(tags)),
    }


def names_of(model: type[Programme], **more: str) -> Mapping[str, str]:
    """Draft field → the list's own name."""
    own = {name: str(info.alias) for name, info in model.model_fields.items()}
    return own | {"content": own["summary"], "category": own["themes"], "detail_url": own["url"], **more}
