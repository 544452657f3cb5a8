"""Application periods out of Korean free text. Pure.

A short text is a portal's period field and is read whole. In a longer one only what stands behind a label of application (신청기간, 접수기한) is a period:
prose has days of births, contracts and events, and none of them is when to apply.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
_LABEL = re.compile(
    r"(?:신\s?청|접\s?수|모\s?집|공\s?모)(?:\s?[ㆍ·및]\s?(?:신청|접수))?\s?(?:서\s?)?(?:접수\s?)?(?:기간|기한|마감일?+|일시|시기|일정(?=\s?[)\]】]?\s?:))\s?+[)\]】]?+"
    r"(?!\s{0,2}(?:기준|현재|내|중|이후|외|이외|까지|에|을|를|전|이\s|과|동안|시간|충족))"
)
_NEXT_LABEL = re.compile(
    r"\n\s*\n|(?:사업|사용|지원|이용|운영|교육|제출|발표|선정|신청|접수|지급|협약|계약|입주)\s?(?:(?:대상|내용|방법|서류|장소|처|자격|금액|절차|결과)(?:자|명)?\s{0,2}[:)\]]|(?:기간|일정)\s{0,2}:)"
)
_ENDS_AT = re.compile(r"(?:기한|마감일?|마감\s?일시)\s?[)\]】]?\s?[:은는]?\s?$")
_OTHER_LABEL = re.compile(
    r"(?:사업|지원|교육|협약|운영|행사|계약|근무|채용|입주|이용|수행|과제|개최|출생|출산|혼인|전입|등록|발표|선정|시행|제정|공고|전시|대여|훈련|연수|보증|상환|사용|지정|창업(?:\(설립\))?)"
    r"\s?(?:기간|기한|일자?|일정|개시일|신고일?)?(?:\s?기준)?[\s:(\[\])~]{0,5}$"
)
_OTHER_AFTER = re.compile(
    r"(?:까지)?\s{0,2}(?:의 )?(?:이후(?! ?부터)|이전(?! ?까지)|현재|기준|생\b|출생|입양|출산|전입|혼인|기간\s?(?:내|출생|중)|당시|자로|시행|기공고|일자)"
)
# In the order in which one promise outweighs another.
_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "until_exhausted",
        re.compile(
            r"(?:(?:예산|자금|재원|기금|한도|물량|사업비|지원금|재고)\s?(?:의\s?)?)?(?:조기\s?)?소진(?!공|율|기)\s?(?:시|될|때|까지|되면|하면|후)?\s?(?:까지)?|예산\s?(?:의\s?)?범위"
        ),
    ),
    (
        "first_come",
        re.compile(r"선착\s?순|선순\s?마감|(?:모집|접수|인원|정원|규모|충원)\s?(?:인원|규모|정원|목표)?\s?(?:완료|충족|마감|달성|초과|충원)\s?(?:시|될)"),
    ),
    ("always", re.compile(r"(?<![가-힣])(?:상시(?!\s?(?:근로|고용|종업|거주|인력|근무|직원|사용|돌봄))|수시|연중)|(?:제한|기한)\s?없음")),
    ("announced_later", re.compile(r"(?:추후|별도|차후|향후)\s?(?:재\s?)?(?:공고|공지|안내|통보|통지|고지|발표|결정)(?!\s?없이)|(?<![가-힣])미정(?![가-힣])")),
    (
        "varies",
        re.compile(
            r"(?:(?:별|이|가|마다)\s?|^)상이(?!\s?(?:군|등급|자|처|용사|유공))|매년|매월|매\s?분기|매\s?반기|분기별|반기별|월별|차수별|기관별"
            r"|(?:(?:로부터|일부터|이후|후|전)\s?)?(?<!\d)\d{1,3}\s?(?:일|개월|년|주일?)\s?(?:이내|내(?![가-힣])|이?전까지|[전후](?![가-힣]))"
            r"|(?:로부터|이후|후|전)\s?\d{1,3}\s?(?:일|개월|년|주일?)\s?까지"
            r"|(?:예정일|출생일|출산일|시작일|종료일|개시일|퇴소일|전입일|사망일|신고일|퇴직일|발생일)\s?(?:로?부터|전일|전날|당일|까지)"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Period:
    """When one can apply. Days in Korea, both inclusive, None where open or not stated as a day; `kind` says what the text promises."""

    start: date | None = None
    end: date | None = None
    kind: Kind = "none"
    evidence: tuple[Evidence, ...] = ()


def period(text: str, *, prose: bool | None = None) -> Period:
    """The application period that `text` states, with the phrases it was read from, in order. Never raises: impossible days are evidence.

    `prose` says whether the text is a description, in which a period needs its label, or a period field; without it the length decides.
    """
    plain = folded(text)
    scopes = _labelled(plain) if (len(plain) > FIELD if prose is None else prose) else [_Scope(0, len(plain))]
    found = [(span, *_meaning(plain, span, scopes)) for span in _untangled(plain)]
    words = [list(_words(text, plain, scope)) for scope in scopes]
    best = _best(found, words)
    chosen = [span for span, meaning, place in found if meaning == "stated" and place == best]
    evidence = [item for span, meaning, _ in found for item in _evidence(text, span, meaning)] + [word for each in words for word in each]
    start = min((span.first for span in chosen if span.first), default=None)
    end = max((span.last for span in chosen if span.last), default=None)
    vague = any(meaning == "yearless" and place == best for _, meaning, place in found)
    kind = _kind(chosen, words[best] if best is not None else [], vague=vague)
    return Period(start, end, kind, tuple(sorted(evidence, key=lambda item: (item.start, item.end))))


def _untangled(plain: str) -> Iterator[Span]:
    """The spans; where columns of a table ran into each other (a day right behind a day), nobody knows which one a lone ~ belongs to."""
    before: Span | None = None
    for span in spans(plain):
        is_tangled = before is not None and before.fault == "bare" and not plain[before.end : span.start].strip()
        is_open = span.fault is None and (span.first is None or span.last is None)
        before = replace(span, fault="bare") if is_tangled and is_open else span
        yield before


@dataclass(frozen=True, slots=True, order=True)
class _Scope:
    """Where an application's period is looked for."""

    start: int
    end: int


