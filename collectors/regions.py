"""Target regions: two-digit codes of today's provinces (시도) from titles, hashtags and names of organisations. Pure.

A list of all provinces is the code of the whole country. Nothing stated gives nothing: a region is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aegis.codes import NATIONWIDE, SIDO, SIDO_BY_NAME
from aegis.references.regions import today

_TODAY = frozenset(today(code) for code in SIDO_BY_NAME.values()) - {NATIONWIDE}
"""강원도 and 전라북도 became special self-governing provinces: rows carry the code of today."""
_OFFICIAL = sorted((name for name in SIDO.values() if name != SIDO[NATIONWIDE]), key=len, reverse=True)

JOINT_CITY = "전남광주통합특별시"
"""Since 2026-07-01 one administration for 광주 (29) and 전남 (46). Its districts (구) are those of 광주; cities and counties are those of 전남."""
_GWANGJU, _JEONNAM = "29", "46"
_PREFIX = re.compile(r"\s*\[([^\]]{1,40})\]")
_SEPARATORS = re.compile(r"[ㆍ·,/@・\s]+")


def of_names(names: Iterable[str]) -> tuple[str, ...]:
    """Codes of those names that are a province's ("경북", "경상북도"), sorted; other names are passed over."""
    codes = {code for name in names for code in _of_name(name)}
    if NATIONWIDE in codes or codes >= _TODAY:
        return (NATIONWIDE,)
    return tuple(sorted(codes))


def of_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes of the provinces whose municipalities (five digits, of today or of before) are listed; those of every province are the whole country."""
    found = {code for each in codes if (code := today(each.strip())[:2]) in _TODAY}
    return (NATIONWIDE,) if found == _TODAY else tuple(sorted(found))


def of_title(title: str) -> tuple[str, ...]:
    """Codes of the region prefix of a title: "[서울ㆍ경기] …"."""
    match = _PREFIX.match(title)
    return of_names(_SEPARATORS.split(match[1])) if match else ()


def of_organization(name: str) -> tuple[str, ...]:
    """Code of the province whose official name an organisation's name begins with: "경기도 성남시", "경상북도교육청".

    Short names are not looked at: 서울올림픽기념국민체육진흥공단 serves the whole country.
    """
    if name.startswith(JOINT_CITY):
        return _of_joint_city(name.removeprefix(JOINT_CITY).strip())
    official = next((full for full in _OFFICIAL if name.startswith(full)), None)
    return of_names([official]) if official else ()


def _of_name(name: str) -> tuple[str, ...]:
    stripped = name.strip()
    if stripped == JOINT_CITY:
        return (_GWANGJU, _JEONNAM)
    code = SIDO_BY_NAME.get(stripped)
    return () if code is None else (today(code),)


def _of_joint_city(municipality: str) -> tuple[str, ...]:
    if municipality.endswith("구"):
        return (_GWANGJU,)
    return (_JEONNAM,) if municipality.endswith(("시", "군")) else (_GWANGJU, _JEONNAM)
