"""What a sum of money is for: its kind, from the words around it. Pure; looks at a bounded window, so the time is linear."""

from __future__ import annotations

import re

BEFORE, AFTER = 48, 40
"""Letters that are looked at on either side of a sum."""

_SUPPORT = re.compile(
    r"지원|지급|한도|최대|최고|이내|융자|대출|장려금|수당|보조|상금|포상|시상|바우처|상품권|할인|감면|환급"
    r"|축하금|위로금|정착금|자금|보상|혜택|급여|적립|배상|연금|경비|비용|비 :|당 |씩|대여|성금|금액|이용권"
)
_PLACE = r"[\s:(·,＝=「\[~-]{0,4}"
_EACH = r"(?:총|최대|최고|최소|약|각|각각|한도|정액|금액)?"


def _before(words: str) -> re.Pattern[str]:
    """`words` right before the sum, brackets and 최대 or 각 between them allowed."""
    return re.compile(rf"(?:{words})[이가은는을를]?{_PLACE}{_EACH}{_PLACE}$")


_CAP_BEFORE = re.compile(
    rf"(?:최대|최고|상한|한도)(?:액|금액|한도|\s?지원금액|\s?지원액)?(?:\s?(?:연간|연|년|총|각|약|1인당|인당|\d{{1,3}}인|월|가구당|업체당|기업당))?{_PLACE}$"
)
_CAP_AFTER = re.compile(r"\s{0,2}(?:의|을|를)?\s{0,2}(?:한도|이내|까지|상한|범위|내(?![가-힣]|외)|내에서|내 )")
_CAP_LINE = re.compile(r"상한(?:액|금액)?\s?[:(][^\n]{0,40}$")
_LEAST_BEFORE = re.compile(rf"(?:최소|최저)(?:한|금액)?{_PLACE}$")
_INSTALMENT_BEFORE = _before(
    r"(?<![\d개])(?<!\d )월|\d월[,·ㆍ/ ]{1,2}\d{1,2}월\)?|매월|매달|월별|월당|분기별?|매분기|반기별?|(?<![가-힣\d])주|매주|주당|(?<![가-힣\d])일|매일|하루"
    r"|1일|시급|일당|월세|회당|매회|(?<!인당 )(?<!인당)(?<!인 )(?<![연년])(?<![연년] )(?<!생애 )(?<!최초 )1회|(?<![\d연년])회|마다|\d차|학기당|학기별"
    r"|매학기|1박|연\s?[2-9]\d?회\)?"
)
_INSTALMENT_AFTER = re.compile(
    r"(?:\s?상당)?\s{0,2}\(?\s?[/×xX*]\s?(?:\d{1,2}\s?개?)?(?:월|분기|일|주|회(?!\s?분할)|시간)|\s?월세|\s?\(월\)|(?:씩)?\s?(?:매월|매달)|\s?[/(,]?\s?연\s?[2-9]\d?회"
)
_UNIT_BEFORE = _before(r"(?:(?<![가-힣])[개매권대건박톤평두장부편본포병일실식끼]|권종|시간|마리|그루|[hH][aA]|㎡|m|[kK][gG]|관광객? 1?인)\s?당")
_UNIT_AFTER = re.compile(r"\s{0,2}단위|\s{0,2}/\s?(?:ha|㎡|m|kg|톤|매|대|건|두|마리|평|시간|개|권|박)", re.IGNORECASE)
_BUDGET_BEFORE = _before(
    r"총\s?사업비|총\s?예산|예\s?산\s?액?|예산금액|소요예산|(?:사업|지원|융자|자금|시상|투자|공급|대출|보증|조성|총|예산|출연|모집)\s?규모|융자\s?총액|보증\s?총액|총\s?상금|사업예산"
)
_BUDGET_SOFT = _before(r"사업비|국비|도비|시비|군비|구비|재원|출연금|출연|정부출연금")
_BUDGET_AFTER = re.compile(r"\s{0,2}(?:규모|조성|의 예산|의 자금|출연)")
_FEE_BEFORE = _before(
    r"자부담금?|자기부담금?|본인부담금?|참가비|납입액|수강료|이용료|이용요금|입장료|수수료|계약금|위약금|과태료|벌금|등록비|회비|납부금|부담금|임대료|임대보증금|임차보증금|보증금|보험료"
)
_BORNE_BEFORE = re.compile(r"(?:부담금?|자부담|부담액)[이가은는]\s{0,2}$")
_SEVERAL_BEFORE = re.compile(r"\d{1,4}\s?(?:개\s?)?(?:과제|개?사|기업|팀|업체|명|개소|가구)[\s,(:/]{0,3}(?:내외)?[\s,(:/]{0,3}총\s?(?:액)?\s?$")
_AVERAGE_BEFORE = _before(r"평균")
_TOTAL_BEFORE = _before(r"(?<![가-힣])총|총액|총\s?지원금|총지원액|합계")
_CONDITION_BEFORE = re.compile(
    r"(?:소득|소득액|소득금액|월소득|연소득|매출|매출액|재산|재산액|자산|공시가격|공시지가|자본금|과세표준|가액|연봉|시가|주택가격|거래금액|수입|수입금액"
    r"|투자금|투자유치|투자금액|수출액|수출실적|실적|월급여|급여액|보수|과세표준액|부과액|기준가|거래가|매매가|분양가|자동차|차량|구매액|이용금액|결제금액|구매금액|결제액)"
    rf"(?:[이은는가을를]|기준|합계|의 합이|총액|누적)?{_PLACE}(?:월|연|연간|최근 ?\d년|평균|총|합산|각각|각)?{_PLACE}$"
)
_CONDITION_RANGE = re.compile(r"(?:초과|이상)\s{0,2}~\s{0,2}$|연\s?[\d.]+\s?%\s?\($")
_FORMER_AFTER = re.compile(r"\s{0,2}(?:→|->|에서\s|(?:[^\n]{0,20}\))?\s?지원(?:액|금)을\s)")
_CONDITION_AFTER = re.compile(r"\s{0,2}(?:\)\s?)?(?:을|를|의|보다)?\s{0,2}(?:이하|이상|미만|초과|넘는|상회)")
_GIVEN_AFTER = re.compile(r"\s{0,2}(?:이하|이상)\s?(?:의|으로|를|을)?\s?(?:지원|지급|융자|보조)")
_GIVEN_SOON = re.compile(r"[^\n.]{0,12}(?:지원|지급|보조|융자)")
_FIELD = 40
"""A text of at most so many letters is a field that states an amount, not prose that mentions one."""

