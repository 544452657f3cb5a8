"""The normal form of a title: what is left of it when region, year, round, brackets and the words that every title has are taken away. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from batch.duplicates.place import without_place

REMEMBERED = 20_000
"""Titles that are not taken apart again: a row is met in many batches."""
READ_CHARACTERS = 1000
"""Of a title: twice what a collector takes. Rows that were written by others may be longer, and their time would grow with the square of it."""
_BRACKETS = re.compile(r"[\[({「『【<〈《]([^\])}」』】>〉》]*)[\])}」』】>〉》]")
_YEAR = re.compile(r"(?<!\d)(?:['’](\d{2})|(20\d{2}))\s*(?:학?년도?|~|(?=\D|$))")
_HALF = re.compile(r"(상반기|하반기|[1-4]\s*/?\s*4?분기)")
_ROUND = re.compile(r"제?\s*(\d{1,3})\s*(차|회|기|단계)(?![가-힣]{0,1}(?:간|당))")
# No word may be two others put together (지원사업): each more of them would double the time.
_GENERIC = (
    "참여기업|참가기업|참여업체|참가업체|참여점포|참여자|대상자|신청자|지원대상|지원금|지원비|사업|지원|지급|보조|신청|접수|공고문|공고|모집|추가|수정|변경|연장|재공고|"
    "안내|계획|시행|서비스|운영|통합|확대|제공|안내문|참여|등|및|의|을|를|에|위한|대한"
)
_GENERIC_WORD = re.compile(rf"^(?:{_GENERIC})+$")
_GENERIC_END = re.compile(r"(?<=[가-힣]{2})(?:지원금|사업|지원|지급|보조)+$")
_SYNONYMS = (
    (re.compile(r"국민건강보험"), "건강보험"),
    (re.compile(r"(?:노인)?장기요양보험료?"), ""),
    (re.compile(r"저소득\s?(?:주민|층|세대|가구|계층|가정|국민)?"), "저소득"),
    (re.compile(r"차상위(?:계층)?"), "차상위"),
    (re.compile(r"인플루엔자"), "독감"),
    (re.compile(r"(?:만|滿)?\s*(\d{1,3})세\s*이상"), r"\1세"),
    (
        re.compile(r"(비용|(?<!학)자금|위문금|위로금|출생)"),
        lambda m: {"비용": "비", "자금": "금", "위문금": "위문비", "위로금": "위문비", "출생": "출산"}[m[1]],
    ),
)


@dataclass(frozen=True, slots=True)
class Title:
    """A title, taken apart."""

    core: str
    """Words that tell this policy from others, joined without spaces; the whole title's letters where nothing would be left."""
    last: str
    """The last of these words."""
    qualifiers: frozenset[str]
    """Words in brackets, which tell siblings apart: "(부부)", "(직업훈련비)"."""
    years: frozenset[int]
    rounds: frozenset[str]
    """"3차", "2기", "상반기"."""

    @property
    def whole(self) -> str:
        """The core with what stands in brackets: one source's bracket is another's word."""
        return self.core + "".join(sorted(self.qualifiers))


@lru_cache(maxsize=REMEMBERED)
def title_of(text: str) -> Title:
    """The normal form of a title as published."""
    plain = unicodedata.normalize("NFKC", text[:READ_CHARACTERS])[:READ_CHARACTERS].lower().replace("ㆍ", "·")
    years = frozenset(2000 + int(short) if short else int(long) for short, long in _YEAR.findall(plain))
    rounds = frozenset(f"{number}{unit}" for number, unit in _ROUND.findall(plain)) | frozenset(half.replace(" ", "") for half in _HALF.findall(plain))
    bare = _HALF.sub(" ", _ROUND.sub(" ", _YEAR.sub(" ", plain)))
    # A region in front ("[경북]") is no qualifier.
    body = re.sub(r"^\s*\[[^\]]*\]", " ", bare).strip()
    qualifiers = frozenset(word for inner in _BRACKETS.findall(body) for word in _words(inner))
    words = _words(without_place(_BRACKETS.sub(" ", body).strip()))
    if not words:
        words = [letters] if (letters := re.sub(r"\W", "", plain)) else []
    return Title("".join(words), words[-1] if words else "", qualifiers, years, rounds)


def _words(text: str) -> list[str]:
    """Words that mean something, without the endings that every title has."""
    for pattern, plain in _SYNONYMS:
        text = pattern.sub(plain, text)
    return [_GENERIC_END.sub("", word) for word in re.split(r"[^0-9a-z가-힣]+", text) if word and not _GENERIC_WORD.match(word)]
