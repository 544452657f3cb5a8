"""What a percentage is: an interest rate, an interest subsidy, a fee, or a share of something. Pure; bounded windows."""

from __future__ import annotations

import re

BEFORE, AFTER = 40, 24
"""Letters that are looked at on either side of a percentage."""

_SUBSIDY = re.compile(
    r"이차\s?보전|지원\s?금리|이자\s?차액|이자\s?(?:를|의)?\s?(?:일부\s?)?(?:지원|보전|보조)|이자\s?일부|금리\s?(?:지원|보전|우대|인하|감면)|우대\s?금리|이차보상|\(市"
)
_FEE = re.compile(
    r"(?:보증\s?료율?|보험료율|수수료율?|연체\s?이?[자율]{0,2}|할증률?|가산\s?금리|전환\s?이?율[^\n%]{0,14})[\s:(은는]{0,3}(?:연|약|최대|최저)?\s?$"
)
_DEPOSIT = re.compile(r"보증금[^\n]{0,28}이율")
"""What a landlord credits for a deposit."""
_RATE = re.compile(r"금리|이자율|이율|대출이자|고정(?![가-힣])|저리")
_A_YEAR = re.compile(r"(?<![가-힣\d])연\s?(?:이율|리|이자|최저|최고|최대|약)?\s?$")
_LOAN = re.compile(r"융자|대출|대여|자금|금리|이자|거치|상환")
_OTHER_AFTER = re.compile(r"\s{0,2}(?:이상|초과|미만|성장|증가|감소|할인|감면|지급|인상|상승|하락|이내의 지분)")
_YEARLY_OTHER = re.compile(r"연평균|전년|미만인|경우에는|증가|성장|감소|인구")
_BARE = 4
"""A text with no more letters than so beside the percentage is a field that states a rate: 연 2.5%."""


def kind(text: str, start: int, end: int, *, is_points: bool) -> str:
    """`rate`, `subsidy`, `fee`, `share`, or `points` of what is not said."""
    line = text.rfind("\n", max(0, start - BEFORE), start) + 1
    before, after = text[max(line, start - BEFORE) : start], text[end : end + AFTER].split("\n", 1)[0]
    if _SUBSIDY.search(before[-24:]) or _SUBSIDY.search(after[:12]):
        return "subsidy"
    if is_points:
        return "subsidy" if _LOAN.search(before) or _LOAN.search(after) else "points"
    if _FEE.search(before) or _DEPOSIT.search(before):
        return "fee"
    if _YEARLY_OTHER.search(before) or _OTHER_AFTER.match(after):
        return "share"
    if _RATE.search(before[-18:]):
        return "rate"
    if _A_YEAR.search(before):
        return "rate" if len(text.strip()) - (end - start) <= _BARE or _LOAN.search(before) or _LOAN.search(after) else "share"
    return "share"
