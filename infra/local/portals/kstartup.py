"""K-Startup: XML with `<col name>` unless JSON is asked for; entities left in the texts, texts that end with a line, one row number in each row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from xml.sax.saxutils import quoteattr

from infra.local.portals.generated import LABEL, YEAR
from infra.local.portals.gov24 import odcloud_counts
from infra.local.portals.interface import Body, Interface, Listed, as_json, as_xml, element
from infra.local.portals.shelf import Row

_FIELDS = ("사업화", "기술개발(R&amp;D)", "시설ㆍ공간ㆍ보육", "멘토링ㆍ컨설팅ㆍ교육", "글로벌")
_REGIONS = ("전국", "서울", "경기", "부산,경남", "강원", "전북")
_TARGETS = ("일반기업,1인 창조기업", "대학생,일반인", "청소년,대학생,일반인,대학,연구기관,일반기업,1인 창조기업")
_YEARS = ("예비창업자", "3년미만,5년미만,7년미만", "예비창업자,1년미만,2년미만,3년미만")


def kstartup_row(number: int, seed: int = 1) -> Row:
    """The `number`-th announcement, counted from 1."""
    random = Random(f"kstartup/{seed}/{number}")  # noqa: S311  # sample data
    start = date(YEAR, 1, 5) + timedelta(days=random.randrange(300))
    host = f"예시창업진흥센터{number % 7}"
    return {
        "id": number,
        "pbanc_sn": 900000 + number,
        "biz_pbanc_nm": f"{LABEL} {YEAR}년 &apos;예시 도약&apos; 창업기업 모집 {number}차",
        "pbanc_ctnt": f"{host}에서 창업기업을 모집합니다. (실제 공고가 아닌 예시입니다)\r\n&lt;지원&gt; 사업화 자금 최대 {random.choice((3, 5, 10))}천만원\r\n",
        "supt_biz_clsfc": random.choice(_FIELDS),
        "supt_regin": random.choice(_REGIONS),
        "aply_trgt": random.choice(_TARGETS),
        "aply_trgt_ctnt": "공고일 기준 창업 7년 이내 기업\r\n",
        "aply_excl_trgt_ctnt": "휴업 중인 기업\r\n",
        "biz_enyy": random.choice(_YEARS),
        "biz_trgt_age": "만 20세 이상 ~ 만 39세 이하,만 40세 이상",
        "prfn_matr": None,
        "pbanc_rcpt_bgng_dt": f"{start:%Y%m%d}",
        "pbanc_rcpt_end_dt": f"{start + timedelta(days=random.randrange(14, 60)):%Y%m%d}",
        "pbanc_ntrp_nm": host,
        "sprv_inst": random.choice(("공공기관", "민간", "지자체")),
        "biz_prch_dprt_nm": "예시팀",
        "prch_cnpl_no": "0000000000",
        "biz_gdnc_url": "www.example.go.kr/guide",
        "biz_aply_url": None,
        "detl_pg_url": f"https://www.k-startup.go.kr/web/contents/bizpbanc-ongoing.do?schM=view&amp;pbancSn={900000 + number}",
        "aply_mthd_onli_rcpt_istc": "www.example.go.kr",
        "aply_mthd_vst_rcpt_istc": None,
        "aply_mthd_pssr_rcpt_istc": None,
        "aply_mthd_fax_rcpt_istc": None,
        "aply_mthd_eml_rcpt_istc": "ZXhhbXBsZQ==" if number % 3 == 0 else None,
        "aply_mthd_etc_istc": None,
        "intg_pbanc_yn": "N",
        "intg_pbanc_biz_nm": None,
        "rcrt_prgs_yn": "Y",
    }


def _page(listed: Listed, query: Mapping[str, str]) -> Body:
    first = (listed.page - 1) * listed.size + 1
    rows: list[Row] = [{**row, "id": first + place} for place, row in enumerate(listed.rows)]
    counts = odcloud_counts(listed)
    if query.get("returnType", "XML").upper() == "JSON":
        return as_json({**counts, "data": rows})
    items = "".join(f"<item>{''.join(_column(name, value) for name, value in row.items())}</item>" for row in rows)
    return as_xml(f"<results>{''.join(element(name, value) for name, value in counts.items())}<data>{items}</data></results>")


def _column(name: str, value: object) -> str:
    return element("col", value).replace("<col>", f"<col name={quoteattr(name)}>", 1)


KSTARTUP = Interface(
    source="kstartup",
    title="K-Startup",
    path="/B552735/kisedKstartupService01/getAnnouncementInformation01",
    id_field="pbanc_sn",
    example=kstartup_row,
    write=_page,
    page="page",
    size="perPage",
)
