"""Amounts of support and interest rates out of Korean free text. Pure.

`least` and `most` are what one applicant receives in all, as far as the text says so; what is none of that (a month's payment, a budget,
a threshold of income) is evidence only. A reading that is not certain stays out of the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aegis.phrases import percent_kind, sum_kind
from aegis.phrases.evidence import Evidence
from aegis.phrases.letters import folded
from aegis.phrases.percent import percents
from aegis.phrases.won import Sum, sums

_VARIABLE = re.compile(r"변동\s?금리|기준\s?금리|고시\s?금리")
_LIST_GAP = 16
"""Sums of one list (5천만원, 6천만원, 7천만원 이하) stand no farther apart than so many letters."""
_BRACKET = 80
_BREAKS_LIST = re.compile(r"[\n.○☞※]|지원|지급|대출|한도")


@dataclass(frozen=True, slots=True)
class Money:
    """What a text says of money. Won for one applicant; the rate in percent a year; None where the text does not say."""

    least: int | None = None
    most: int | None = None
    rate: Decimal | None = None
    evidence: tuple[Evidence, ...] = ()


def money(text: str) -> Money:
    """The amounts and the interest rate that `text` states, with the phrases they were read from, in order. Never raises."""
    plain = folded(text)
    found = _without_parts(plain, _with_lists(plain, [(each, _kind(plain, each)) for each in sums(plain)]))
    evidence = [item for each, kind in found for item in _of_sum(text, plain, each, kind)]
    rates = list(_of_percents(text, plain))
    variable = [Evidence("variable", text[m.start() : m.end()], m.start(), m.end()) for m in _VARIABLE.finditer(plain)]
    least, most = _ends(evidence)
    rate = min((item.value for item in rates if item.kind == "rate" and isinstance(item.value, Decimal)), default=None)
    return Money(least, most, rate, tuple(sorted([*evidence, *rates, *variable], key=lambda item: (item.start, item.end, item.kind != "least"))))


def _kind(plain: str, each: Sum) -> str:
    return sum_kind.kind(plain, each.start, each.end) if each.high else "mention"


def _with_lists(plain: str, found: list[tuple[Sum, str]]) -> list[tuple[Sum, str]]:
    """The sums with what stands behind the last of a list said of all of it: a threshold of several is a threshold each."""
    result = _of_instalments(found)
    for index in range(len(result) - 2, -1, -1):
        (each, kind), (following, its) = result[index], result[index + 1]
        gap = plain[each.end : following.start]
        if not gap.strip(" ") and {kind, its} <= {"amount", "mention"}:
            result[index : index + 2] = [(each, "mention"), (following, "mention")]  # a row of a table: nobody says what its sums are
        if {kind, its} == {"amount", "mention"} and len(gap) <= _LIST_GAP and not _BREAKS_LIST.search(gap):
            result[index : index + 2] = [(each, "amount"), (following, "amount")]
        if its == "condition" and kind in {"amount", "mention"} and len(gap) <= _LIST_GAP and not _BREAKS_LIST.search(gap):
            result[index] = (each, its)
    return result


def _of_instalments(found: list[tuple[Sum, str]]) -> list[tuple[Sum, str]]:
    """The sums with those marked that only say again what a range of instalments said: 월 34~56만원 (7세 미만 34만원, 13세 이상 56만원)."""
    ranges = [each for each, kind in found if kind == "instalment" and each.is_range]
    if not ranges:
        return list(found)
    low, high = min(each.low for each in ranges), max(each.high for each in ranges)
    return [
        (each, "instalment" if kind == "amount" and each.start > ranges[0].start and low <= each.low and each.high <= high else kind) for each, kind in found
    ]


def _without_parts(plain: str, found: list[tuple[Sum, str]]) -> list[tuple[Sum, str]]:
    """The sums with those marked that stand in brackets behind a sum and add up to it: 10만원(설 5만원, 추석 5만원)."""
    result = list(found)
    for index, (each, kind) in enumerate(found):
        if kind not in sum_kind.COUNTED or plain[each.end : each.end + 1] != "(":
            continue
        close = plain.find(")", each.end, each.end + _BRACKET)
        inside = [at for at in range(index + 1, min(index + 8, len(found))) if found[at][0].end <= close]
        if inside and sum(found[at][0].high for at in inside) == each.high:
            result[inside[0] : inside[-1] + 1] = [(found[at][0], "part") for at in inside]
    return result


def _of_sum(text: str, plain: str, each: Sum, kind: str) -> Iterator[Evidence]:
    """One evidence for a sum; two for a range of support, its ends."""
    whole = Evidence(kind, text[each.start : each.end], each.start, each.end, each.high)
    if each.is_range and kind in sum_kind.COUNTED and not sum_kind.is_capped(plain, each.start):
        yield replace(whole, kind="least", value=each.low)
        yield replace(whole, kind="most")
    else:
        yield whole


def _of_percents(text: str, plain: str) -> Iterator[Evidence]:
    for each in percents(plain):
        kind = percent_kind.kind(plain, each.start, each.end, is_points=each.is_points)
        whole = Evidence(kind, text[each.start : each.end], each.start, each.end, each.low)
        yield whole
        if each.low != each.high:
            yield replace(whole, kind=f"{kind}_most", value=each.high)


def _ends(evidence: list[Evidence]) -> tuple[int | None, int | None]:
    """Least and most. Bare sums are both, unless a cap is stated: then they are its parts. A total counts where nothing else does."""
    exact, caps, floors = (_values(evidence, kind) for kind in ("amount", "most", "least"))
    if not (exact or caps):
        caps = _values(evidence, "total")
    most = max([*caps, *exact], default=None)
    least = min(floors, default=None) if floors else min(exact, default=None) if not caps else None
    if most is not None and most < max(_values(evidence, "instalment"), default=0):
        return None, None  # a whole that is less than one of its instalments is none
    return (None if least is not None and most is not None and least > most else least), most


def _values(evidence: list[Evidence], kind: str) -> list[int]:
    return [item.value for item in evidence if item.kind == kind and isinstance(item.value, int)]
