"""Whose policy it is: the province and the municipality that an organisation's name, or else a title, begins with. Pure.

The same title in another municipality is another policy, so this is looked at before anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aegis.codes import NATIONWIDE, SIDO_BY_NAME
from aegis.rows.policy import Policy

JOINT_CITY = "전남광주통합특별시"
"""Since 2026-07-01 one administration for 광주 (29) and 전남 (46)."""
_PROVINCES = {name: frozenset({code}) for name, code in SIDO_BY_NAME.items() if code != NATIONWIDE} | {
    "강원도": frozenset({"51"}),
    "전라북도": frozenset({"52"}),
    JOINT_CITY: frozenset({"29", "46"}),
}
_LONGEST_FIRST = sorted(_PROVINCES, key=len, reverse=True)
_MUNICIPALITY = re.compile(r"([가-힣]{1,4}[시군구])(?:청)?$")
_NO_MUNICIPALITY = (
    "도시",
    "가구",
    "연구",
    "지구",
    "도구",
    "기구",
    "수시",
    "상시",
    "즉시",
    "전시",
    "필요시",
    "임시",
    "다가구",
    "친구",
    "축구",
    "농구",
    "야구",
    "시군구",
    "전군",
    "소진시",
)
"""Words that end as a municipality's name does."""
_REMEMBERED = 20_000
_SHORT = 2
_CITIES = frozenset(f"{name}시" for name in ("서울", "부산", "대구", "인천", "대전", "울산", "세종"))
"""Provinces by their names as cities. 광주시 is a municipality of 경기도, too, and 제주시 one of 제주."""
_HEAD = re.compile(r"^\s*(?:\[([^\]]{1,40})\])?\s*")
_YEAR = re.compile(r"^(?:['’]?\d{2,4}년?도?|제?\d+[차회기])$")
_DIVIDED = {("28", "제물포구"): {"중구", "동구"}, ("28", "영종구"): {"중구"}, ("28", "검단구"): {"서구"}}
"""Districts that were formed out of others on 2026-07-01: portals name the old and the new one side by side for a while."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a policy is made. No provinces: by the state, or not known."""

    provinces: frozenset[str] = frozenset()
    """Two-digit codes of today."""
    municipality: str | None = None
    """Name of the 시, 군 or 구, where it is not the province's own."""

    @property
    def names(self) -> tuple[str, ...]:
        """For blocking: a municipality by its name, and by those that it was formed of, since provinces were joined and renamed; a province by its codes."""
        if self.municipality is None:
            return tuple(sorted(self.provinces)) or ("국가",)
        former = (_DIVIDED.get((code, self.municipality), ()) for code in self.provinces)
        return (self.municipality, *sorted(name for names in former for name in names))

    def is_that_of(self, other: Place) -> bool:
        """Whether both may be one administration."""
        if bool(self.provinces) != bool(other.provinces) or (self.provinces and not self.provinces & other.provinces):
            return False
        if self.municipality is None or other.municipality is None or self.municipality == other.municipality:
            return self.municipality == other.municipality
        return any(
            there.municipality in _DIVIDED.get((code, here.municipality or ""), ()) for here, there in ((self, other), (other, self)) for code in here.provinces
        )


def place_of(row: Policy) -> Place:
    """The place that the organisation names. Its municipality may stand in the title only ("[경북] 경산시 …"), its province in the target regions only."""
    stated = next((found for name in (row.issuing_organization, row.operating_organization) if (found := _of_name(name or "")).provinces), Place())
    titled = of_title(row.title)
    municipality = stated.municipality or titled.municipality
    provinces = stated.provinces or titled.provinces
    if not provinces and municipality:
        provinces = frozenset(code[:2] for code in row.target_regions) - {NATIONWIDE}
    return Place(provinces, municipality if provinces else None)


@lru_cache(maxsize=_REMEMBERED)
def of_title(title: str) -> Place:
    """What a title begins with: "[경북] 경산시 2026년 …", "2026년 울진군 …", "대구광역시 남구 …"."""
    head = _HEAD.match(title)
    named = re.split(r"[ㆍ·,/\s]+", head[1].strip()) if head and head[1] else []
    provinces = _PROVINCES.get(named[0], frozenset()) if len(named) == 1 else frozenset[str]()
    words = [word for word in title[head.end() if head else 0 :].split()[:4] if not _YEAR.match(word)]
    if words and words[0] in _PROVINCES:
        provinces, words = provinces or _PROVINCES[words[0]], words[1:]
    return Place(provinces, _municipality(words[0]) if words else None)


def without_place(text: str) -> str:
    """A title without the province and the municipality that it begins with ("대전청년 월세" too), and without "…형" and "…시" after them."""
    province = next((each for each in _LONGEST_FIRST if text.startswith(each)), None)
    rest = re.sub(r"^(?:[시도형](?=\s))?\s*", "", text.removeprefix(province)) if province else text
    first, _, others = rest.partition(" ")
    if others and (_municipality(first) or re.fullmatch(r"[가-힣]{2,3}형", first)):
        rest = others
    return rest or text


@lru_cache(maxsize=_REMEMBERED)
def _of_name(name: str) -> Place:
    # A short name may begin another word (서울올림픽기념국민체육진흥공단 serves the whole country); an official one does not.
    province = next((each for each in _LONGEST_FIRST if name == each or name.startswith(each + " ") or (len(each) > _SHORT and name.startswith(each))), None)
    if province is None:
        return Place()
    words = name.removeprefix(province).split()
    return Place(_PROVINCES[province], _municipality(words[0]) if words else None)


def _municipality(word: str) -> str | None:
    match = _MUNICIPALITY.match(word)
    if match is None or match[1].endswith(_NO_MUNICIPALITY) or match[1] in _PROVINCES or match[1] in _CITIES:
        return None
    return match[1]
