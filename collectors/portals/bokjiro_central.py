"""복지로, programmes of the ministries: `apis.data.go.kr/B554287/NationalWelfareInformationsV001/NationalWelfarelistV001`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from aegis.codes import NATIONWIDE
from collectors.draft import Fields
from collectors.portals.bokjiro import Bokjiro, Names, Programme, common_fields, names_of
from collectors.wording import line


class CentralProgramme(Programme):
    """A row of the ministries' list."""

    target: str | None = Field(default=None, alias="tgtrDtlCn")
    ministry: str | None = Field(default=None, alias="jurMnofNm")
    department: str | None = Field(default=None, alias="jurOrgNm")
    lives: Names = Field(default=None, alias="lifeArray")
    themes: Names = Field(default=None, alias="intrsThemaArray")
    targets: Names = Field(default=None, alias="trgterIndvdlArray")


class BokjiroCentral(Bokjiro):
    """The ministries' list."""

    name = "bokjiro_central"
    title = "복지로 중앙부처"
    names = names_of(CentralProgramme, issuing_organization="jurMnofNm", operating_organization="jurOrgNm")
    address = "https://apis.data.go.kr/B554287/NationalWelfareInformationsV001/NationalWelfarelistV001"

    def fields(self, raw: Mapping[str, Any]) -> Fields:
        """Draft fields of one row. A ministry's programme is for the whole country."""
        row = CentralProgramme.model_validate(dict(raw))
        ministry, department = line(row.ministry or ""), line(row.department or "")
        return {
            **common_fields(row),
            "issuing_organization": ministry or None,
            "operating_organization": f"{ministry} {department}".strip() if department else None,
            "target_regions": (NATIONWIDE,),
        }
