"""보조금24: benefits of the central and local governments, `api.odcloud.kr/api/gov24/v3/serviceList`.

A page is `{page, perPage, totalCount, currentCount, matchCount, data: [...]}`; errors are `{code, msg}` with status 200 or 400, and the gateway's forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from aegis.codes import NATIONWIDE
from collectors import regions
from collectors.answer import Answer, NoData, read, refusal
from collectors.draft import Fields
from collectors.period import parse
from collectors.portals.portal import Page, Request, count, decoded_key
from collectors.wording import line, link, plain, without_contacts

PATH = "/serviceList"
CENTRAL = "중앙행정기관"


def _identifier(value: object) -> object:
    """서비스ID is text ("000000465790", "WII000001060"); a purely numeric one may arrive as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Service(BaseModel):
    """The fields of a list row that mean something to a policy. 전화문의, 부서명 and 접수기관 reach people and stay in the raw document."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    source_id: Annotated[str, BeforeValidator(_identifier)] = Field(alias="서비스ID")
    title: str = Field(alias="서비스명", min_length=1)
    summary: str | None = Field(default=None, alias="서비스목적요약")
    target: str | None = Field(default=None, alias="지원대상")
    criteria: str | None = Field(default=None, alias="선정기준")
    support: str | None = Field(default=None, alias="지원내용")
    how_to_apply: str | None = Field(default=None, alias="신청방법")
    period: str | None = Field(default=None, alias="신청기한")
    url: str | None = Field(default=None, alias="상세조회URL")
    organization: str | None = Field(default=None, alias="소관기관명")
    organization_type: str | None = Field(default=None, alias="소관기관유형")
    category: str | None = Field(default=None, alias="서비스분야")
    kind: str | None = Field(default=None, alias="지원유형")
    users: str | None = Field(default=None, alias="사용자구분")
    recorded_category: str | None = Field(default=None, alias="_분류")
    """Recordings that lack 서비스분야 name the field here, in English."""


_RECORDED_CATEGORIES = {"subsidies": "보조금", "medical": "보건·의료", "finance": "금융", "housing": "주거"}
_SECTIONS = (("", "summary"), ("지원대상", "target"), ("선정기준", "criteria"), ("지원내용", "support"), ("신청방법", "how_to_apply"))
_NAMES = {str(info.alias): name for name, info in Service.model_fields.items()}
_ALIASES = {name: alias for alias, name in _NAMES.items()} | {
    "issuing_organization": "소관기관명",
    "detail_url": "상세조회URL",
    "application_period_text": "신청기한",
}


class Gov24:
    """The list of 보조금24."""

    name = "gov24"
    title = "보조금24"
    address = "https://api.odcloud.kr/api/gov24/v3"
    shared_key = ""
    id_field = "서비스ID"
    period_field = "신청기한"
    page_size = 1000
    volatile = frozenset({"조회수"})

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """The key travels in a header: a query would stand in logs along the way."""
        params = {"page": str(page), "perPage": str(page_size), "returnType": "JSON"}
        return Request(url.rstrip("/") + PATH, params, {"Authorization": f"Infuser {decoded_key(api_key)}"})

    def read(self, answer: Answer) -> Page:
        """A page of the list; `data` missing is an error."""
        value = read(answer)
        if isinstance(value, NoData):
            return Page((), 0)
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            raise refusal(value, answer)
        return Page(tuple(value["data"]), count(value.get("totalCount")))

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one list row, full (21 fields) or as reduced by a recording."""
        service = Service.model_validate(dict(raw))
        period = parse(service.period)
        return {
            "source_id": line(service.source_id),
            "title": line(plain(service.title)),
            "content": _content(service),
            "issuing_organization": _name(service.organization),
            "category": _name(service.category) or _RECORDED_CATEGORIES.get(service.recorded_category or ""),
            "target_regions": _regions(service),
            "application_start_date": period.start,
            "application_end_date": period.end,
            "application_period_text": _period_text(service.period),
            "detail_url": link(service.url),
            "tags": tuple(dict.fromkeys([*_values(service.kind), *_values(service.users)])),
        }

    def named(self, field: str) -> str:
        """The portal's own name: 서비스명 for `title`."""
        return _ALIASES.get(field, field)


def _content(service: Service) -> str:
    parts = []
    for heading, name in _SECTIONS:
        text = plain(getattr(service, name) or "").replace("||", ", ")
        if text:
            parts.append(f"{heading}: {text}" if heading else text)
    return without_contacts("\n\n".join(parts))


def _name(text: str | None) -> str | None:
    return line(text or "").replace("||", ", ") or None


def _period_text(text: str | None) -> str | None:
    """The prose of 신청기한, 2,510 different ones; a dash says nothing."""
    prose = line(text or "").replace("||", ", ")[:2000]
    return None if prose in {"", "-"} else prose


def _regions(service: Service) -> tuple[str, ...]:
    if service.organization_type and line(service.organization_type) == CENTRAL:
        return (NATIONWIDE,)
    return regions.of_organization(line(service.organization or ""))


def _values(text: str | None) -> list[str]:
    return [value for part in (text or "").split("||") if (value := line(part))]
