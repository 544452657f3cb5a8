"""복지로, central and local: rows side by side in one element, arrays of names, links with an entity left in them."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from infra.local.portals.generated import LABEL
from infra.local.portals.interface import Body, Interface, Listed, as_xml, elements
from infra.local.portals.shelf import Row

NEEDED = frozenset({"callTp", "srchKeyCode"})
_LIVES = ("영유아,아동", "청소년,청년", "중장년,노년", "임신·출산")
_THEMES = ("생활지원", "주거", "보육,교육", "신체건강,정신건강", "서민금융")
_TARGETS = ("저소득", "장애인", "한부모·조손", "다자녀", "")
_CYCLES = ("1회성", "월", "년", "수시", "분기")
_KINDS = ("현금지급", "현물", "전자바우처", "프로그램/서비스")
_MINISTRIES = ("보건복지부", "고용노동부", "국토교통부", "교육부")
_PLACES = (("경기도", "성남시"), ("부산광역시", "해운대구"), ("강원특별자치도", "홍천군"), ("제주특별자치도", ""), ("세종특별자치시", ""))


def _common(identifier: str, part: str, random: Random) -> Row:
    return {
        "servId": identifier,
        "servNm": f"{LABEL} {random.choice(('돌봄', '주거', '의료', '교육'))} 지원 {identifier[-4:]}",
        "servDgst": "생활이 어려운 가구를 지원합니다.\r\n(실제 사업이 아닌 예시입니다)",
        "servDtlLink": f"https://www.bokjiro.go.kr/ssis-tbu/twataa/wlfareInfo/moveTWAT52011M.do?wlfareInfoId={identifier}&amp;wlfareInfoReldBztpCd={part}",
        "sprtCycNm": random.choice(_CYCLES),
        "srvPvsnNm": random.choice(_KINDS),
        "inqNum": random.randrange(9000),
    }


def central_row(number: int, seed: int = 1) -> Row:
    """The `number`-th programme of a ministry, counted from 1."""
    random = Random(f"bokjiro_central/{seed}/{number}")  # noqa: S311  # sample data
    return {
        **_common(f"WLF9000{number:04d}", "01", random),
        "jurMnofNm": random.choice(_MINISTRIES),
        "jurOrgNm": "예시정책과",
        "rprsCtadr": "000",
        "svcfrstRegTs": "20260101",
        "onapPsbltYn": random.choice("YN"),
        "lifeArray": random.choice(_LIVES),
        "intrsThemaArray": random.choice(_THEMES),
        "trgterIndvdlArray": random.choice(_TARGETS),
    }


def local_row(number: int, seed: int = 1) -> Row:
    """The `number`-th programme of a local government, counted from 1."""
    random = Random(f"bokjiro_local/{seed}/{number}")  # noqa: S311  # sample data
    province, municipality = random.choice(_PLACES)
    return {
        **_common(f"WLF8000{number:04d}", "02", random),
        "ctpvNm": province,
        "sggNm": municipality,
        "bizChrDeptNm": f"{province} {municipality} 예시복지과".replace("  ", " "),
        "aplyMtdNm": random.choice(("방문", "인터넷,방문", "방문,우편")),
        "lifeNmArray": random.choice(_LIVES),
        "intrsThemaNmArray": random.choice(_THEMES),
        "trgterIndvdlNmArray": random.choice(_TARGETS),
        "lastModYmd": "20260301",
        "enfcBgngYmd": "20260101",
        "enfcEndYmd": "99991231",
    }


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    head = elements({"totalCount": listed.total, "pageNo": listed.page, "numOfRows": listed.size, "resultCode": 0, "resultMessage": "SUCCESS"})
    rows = "".join(f"<servList>{elements(row)}</servList>" for row in listed.rows)
    return as_xml(f"<wantedList>{head}{rows}</wantedList>")


CENTRAL = Interface(
    source="bokjiro_central",
    title="복지로 중앙부처",
    path="/B554287/NationalWelfareInformationsV001/NationalWelfarelistV001",
    id_field="servId",
    example=central_row,
    write=_page,
    views_field="inqNum",
    needed=NEEDED,
)
LOCAL = Interface(
    source="bokjiro_local",
    title="복지로 지자체",
    path="/B554287/LocalGovernmentWelfareInformations/LcgvWelfarelist",
    id_field="servId",
    example=local_row,
    write=_page,
    views_field="inqNum",
    needed=NEEDED,
)
