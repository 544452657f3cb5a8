"""K-Startup: announcements for founders, `apis.data.go.kr/B552735/kisedKstartupService01/getAnnouncementInformation01`.

A page in JSON is `{totalCount, …, "data": [...]}` (measured) or `{"data": {"data": [...]}}` (documented); in XML, which is what the interface answers unless
told otherwise, rows are `<item><col name="…">`. All three are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from collectors import markup, regions
from collectors.answer import Answer, NoData, read, refusal, text_of
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import DATA_GO_KR, Page, Request, count, decoded_key
from collectors.wording import first_link, line, names, plain, sections


def _identifier(value: object) -> object:
    """pbanc_sn is a number in JSON and text in XML."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Announcement(BaseModel):
    """The fields of a row that mean something to a policy.

    biz_prch_dprt_nm, prch_cnpl_no and aply_mthd_fax_rcpt_istc reach people; aply_mthd_eml_rcpt_istc is an encrypted blob; biz_aply_url is usually null.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: Annotated[str, BeforeValidator(_identifier)] = Field(alias="pbanc_sn")
    title: str = Field(alias="biz_pbanc_nm", min_length=1)
    summary: str | None = Field(default=None, alias="pbanc_ctnt")
    target: str | None = Field(default=None, alias="aply_trgt_ctnt")
    excluded: str | None = Field(default=None, alias="aply_excl_trgt_ctnt")
    preferred: str | None = Field(default=None, alias="prfn_matr")
    targets: str | None = Field(default=None, alias="aply_trgt")
    years: str | None = Field(default=None, alias="biz_enyy")
    ages: str | None = Field(default=None, alias="biz_trgt_age")
    online: str | None = Field(default=None, alias="aply_mthd_onli_rcpt_istc")
    visit: str | None = Field(default=None, alias="aply_mthd_vst_rcpt_istc")
    post: str | None = Field(default=None, alias="aply_mthd_pssr_rcpt_istc")
    other: str | None = Field(default=None, alias="aply_mthd_etc_istc")
    organization: str | None = Field(default=None, alias="pbanc_ntrp_nm")
    category: str | None = Field(default=None, alias="supt_biz_clsfc")
    regions: str | None = Field(default=None, alias="supt_regin")
    start: str | None = Field(default=None, alias="pbanc_rcpt_bgng_dt")
    end: str | None = Field(default=None, alias="pbanc_rcpt_end_dt")
    url: str | None = Field(default=None, alias="detl_pg_url")
    guide: str | None = Field(default=None, alias="biz_gdnc_url")


_ALIASES = {name: str(info.alias) for name, info in Announcement.model_fields.items()} | {
    "content": "pbanc_ctnt",
    "issuing_organization": "pbanc_ntrp_nm",
    "target_regions": "supt_regin",
    "application_start_date": "pbanc_rcpt_bgng_dt",
    "application_end_date": "pbanc_rcpt_end_dt",
    "detail_url": "detl_pg_url",
}


class KStartup:
    """The list of K-Startup."""

    name = "kstartup"
    title = "K-Startup"
    address = "https://apis.data.go.kr/B552735/kisedKstartupService01/getAnnouncementInformation01"
    shared_key = DATA_GO_KR
    id_field = "pbanc_sn"
    period_field = "pbanc_rcpt_end_dt"
    page_size = 500
    volatile = frozenset({"id"})
    """The number of the row in the list: every announcement before it changes it."""

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """JSON is asked for; the interface knows no header for the key."""
        return Request(url, {"serviceKey": decoded_key(api_key), "page": str(page), "perPage": str(page_size), "returnType": "json"})

    def read(self, answer: Answer) -> Page:
        """A page of the list, in JSON or in XML; `data` missing is an error."""
        return _page_of_xml(answer) if text_of(answer).startswith("<") else _page_of_json(answer)

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row."""
        row = Announcement.model_validate(dict(raw))
        period = parse(f"{line(row.start or '')} ~ {line(row.end or '')}")
        title = line(plain(row.title))
        return {
            "source_id": line(row.source_id),
            "title": title,
            "content": _content(row),
            "issuing_organization": line(plain(row.organization or "")) or None,
            "category": ", ".join(names(row.category)) or None,
            "target_regions": regions.of_names(names(row.regions)) or regions.of_title(title),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "detail_url": first_link(row.url, row.guide),
            "tags": tuple(dict.fromkeys([*names(row.category), *names(row.targets), *names(row.years), *names(row.ages)])),
        }

    def named(self, field: str) -> str:
        """The portal's own name: biz_pbanc_nm for `title`."""
        return _ALIASES.get(field, field)


def _page_of_json(answer: Answer) -> Page:
    value = read(answer)
    if isinstance(value, NoData):
        return Page((), 0)
    rows = value.get("data") if isinstance(value, dict) else None
    if isinstance(rows, dict):
        value, rows = {**value, **rows}, rows.get("data")
    if not isinstance(rows, list):
        raise refusal(value, answer)
    return Page(tuple(rows), count(value.get("totalCount")))


def _page_of_xml(answer: Answer) -> Page:
    root = markup.read(answer)
    if isinstance(root, NoData):
        return Page((), 0)
    data = root.find(".//data")
    if data is None:
        raise markup.without_list(root, answer)
    return Page(tuple(map(markup.record, data.iter("item"))), count(root.findtext(".//totalCount")))


def _content(row: Announcement) -> str:
    how = ", ".join(text for each in (row.online, row.visit, row.post, row.other) if (text := line(plain(each or ""))))
    parts = (("", row.summary), ("지원대상", row.target), ("제외대상", row.excluded), ("업력", row.years), ("연령", row.ages), ("우대사항", row.preferred))
    return sections([*parts, ("신청방법", how)])
