"""복지로, programmes of the local governments: `apis.data.go.kr/B554287/LocalGovernmentWelfareInformations/LcgvWelfarelist`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from collectors import regions
from collectors.draft import Fields
from collectors.portals.bokjiro import Bokjiro, Names, Programme, common_fields, names_of
from collectors.wording import line


class LocalProgramme(Programme):
    """A row of the local governments' list."""

    target: str | None = Field(default=None, alias="sprtTrgtCn")
    province: str | None = Field(default=None, alias="ctpvNm")
    municipality: str | None = Field(default=None, alias="sggNm")
    department: str | None = Field(default=None, alias="bizChrDeptNm")
    lives: Names = Field(default=None, alias="lifeNmArray")
    themes: Names = Field(default=None, alias="intrsThemaNmArray")
    targets: Names = Field(default=None, alias="trgterIndvdlNmArray")


class BokjiroLocal(Bokjiro):
    """The local governments' list."""

    name = "bokjiro_local"
    title = "복지로 지자체"
    names = names_of(LocalProgramme, issuing_organization="ctpvNm", operating_organization="bizChrDeptNm")
    address = "https://apis.data.go.kr/B554287/LocalGovernmentWelfareInformations/LcgvWelfarelist"

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row."""
        row = LocalProgramme.model_validate(dict(raw))
        province, municipality, department = (line(text or "") for text in (row.province, row.municipality, row.department))
        owner = f"{province} {municipality}".strip()
        return {
            **common_fields(row),
            "issuing_organization": owner or department or None,
            "operating_organization": department or None,
            "target_regions": regions.of_organization(owner) or regions.of_names([province]) or regions.of_organization(department),
        }
