"""Generated records in the portals' shapes. They say in their titles that they are examples; the same seed makes the same records."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from infra.local.portals.shelf import Row

LABEL = "[예시]"
YEAR = 2026
PER_PORTAL = 60

_PROVINCES = (
    ("서울", "서울특별시", ("종로구", "마포구", "관악구")),
    ("부산", "부산광역시", ("해운대구", "사하구")),
    ("대구", "대구광역시", ("수성구", "달서구")),
    ("인천", "인천광역시", ("연수구", "부평구")),
    ("경기", "경기도", ("성남시", "수원시", "여주시")),
    ("강원", "강원특별자치도", ("춘천시", "화천군")),
    ("충남", "충청남도", ("천안시", "서산시")),
    ("전북", "전북특별자치도", ("전주시", "군산시")),
    ("경북", "경상북도", ("포항시", "구미시", "예천군")),
    ("경남", "경상남도", ("창원시", "김해시")),
    ("제주", "제주특별자치도", ("제주시", "서귀포시")),
)
_ALL = "서울,부산,대구,인천,광주,대전,울산,세종,경기,강원,충북,충남,전북,전남,경북,경남,제주"
_BUSINESS = (
    ("금융", "소상공인 경영안정자금 융자 지원", "경영에 필요한 운전자금을 저리로 융자", "소상공인"),
    ("기술", "중소기업 스마트공장 구축 지원", "공정 자동화 설비와 소프트웨어 도입 비용", "중소기업"),
    ("인력", "청년 채용 중소기업 인건비 지원", "신규 채용 청년의 인건비", "중소기업"),
    ("수출", "수출 초보기업 해외 마케팅 바우처", "전시회 참가, 통번역, 해외 규격인증 비용", "중소기업"),
    ("내수", "소상공인 온라인 판로 지원", "온라인 쇼핑몰 입점과 홍보 콘텐츠 제작", "소상공인"),
    ("창업", "예비창업자 사업화 자금 지원", "시제품 제작과 멘토링", "창업벤처"),
    ("경영", "사회적기업 경영 컨설팅 지원", "회계, 노무, 마케팅 전문가 상담", "사회적기업"),
)
_PERIODS = ("{start} ~ {end}", "{start} ~ {end}", "{start} ~ {end}", "예산 소진시까지", "상시 접수", "세부사업별 상이")
_CARE = (
    ("임신·출산", "출산축하금 지원", "출산가정에 출산축하금을 지급", "출생일 현재 관내에 주민등록을 두고 거주하는 부 또는 모", "현금"),
    ("생활안정", "저소득 가구 난방비 지원", "동절기 난방비를 지원", "기준 중위소득 60% 이하 가구", "현금(감면)"),
    ("보건·의료", "어르신 예방접종 지원", "대상포진 예방접종 비용을 지원", "65세 이상 어르신", "의료지원"),
    ("주거·자립", "청년 월세 지원", "무주택 청년의 월세 일부를 지원", "만 19세 이상 39세 이하 무주택 청년", "현금"),
    ("농림축산어업", "귀농인 정착자금 지원", "귀농인의 주택 수리와 농업시설 비용을 지원", "전입 5년 이내 귀농인", "현금(융자)"),
    ("고용·창업", "소상공인 고용보험료 지원", "자영업자 고용보험료의 일부를 환급", "고용보험에 가입한 1인 소상공인", "현금"),
)
_HOW = ("방문신청", "정부24온라인신청||방문신청", "기타 온라인신청||방문신청", "신청불필요")


def bizinfo_row(number: int, seed: int = 1) -> Row:
    """The `number`-th announcement of 기업마당, counted from 1: 20 fields, HTML in the summary."""
    random = Random(f"bizinfo/{seed}/{number}")  # noqa: S311  # sample data
    field, name, support, target = random.choice(_BUSINESS)
    short, province, towns = random.choice(_PROVINCES)
    is_local = random.random() < 0.6  # noqa: PLR2004
    owner = province if is_local else "중소벤처기업부"
    town = f"{random.choice(towns)} " if is_local and random.random() < 0.4 else ""  # noqa: PLR2004
    start = date(YEAR, 1, 5) + timedelta(days=random.randrange(300))
    amount = random.choice((5, 10, 20, 30, 50))
    summary = (
        f"<p>{owner}에서는 {YEAR}년 「{name}」 사업을 다음과 같이 공고합니다. (실제 공고가 아닌 예시입니다)</p><p><br></p>"
        f'<p style="line-height: 1.8;">☞&nbsp;{target}</p><p><br></p><p style="line-height: 1.8;">☞ {support} &lt;기업당 최대 {amount}백만원&gt;</p>'
    )
    return {
        "pblancId": f"PBLN_EXAMPLE{number:06d}",
        "pblancNm": f"[{short}] {LABEL} {town}{YEAR}년 {name} 공고" if is_local else f"{LABEL} {YEAR}년 {name} 공고",
        "pblancUrl": f"https://www.bizinfo.go.kr/sii/siia/selectSIIA200Detail.do?pblancId=PBLN_EXAMPLE{number:06d}",
        "jrsdInsttNm": owner,
        "excInsttNm": f"{short}테크노파크" if is_local else "직접수행",
        "bsnsSumryCn": summary,
        "pldirSportRealmLclasCodeNm": field,
        "trgetNm": target,
        "reqstBeginEndDe": random.choice(_PERIODS).format(start=start, end=start + timedelta(days=random.randrange(14, 60))),
        "reqstMthPapersCn": "온라인 접수\r\n- 예시 홈페이지",
        "refrncNm": "예시 상담센터 000-0000-0000",
        "rceptEngnHmpgUrl": random.choice((None, "", "https://example.go.kr/apply")),
        "hashtags": ",".join((field, short if is_local else _ALL, str(YEAR), owner, target, "예시")),
        "inqireCo": random.randrange(5000),
        "creatPnttm": f"{start - timedelta(days=3)} 10:14:11",
        "updtPnttm": f"{start - timedelta(days=3)} 15:56:32",
        "fileNm": "신청서.hwp@안내문.png" if number % 4 == 0 else "신청서.hwp",
        "flpthNm": "https://example.go.kr/file/0@https://example.go.kr/file/1" if number % 4 == 0 else "https://example.go.kr/file/0",
        "printFileNm": "공고문.pdf",
        "printFlpthNm": "https://example.go.kr/file/2",
    }


def gov24_row(number: int, seed: int = 1) -> Row:
    """The `number`-th service of 보조금24, counted from 1: the list's 21 fields."""
    random = Random(f"gov24/{seed}/{number}")  # noqa: S311  # sample data
    field, name, summary, target, kind = random.choice(_CARE)
    _, province, towns = random.choice(_PROVINCES)
    is_local = random.random() < 0.8  # noqa: PLR2004
    town = random.choice(towns)
    owner = f"{province} {town}" if is_local else "보건복지부"
    day = date(YEAR - 1, 1, 1) + timedelta(days=random.randrange(500))
    return {
        "서비스ID": f"EXAMPLE{number:06d}",
        "지원유형": kind,
        "서비스명": f"{LABEL} {town if is_local else '전국'} {name}",
        "서비스목적요약": f"{summary} (실제 서비스가 아닌 예시)",
        "지원대상": f"○ {target}\r\n- 신청일 현재 {'관내' if is_local else '국내'} 거주",
        "선정기준": "○ 예산 범위에서 신청 순서에 따라 선정",
        "지원내용": f"○ 1인당 {random.choice((5, 10, 20, 50, 100))}만원",
        "신청방법": random.choice(_HOW),
        "신청기한": random.choice(("상시신청", "상시신청", "접수기관 별 상이", "-", f"{day:%Y.%m.%d}~{day + timedelta(days=60):%Y.%m.%d}")),
        "상세조회URL": f"https://www.gov.kr/portal/rcvfvrSvc/dtlEx/EXAMPLE{number:06d}",
        "소관기관코드": f"{random.randrange(3000000, 6500000)}",
        "소관기관명": owner,
        "소관기관유형": "시군구" if is_local else "중앙행정기관",
        "부서명": "예시과",
        "조회수": random.randrange(20000),
        "사용자구분": random.choice(("개인", "개인||가구", "소상공인")),
        "서비스분야": field,
        "접수기관": "읍면동 주민센터" if is_local else "",
        "전화문의": "예시 상담센터/000-0000-0000",
        "등록일시": f"{day:%Y%m%d}101500",
        "수정일시": f"{day + timedelta(days=20):%Y%m%d}093000",
    }
