"""Regions: provinces (시도, two digits) and municipalities (시군구, five digits) that were in use at any time since 2000.

Source: the administrative standard codes (행정표준코드) of the Ministry of the Interior and Safety, as of 2023-05-01, with the changes by law since.
Not covered, as no list that we have gives the codes: 전남광주통합특별시 (2026-07-01; its areas keep the codes of 광주 29 and 전남 46) and the districts
that 인천 has since that day (제물포구, 영종구, 서해구, 검단구). 화성시's districts of 2026 are listed without their names.
"""

from __future__ import annotations

from datetime import date

from aegis.references.reference import load

REGIONS = load("regions.csv")
PROVINCE_DIGITS, MUNICIPALITY_DIGITS = 2, 5


def is_known(code: str, on: date) -> bool:
    """Whether a region has `code` on that day; of a longer code (읍면동), whether its municipality has."""
    return REGIONS.is_known(code[:MUNICIPALITY_DIGITS], on)


def successor(code: str) -> str | None:
    """The code of today in place of one that is no longer used: 42 → 51, 47720 → 27720. None where `code` holds, is unknown, or was divided."""
    return REGIONS.successor(code)


def today(code: str) -> str:
    """The code of today for one of any length: 42110 → 51110, 47720 → 27720. The municipality's successor counts before the province's; without one, `code`."""
    for digits in (MUNICIPALITY_DIGITS, PROVINCE_DIGITS):
        found = successor(code[:digits]) if len(code) >= digits else None
        if found:
            return found + code[digits:]
    return code


def name(code: str) -> str:
    """Full name: 경기도, 경기도 수원시 장안구. An unknown municipality is named after its province and by its code, an unknown province by its code."""
    province = REGIONS.name(code[:PROVINCE_DIGITS])
    if len(code) == PROVINCE_DIGITS or not REGIONS.has(code[:PROVINCE_DIGITS]):
        return province if len(code) == PROVINCE_DIGITS else code
    municipality = REGIONS.name(code[:MUNICIPALITY_DIGITS])
    return municipality if municipality == province else f"{province} {municipality}"
