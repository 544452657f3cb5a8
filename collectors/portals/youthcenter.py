"""온통청년: policies for young people, `www.youthcenter.go.kr/go/ythip/getPlcy`.

A page is `{resultCode, resultMessage, result: {pagging: {totCount, …}, youthPolicyList: [...]}}`. Errors keep HTTP 200 and state their status as `resultCode`.
All values are text; an empty code is seven spaces, and some dots of lists are characters that no font has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from collectors import regions
from collectors.answer import Answer, NoData, read, refusal
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import Page, Request, count, decoded_key
from collectors.wording import first_link, line, names, plain, sections

LONGEST_PERIOD_TEXT = 2000
_DOTS = str.maketrans({"\u1b3c": "·", "\uff65": "·"})
_KINDS_OF_SUPPORT = {
    "0042001": "인프라 구축",
    "0042002": "프로그램",
    "0042003": "직접대출",
    "0042004": "공공기관",
    "0042005": "계약(위탁운영)",
    "0042006": "보조금",
    "0042007": "대출보증",
    "0042008": "공적보험",
    "0042009": "조세지출",
    "0042010": "바우처",
    "0042011": "정보제공",
}
"""plcyPvsnMthdCd → its name, where it says something."""
_PERIODS_WITHOUT_DATES = {"0057002": "상시", "0057003": "마감"}
"""aplyPrdSeCd → its name; 0057001 is a period with dates."""


def _dotted(value: object) -> object:
    return value.translate(_DOTS) if isinstance(value, str) else value


Text = Annotated[str | None, BeforeValidator(_dotted)]


class YouthPolicy(BaseModel):
    """The fields of a row that mean something to a policy.

    sprvsnInstPicNm and operInstPicNm are names of persons. sprtTrgtAgeLmtYn is read the other way round by half of the world: the ages decide.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: str = Field(alias="plcyNo")
    title: Annotated[str, BeforeValidator(_dotted)] = Field(alias="plcyNm", min_length=1)
    summary: Text = Field(default=None, alias="plcyExplnCn")
    support: Text = Field(default=None, alias="plcySprtCn")
    qualification: Text = Field(default=None, alias="addAplyQlfcCndCn")
    income: Text = Field(default=None, alias="earnEtcCn")
    excluded: Text = Field(default=None, alias="ptcpPrpTrgtCn")
    how_to_apply: Text = Field(default=None, alias="plcyAplyMthdCn")
    selection: Text = Field(default=None, alias="srngMthdCn")
    documents: Text = Field(default=None, alias="sbmsnDcmntCn")
    other: Text = Field(default=None, alias="etcMttrCn")
    youngest: str | None = Field(default=None, alias="sprtTrgtMinAge")
    oldest: str | None = Field(default=None, alias="sprtTrgtMaxAge")
    organization: Text = Field(default=None, alias="sprvsnInstCdNm")
    operator: Text = Field(default=None, alias="operInstCdNm")
    category: Text = Field(default=None, alias="lclsfNm")
    subcategory: Text = Field(default=None, alias="mclsfNm")
    keywords: Text = Field(default=None, alias="plcyKywdNm")
    kind: str | None = Field(default=None, alias="plcyPvsnMthdCd")
    municipalities: str | None = Field(default=None, alias="zipCd")
    period: str | None = Field(default=None, alias="aplyYmd")
    kind_of_period: str | None = Field(default=None, alias="aplyPrdSeCd")
    application_url: str | None = Field(default=None, alias="aplyUrlAddr")
    reference_url: str | None = Field(default=None, alias="refUrlAddr1")
    other_url: str | None = Field(default=None, alias="refUrlAddr2")


_ALIASES = {name: str(info.alias) for name, info in YouthPolicy.model_fields.items()} | {
    "content": "plcyExplnCn",
    "issuing_organization": "sprvsnInstCdNm",
    "operating_organization": "operInstCdNm",
    "target_regions": "zipCd",
    "application_period_text": "aplyYmd",
    "detail_url": "refUrlAddr1",
    "tags": "plcyKywdNm",
}


class YouthCenter:
    """The list of 온통청년."""

    name = "youthcenter"
    title = "온통청년"
    address = "https://www.youthcenter.go.kr/go/ythip/getPlcy"
    shared_key = ""
    id_field = "plcyNo"
    period_field = "aplyYmd"
    page_size = 100
    volatile = frozenset({"inqCnt"})

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """`pageType` 1 is the list; the interface knows no header for the key."""
        params = {"apiKeyNm": decoded_key(api_key), "pageNum": str(page), "pageSize": str(page_size), "pageType": "1", "rtnType": "json"}
        return Request(url, params)

    def read(self, answer: Answer) -> Page:
        """A page of the list; `youthPolicyList` missing is an error."""
        value = read(answer)
        if isinstance(value, NoData):
            return Page((), 0)
        result = value.get("result") if isinstance(value, dict) else None
        rows = result.get("youthPolicyList") if isinstance(result, dict) else None
        stated = count(value.get("resultCode")) if isinstance(value, dict) else None
        if not isinstance(result, dict) or not isinstance(rows, list) or stated not in {None, HTTPStatus.OK.value}:
            raise refusal(value, answer if stated in {None, HTTPStatus.OK.value} else replace(answer, status=stated))
        paging = result.get("pagging")  # theirs
        return Page(tuple(rows), count(paging.get("totCount")) if isinstance(paging, dict) else None)

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row."""
        row = YouthPolicy.model_validate(dict(raw))
        period = parse(row.period)
        return {
            "source_id": line(row.source_id),
            "title": line(plain(row.title)),
            "content": _content(row),
            "issuing_organization": line(row.organization or "") or None,
            "operating_organization": line(row.operator or "") or None,
            "category": ", ".join(names(row.category)) or None,
            "target_regions": regions.of_codes((row.municipalities or "").split(",")),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "application_period_text": _period_text(row),
            "detail_url": first_link(row.reference_url, row.other_url, row.application_url),
            "tags": _tags(row),
        }

    def named(self, field: str) -> str:
        """The portal's own name: plcyNm for `title`."""
        return _ALIASES.get(field, field)


def _content(row: YouthPolicy) -> str:
    parts = (
        ("", row.summary),
        ("지원내용", row.support),
        ("연령", _ages(row)),
        ("소득", row.income),
        ("지원대상", row.qualification),
        ("제외대상", row.excluded),
        ("신청방법", row.how_to_apply),
        ("심사방법", row.selection),
        ("제출서류", row.documents),
        ("기타", row.other),
    )
    return sections(parts)


def _ages(row: YouthPolicy) -> str:
    """Both ages 0 mean that there is no limit."""
    youngest, oldest = count(row.youngest) or 0, count(row.oldest) or 0
    return " ".join(part for part in (f"만 {youngest}세 이상" if youngest else "", f"{oldest}세 이하" if oldest else "") if part)


def _period_text(row: YouthPolicy) -> str | None:
    stated = line(row.period or "")[:LONGEST_PERIOD_TEXT]
    return stated or _PERIODS_WITHOUT_DATES.get(line(row.kind_of_period or ""))


def _tags(row: YouthPolicy) -> tuple[str, ...]:
    kind = _KINDS_OF_SUPPORT.get(line(row.kind or ""), "")
    return tuple(dict.fromkeys(tag for tag in [*names(row.category), *names(row.subcategory), *names(row.keywords), kind] if tag))
