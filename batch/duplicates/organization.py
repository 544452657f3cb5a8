"""The normal form of an organisation's name. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LEGAL_FORM = re.compile(r"\((?:재|주|사|유|학)\)|(?:재단법인|사단법인|주식회사|유한회사)|㈜")
_DEPARTMENT = re.compile(r"\s+\S*(?:국|실|과|팀|단|담당관|정책관|본부|보건소|의료원|출장소|사업소|센터)$")
_NOBODY = frozenset({"직접수행", "기초자치단체", "광역자치단체", "해당없음"})
"""What portals write where an operator's name should stand."""
ALIASES = {
    "kotra": "대한무역투자진흥공사",
    "중진공": "중소벤처기업진흥공단",
    "소진공": "소상공인시장진흥공단",
    "중기부": "중소벤처기업부",
    "여성가족부": "성평등가족부",
    "환경부": "기후에너지환경부",
    "산업통상자원부": "산업통상부",
}
"""Short and former names → the name of today."""
READ_CHARACTERS = 500
"""Of a name: what a collector takes. Departments are taken away one by one, and the time would grow with the square of a longer one."""


@lru_cache(maxsize=20_000)
def organization_of(name: str | None) -> str:
    """The name without legal form, departments and spaces, by its name of today; empty where nobody is named."""
    plain = _LEGAL_FORM.sub("", unicodedata.normalize("NFKC", (name or "")[:READ_CHARACTERS])[:READ_CHARACTERS]).strip().lower()
    while (shorter := _DEPARTMENT.sub("", plain)) != plain:
        plain = shorter
    letters = re.sub(r"\W", "", plain)
    return "" if letters in _NOBODY else ALIASES.get(letters, letters)