def _labelled(plain: str) -> list[_Scope]:
    """The places behind labels of application, up to the next label of anything: in order, apart from each other."""
    scopes: list[_Scope] = []
    for match in _LABEL.finditer(plain):
        low, high = match.start(), min(match.end() + _REACH, len(plain))
        if scopes and low < scopes[-1].end:
            scopes[-1] = _Scope(scopes[-1].start, low)
        other = _NEXT_LABEL.search(plain, match.end(), high)
        scopes.append(_Scope(low, other.start() if other else high))
    return scopes


def _meaning(plain: str, span: Span, scopes: list[_Scope]) -> tuple[str, int | None]:
    """`stated` for a span of days that is the application's, `day` for any other, or what is wrong with it; and the scope that it is in."""
    place = bisect(scopes, _Scope(span.start, len(plain) + 1)) - 1
    inside = place if place >= 0 and span.start < scopes[place].end else None
    if span.fault in {"impossible", "reversed"}:
        return span.fault, inside
    before = plain[max(0, span.start - 24) : span.start].rsplit("\n", 1)[-1]
    if inside is None or _OTHER_AFTER.match(plain, span.end) or (_OTHER_LABEL.search(before) and not _LABEL.search(before)):
        return "day", inside
    if span.fault == "bare":
        return ("stated" if _ENDS_AT.search(before) else "day"), inside
    return ("yearless" if span.fault else "stated"), inside


def _best(found: list[tuple[Span, str, int | None]], words: list[list[Evidence]]) -> int | None:
    """The scope that counts: the first with days, else the first with a promise in words, else the first with days that lack their year."""
    days = [place for _, meaning, place in found if meaning == "stated" and place is not None]
    worded = [place for place, each in enumerate(words) if each]
    vague = [place for _, meaning, place in found if meaning == "yearless" and place is not None]
    return next(iter([*days, *worded, *vague]), None)


def _evidence(text: str, span: Span, meaning: str) -> Iterator[Evidence]:
    phrase = text[span.start : span.end]
    if meaning != "stated":
        yield Evidence(meaning, phrase, span.start, span.end, span.first or span.last)
        return
    if span.first:
        yield Evidence("start", phrase, span.start, span.end, span.first)
    if span.last:
        yield Evidence("end", phrase, span.start, span.end, span.last)


def _words(text: str, plain: str, scope: _Scope) -> Iterator[Evidence]:
    for kind, pattern in _WORDS:
        for match in pattern.finditer(plain, scope.start, scope.end):
            yield Evidence(kind, text[match.start() : match.end()], match.start(), match.end())


def _kind(chosen: list[Span], words: list[Evidence], *, vague: bool) -> Kind:
    """A last day binds most; a promise in words is stronger than a first day alone; days without a year vary."""
    if any(span.last for span in chosen):
        return "fixed"
    kinds = {word.kind for word in words}
    worded = next((kind for kind, _ in _WORDS if kind in kinds), None)
    if worded:
        return worded
    if chosen:
        return "fixed"
    return "varies" if vague else "none"