COUNTED = {"amount", "most", "least", "range"}
"""Kinds that say what one applicant receives."""


def kind(text: str, start: int, end: int) -> str:
    """What the sum at `text[start:end]` is: see docs/phrases.md for the kinds."""
    line = text.rfind("\n", max(0, start - BEFORE), start) + 1
    before, after = text[max(line, start - BEFORE) : start], text[end : end + AFTER].split("\n", 1)[0]
    return _refused(before, after) or _stated(before, after) or ("amount" if _in_support(text, start, end) else "mention")


def is_capped(text: str, start: int) -> bool:
    """Whether 최대 or the like stands before a sum: then even the low end of a range is a cap, as of one of several regions."""
    return bool(_CAP_BEFORE.search(text[max(0, start - BEFORE) : start]))


def _refused(before: str, after: str) -> str | None:
    """The kind of a sum that is nobody's support."""
    if _CONDITION_BEFORE.search(before) and not _GIVEN_SOON.match(after):
        return "condition"
    if _CONDITION_AFTER.match(after) and not _GIVEN_AFTER.match(after) and not _CAP_BEFORE.search(before):
        return "condition"
    if _CONDITION_RANGE.search(before):
        return "condition"
    if _FORMER_AFTER.match(after):
        return "former"
    if _BUDGET_BEFORE.search(before) or _SEVERAL_BEFORE.search(before) or _BUDGET_AFTER.match(after):
        return "budget"
    capped = _CAP_BEFORE.search(before) or _CAP_AFTER.match(after)
    if _BUDGET_SOFT.search(before) and not capped:
        return "budget"
    if _BORNE_BEFORE.search(before) or (_FEE_BEFORE.search(before) and not capped and not _GIVEN_SOON.match(after)):
        return "fee"
    if _AVERAGE_BEFORE.search(before):
        return "average"
    return None


def _stated(before: str, after: str) -> str | None:
    """The kind that words right beside the sum state."""
    if _INSTALMENT_BEFORE.search(before) or _INSTALMENT_AFTER.match(after):
        return "instalment"
    if _UNIT_BEFORE.search(before) or _UNIT_AFTER.match(after):
        return "unit"
    if _TOTAL_BEFORE.search(before):
        return "total"
    if _LEAST_BEFORE.search(before):
        return "least"
    if _CAP_BEFORE.search(before) or _CAP_AFTER.match(after) or _CAP_LINE.search(before):
        return "most"
    return None


def _in_support(text: str, start: int, end: int) -> bool:
    return len(text) <= _FIELD or bool(_SUPPORT.search(text[max(0, start - 2 * BEFORE) : end + AFTER]))
