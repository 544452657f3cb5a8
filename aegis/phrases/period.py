"""Application periods out of Korean free text. Pure.

A short text is a portal's period field and is read whole. In a longer one only what stands behind a label of application (신청기간, 접수기한) is a period:
prose has days of births, contracts and events, and none of them is when to apply.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from aegis.phrases.days import Span, spans
from aegis.phrases.evidence import Evidence
from aegis.phrases.letters import folded

Kind = Literal["fixed", "always", "until_exhausted", "first_come", "announced_later", "varies", "none"]

FIELD = 200
"""A text of at most so many letters is a period field."""
_REACH = 90
"""So many letters behind a label belong to it."""
_LABEL = re.compile(r"(?:신청|접수|모집|공모)(?:\s?(?:ㆍ|·|및)\s?(?:신청|접수))?\s?(?:서\s?)?(?:접수\s?)?(?:기간|기한|마감일?|일정|일시|시기)\s?[)\]】]?")
_ENDS_AT = re.compile(r"(?:기한|마감일?|마감\s?일시)\s?[)\]】]?\s?[:은는]?\s?$")
_OTHER_LABEL = re.compile(
    r"(?:사업|지원|교육|협약|운영|행사|계약|근무|채용|입주|이용|수행|과제|개최|출생|출산|혼인|전입|등록|발표|선정|시행|제정|공고|전시|대여|훈련|연수|보증|상환)"
    r"\s?(?:기간|기한|일자?|일정|개시일|신고일?)?[\s:(\[\])]{0,4}$"
)
_OTHER_AFTER = re.compile(r"\s{0,2}(?:이후(?! ?부터)|이전(?! ?까지)|현재|기준|생\b|출생|당시|자로|시행|기공고|일자)")
_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "until_exhausted",
        re.compile(
            r"(?:예산|자금|재원|기금|한도|물량|사업비|지원금|재고)?\s?(?:의\s?)?(?:조기\s?)?소진\s?(?:시|될|때|까지|되면|하면|후)?\s?(?:까지)?|예산\s?(?:의\s?)?범위"
        ),
    ),
    (
        "first_come",
        re.compile(r"선착\s?순|선순\s?마감|(?:모집|접수|인원|정원|규모|충원)\s?(?:인원|규모|정원|목표)?\s?(?:완료|충족|마감|달성|초과|충원)\s?(?:시|될)"),
    ),
    ("always", re.compile(r"상시(?!\s?(?:근로|고용|종업|거주|인력|근무|직원|사용))|수시|연중|제한\s?없음|기한\s?없음|(?<![가-힣])상시(?![가-힣])")),
    ("announced_later", re.compile(r"(?:추후|별도|차후|향후)\s?(?:재\s?)?(?:공고|공지|안내|통보|통지|고지|발표|결정)|미정")),
    (
        "varies",
        re.compile(
            r"상이|매년|매월|매\s?분기|매\s?반기|분기별|반기별|월별|차수별|기관별"
            r"|(?:로부터|일부터|이후|후|전)?\s?\d{1,3}\s?(?:일|개월|년|주일?)\s?(?:이내|내(?![가-힣])|전까지|전|후)"
        ),
    ),
)
_ORDER: tuple[Kind, ...] = ("until_exhausted", "first_come", "always", "announced_later", "varies")


@dataclass(frozen=True, slots=True)
class Period:
    """When one can apply. Days in Korea, both inclusive, None where open or not stated as a day; `kind` says what the text promises."""

    start: date | None = None
    end: date | None = None
    kind: Kind = "none"
    evidence: tuple[Evidence, ...] = ()


def period(text: str) -> Period:
    """The application period that `text` states, with the phrases it was read from, in order. Never raises: impossible days are evidence."""
    plain = folded(text)
    scopes = _scopes(plain)
    found = [(span, _meaning(plain, span, scopes)) for span in spans(plain)]
    stated = [span for span, meaning in found if meaning == "stated"]
    chosen = stated if len(plain) <= FIELD else stated[:1]
    words = list(_words(text, plain, scopes))
    evidence = [item for span, meaning in found for item in _evidence(text, span, meaning)] + words
    start = min((span.first for span in chosen if span.first), default=None)
    end = max((span.last for span in chosen if span.last), default=None)
    return Period(start, end, _kind(chosen, found, words), tuple(sorted(evidence, key=lambda item: (item.start, item.end))))


def _scopes(plain: str) -> list[tuple[int, int]]:
    """Where application periods are looked for: places in order, apart from each other."""
    if len(plain) <= FIELD:
        return [(0, len(plain))]
    scopes: list[tuple[int, int]] = []
    for match in _LABEL.finditer(plain):
        low, high = match.start(), min(match.end() + _REACH, len(plain))
        if scopes and low <= scopes[-1][1]:
            scopes[-1] = (scopes[-1][0], high)
        else:
            scopes.append((low, high))
    return scopes


def _meaning(plain: str, span: Span, scopes: list[tuple[int, int]]) -> str:
    """`stated` for a span of days that is the application's, `day` for any other, or what is wrong with it."""
    place = bisect(scopes, (span.start, len(plain))) - 1
    inside = place >= 0 and span.start < scopes[place][1]
    if span.fault in {"impossible", "reversed"}:
        return span.fault
    before = plain[max(0, span.start - 24) : span.start].rsplit("\n", 1)[-1]
    if not inside or _OTHER_AFTER.match(plain, span.end) or (_OTHER_LABEL.search(before) and not _LABEL.search(before)):
        return "day"
    if span.fault == "bare":
        return "stated" if _ENDS_AT.search(before) else "day"
    return "yearless" if span.fault else "stated"


def _evidence(text: str, span: Span, meaning: str) -> Iterator[Evidence]:
    phrase = text[span.start : span.end]
    if meaning != "stated":
        yield Evidence(meaning, phrase, span.start, span.end, span.first or span.last)
        return
    if span.first:
        yield Evidence("start", phrase, span.start, span.end, span.first)
    if span.last:
        yield Evidence("end", phrase, span.start, span.end, span.last)


def _words(text: str, plain: str, scopes: list[tuple[int, int]]) -> Iterator[Evidence]:
    for low, high in scopes:
        for kind, pattern in _WORDS:
            for match in pattern.finditer(plain, low, high):
                yield Evidence(kind, text[match.start() : match.end()], match.start(), match.end())


def _kind(chosen: list[Span], found: list[tuple[Span, str]], words: list[Evidence]) -> Kind:
    """A last day binds most; a promise in words is stronger than a first day alone; days without a year vary."""
    if any(span.last for span in chosen):
        return "fixed"
    kinds = {word.kind for word in words}
    worded = next((kind for kind in _ORDER if kind in kinds), None)
    if worded:
        return worded
    if chosen:
        return "fixed"
    return "varies" if any(meaning == "yearless" for _, meaning in found) else "none"
