"""중소벤처기업부: XML alone, newest first; files as repeated siblings; a total that is one too low."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

from infra.local.portals.generated import LABEL, YEAR
from infra.local.portals.interface import Body, Interface, Listed, as_xml, element, elements
from infra.local.portals.shelf import Row

_SUPPORT = ("수출 바로 프로그램", "소공인 특화지원", "스마트공장 고도화", "지역특화 제품개선", "재도전 사업화")
_REGIONS = ("", "", "[부산] ", "[경기] ")


def mss_row(number: int, seed: int = 1) -> Row:
    """The `number`-th announcement, counted from 1."""
    random = Random(f"mss/{seed}/{number}")  # noqa: S311  # sample data
    start = date(YEAR, 1, 5) + timedelta(days=random.randrange(300))
    has_period = random.random() < 0.5  # noqa: PLR2004
    files = range(random.randrange(3))
    return {
        "itemId": f"{9000000 + number}",
        "title": f"{random.choice(_REGIONS)}{LABEL} {YEAR}년 {random.choice(_SUPPORT)} 참여기업 모집공고 ({number}차)",
        "dataContents": f"<p>예시 사업의 참여기업을 모집합니다. (실제 공고가 아닌 예시입니다)</p>\r\n<p>&nbsp;지원한도&nbsp;{random.choice((1, 2, 5))}억원</p>",
        "applicationStartDate": f"{start}" if has_period else "",
        "applicationEndDate": f"{start + timedelta(days=30)}" if has_period else "",
        "viewUrl": f"https://www.mss.go.kr/site/smba/ex/bbs/View.do?cbIdx=310&amp;bcIdx={9000000 + number}",
        "writerName": "예시담당자",
        "writerPosition": "예시과",
        "writerPhone": "000-0000-0000",
        "writerEmail": "example@example.invalid",
        "fileName": [f"예시 공고문 {each}.hwp" for each in files],
        "fileUrl": [f"https://example.go.kr/file/{number}/{each}" for each in files],
    }


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    counts = elements({"numOfRows": listed.size, "pageNo": listed.page, "totalCount": max(0, listed.total - 1)})
    items = "".join(f"<item>{elements(row)}</item>" for row in listed.rows)
    header = f"<header>{element('resultCode', '00')}{element('resultMsg', 'NORMAL SERVICE.')}</header>"
    return as_xml(f"<response>{header}<body><items>{items}</items>{counts}</body></response>")


MSS = Interface(source="mss", title="중소벤처기업부", path="/1421000/mssBizService_v2/getbizList_v2", id_field="itemId", example=mss_row, write=_page)
