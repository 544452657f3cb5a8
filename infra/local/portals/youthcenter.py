"""온통청년: JSON whose every value is text, `pagging` as they spell it, an empty code of seven spaces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

from infra.local.portals.generated import LABEL, YEAR
from infra.local.portals.interface import Body, Interface, Listed, as_json
from infra.local.portals.shelf import Row

_FIELDS = (("일자리", "취업"), ("주거", "전월세 및 주거급여 지원"), ("교육･직업훈련", "미래역량강화"), ("복지문화", "취약계층 및 금융지원"))
_PLACES = (("경기도", "41111,41131,41150"), ("부산광역시", "26350,26380"), ("강원특별자치도", "51110,51720"))
_EVERYWHERE = ",".join(f"{code}110" for code in (11, 26, 27, 28, 29, 30, 31, 36, 41, 43, 44, 46, 47, 48, 50, 51, 52))


def youthcenter_row(number: int, seed: int = 1) -> Row:
    """The `number`-th policy, counted from 1."""
    random = Random(f"youthcenter/{seed}/{number}")  # noqa: S311  # sample data
    large, middle = random.choice(_FIELDS)
    owner, places = random.choice(_PLACES)
    if random.random() < 0.3:  # noqa: PLR2004
        owner, places = "고용노동부", _EVERYWHERE
    start = date(YEAR, 1, 5) + timedelta(days=random.randrange(300))
    has_period = random.random() < 0.45  # noqa: PLR2004
    has_ages = random.random() < 0.6  # noqa: PLR2004
    return {
        "plcyNo": f"2026010100540021{number:04d}",
        "plcyNm": f"{LABEL} {owner} 청년 {large} 지원 {number}",
        "plcyKywdNm": "보조금,교육지원",
        "plcyExplnCn": "○ 청년\u1b3c신혼부부의 자립을 돕습니다.\n(실제 정책이 아닌 예시입니다)",
        "lclsfNm": large,
        "mclsfNm": middle,
        "plcySprtCn": f"○ 월 {random.choice((10, 20, 30))}만원",
        "plcyPvsnMthdCd": "0042006",
        "sprvsnInstCdNm": owner,
        "sprvsnInstPicNm": "예시담당자",
        "operInstCd": "       ",
        "operInstCdNm": "",
        "operInstPicNm": "예시담당자",
        "aplyPrdSeCd": "0057001" if has_period else "0057002",
        "aplyYmd": f"{start:%Y%m%d} ~ {start + timedelta(days=30):%Y%m%d}" if has_period else "",
        "bizPrdBgngYmd": f"{YEAR}0101",
        "bizPrdEndYmd": f"{YEAR}1231",
        "plcyAplyMthdCn": "예시 누리집에서 신청",
        "srngMthdCn": "",
        "aplyUrlAddr": "",
        "sbmsnDcmntCn": "신청서",
        "etcMttrCn": "",
        "refUrlAddr1": "https://www.example.go.kr/youth",
        "refUrlAddr2": "",
        "sprtTrgtMinAge": "19" if has_ages else "0",
        "sprtTrgtMaxAge": "39" if has_ages else "0",
        "sprtTrgtAgeLmtYn": "N" if has_ages else "Y",
        "earnMinAmt": "0",
        "earnMaxAmt": "0",
        "earnEtcCn": "",
        "addAplyQlfcCndCn": "",
        "ptcpPrpTrgtCn": "",
        "inqCnt": random.randrange(900),
        "zipCd": places,
        "frstRegDt": f"{start} 09:13:11",
        "lastMdfcnDt": f"{start} 09:20:19",
    }


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    paging = {"totCount": listed.total, "pageNum": listed.page, "pageSize": listed.size}
    rows = [{name: str(value) for name, value in row.items()} for row in listed.rows]
    return as_json({"resultCode": 200, "resultMessage": "성공적으로 데이터를 가지고 왔습니다.", "result": {"pagging": paging, "youthPolicyList": rows}})


YOUTHCENTER = Interface(
    source="youthcenter",
    title="온통청년",
    path="/go/ythip/getPlcy",
    id_field="plcyNo",
    example=youthcenter_row,
    write=_page,
    page="pageNum",
    size="pageSize",
    key="apiKeyNm",
    wrong_key="youthcenter_key",
    views_field="inqCnt",
)
