"""Names of the codes that policies carry: provinces (시도) and industry sections.

Sources: the administrative standard codes of the Ministry of the Interior and Safety (two leading digits), as of 2026, with the codes that 강원 (42) and
전북 (45) had before they became special self-governing provinces; KSIC, the Korean Standard Industrial Classification, sections of the 10th and 11th revision.
"""

from __future__ import annotations

NATIONWIDE = "00"

SIDO = {
    NATIONWIDE: "전국",
    "11": "서울특별시",
    "26": "부산광역시",
    "27": "대구광역시",
    "28": "인천광역시",
    "29": "광주광역시",
    "30": "대전광역시",
    "31": "울산광역시",
    "36": "세종특별자치시",
    "41": "경기도",
    "42": "강원도",
    "43": "충청북도",
    "44": "충청남도",
    "45": "전라북도",
    "46": "전라남도",
    "47": "경상북도",
    "48": "경상남도",
    "50": "제주특별자치도",
    "51": "강원특별자치도",
    "52": "전북특별자치도",
}
"""Two-digit code → official name."""

SIDO_BY_NAME = {
    **{name: code for code, name in SIDO.items()},
    "서울": "11",
    "부산": "26",
    "대구": "27",
    "인천": "28",
    "광주": "29",
    "대전": "30",
    "울산": "31",
    "세종": "36",
    "경기": "41",
    "강원": "51",
    "충북": "43",
    "충남": "44",
    "전북": "52",
    "전남": "46",
    "경북": "47",
    "경남": "48",
    "제주": "50",
}
"""Official and short names → code; a short name means the province of today."""

INDUSTRY_SECTIONS = {
    "A": "농업, 임업 및 어업",
    "B": "광업",
    "C": "제조업",
    "D": "전기, 가스, 증기 및 공기 조절 공급업",
    "E": "수도, 하수 및 폐기물 처리, 원료 재생업",
    "F": "건설업",
    "G": "도매 및 소매업",
    "H": "운수 및 창고업",
    "I": "숙박 및 음식점업",
    "J": "정보통신업",
    "K": "금융 및 보험업",
    "L": "부동산업",
    "M": "전문, 과학 및 기술 서비스업",
    "N": "사업시설 관리, 사업 지원 및 임대 서비스업",
    "O": "공공 행정, 국방 및 사회보장 행정",
    "P": "교육 서비스업",
    "Q": "보건업 및 사회복지 서비스업",
    "R": "예술, 스포츠 및 여가관련 서비스업",
    "S": "협회 및 단체, 수리 및 기타 개인 서비스업",
    "T": "가구 내 고용활동 및 달리 분류되지 않은 자가 소비 생산활동",
    "U": "국제 및 외국기관",
}
"""KSIC section letter → name."""


def region_name(code: str) -> str:
    """Name of a region code; a 시군구 or finer code is named after its province, an unknown one by itself."""
    if code in SIDO:
        return SIDO[code]
    province = SIDO.get(code[:2])
    return f"{province} {code}" if province else code


def industry_name(code: str) -> str:
    """Name of an industry section; other codes are named by themselves."""
    return INDUSTRY_SECTIONS.get(code, code)
