"""K-Startup: three envelopes, entities in the texts, periods without separators, contacts that stay where they are."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from aegis.errors import Code
from collectors.failures import SourceFailed
from collectors.portals import PORTALS
from infra.local.portals.interface import Listed
from infra.local.portals.kstartup import KSTARTUP, kstartup_row
from tests.support.drafts import draft, page, problems, rows

ROW = kstartup_row(1)
ALONE = Listed([ROW, kstartup_row(2)], 1, 10, 2)


@pytest.mark.parametrize(
    "body",
    [
        KSTARTUP.write(ALONE, {"returnType": "json"}).text,
        KSTARTUP.write(ALONE, {}).text,
        json.dumps({"currentCount": 2, "matchCount": 2, "totalCount": 2, "data": {"data": ALONE.rows}}),
        json.dumps({"data": {"totalCount": "2", "data": ALONE.rows}}),
    ],
    ids=["measured", "xml", "documented", "totals within"],
)
def test_every_envelope_holds_the_same_drafts(body: str) -> None:
    read = page("kstartup", body)
    assert (len(read.records), read.total) == (2, 2)
    assert [draft("kstartup", row) for row in read.records] == [draft("kstartup", row) for row in ALONE.rows]


@pytest.mark.parametrize("body", ['{"data": null}', '{"data": {"data": null}}', '{"totalCount": 0}', "<results><totalCount>0</totalCount></results>"])
def test_a_body_without_a_list_is_no_empty_listing(body: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        page("kstartup", body)
    assert caught.value.code is Code.INVALID_FORMAT


@pytest.mark.parametrize("body", ['{"totalCount": 0, "data": []}', "<results><totalCount>0</totalCount><data/></results>"])
def test_an_empty_list_is_one(body: str) -> None:
    assert (page("kstartup", body).records, page("kstartup", body).total) == ((), 0)


def test_json_is_asked_for_although_xml_is_the_default() -> None:
    request = PORTALS["kstartup"].request("http://x", "a%2Bb", 3, 500)
    assert dict(request.params) == {"serviceKey": "a+b", "page": "3", "perPage": "500", "returnType": "json"}


def announcement(**fields: Any) -> dict[str, Any]:
    return {"pbanc_sn": 170000, "biz_pbanc_nm": "창업기업 모집", **fields}


def test_an_announcement_becomes_a_draft() -> None:
    made = draft(
        "kstartup",
        announcement(
            biz_pbanc_nm="기술개발(R&amp;D) &apos;도약&apos; 모집\r\n",
            pbanc_ctnt="<p>사업화&nbsp;지원</p>\r\n",
            aply_trgt_ctnt="창업 7년 이내\r\n",
            supt_biz_clsfc="기술개발(R&amp;D)",
            supt_regin="부산,경남",
            aply_trgt="대학생,일반인",
            biz_enyy="예비창업자,3년미만",
            pbanc_ntrp_nm="예시 진흥원",
            pbanc_rcpt_bgng_dt="20260401",
            pbanc_rcpt_end_dt="20260430",
            detl_pg_url="www.k-startup.go.kr/view?a=1&amp;b=2",
            biz_gdnc_url="https://guide.example.kr",
        ),
    )
    assert (made.source_id, made.title) == ("170000", "기술개발(R&D) '도약' 모집")
    assert made.content == "사업화 지원\n\n지원대상: 창업 7년 이내\n\n업력: 예비창업자,3년미만"
    assert (made.category, made.target_regions) == ("기술개발(R&D)", ("26", "48"))
    assert (made.application_start_date, made.application_end_date) == (date(2026, 4, 1), date(2026, 4, 30))
    assert made.detail_url == "https://www.k-startup.go.kr/view?a=1&b=2"
    assert made.tags == ("기술개발(R&D)", "대학생", "일반인", "예비창업자", "3년미만")


def test_contacts_and_the_encrypted_mail_address_are_not_mapped() -> None:
    contacts = {"biz_prch_dprt_nm": "홍길동", "prch_cnpl_no": "0212345678", "aply_mthd_fax_rcpt_istc": "0299999999", "aply_mthd_eml_rcpt_istc": "Qk9PSw=="}
    text = draft("kstartup", announcement(aply_mthd_vst_rcpt_istc="3층 방문, 문의 02-123-4567", **contacts)).model_dump_json()
    assert "3층 방문" in text
    assert not [value for value in (*contacts.values(), "02-123-4567") if value in text]


@pytest.mark.parametrize(("url", "guide", "expected"), [("", "g.example.kr", "https://g.example.kr"), ("-", None, None), ("a@b.kr", "", None)])
def test_a_link_that_is_none_costs_no_record(url: str, guide: str | None, expected: str | None) -> None:
    assert draft("kstartup", announcement(detl_pg_url=url, biz_gdnc_url=guide)).detail_url == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"pbanc_rcpt_bgng_dt": "20260231", "pbanc_rcpt_end_dt": "20260301"}, [(Code.INVALID_FORMAT, "pbanc_rcpt_end_dt")]),
        ({"biz_pbanc_nm": "&nbsp;"}, [(Code.VALIDATION_FAILED, "biz_pbanc_nm")]),
        ({"pbanc_ctnt": 5}, [(Code.INVALID_FORMAT, "pbanc_ctnt")]),
    ],
)
def test_a_bad_record_says_why(fields: dict[str, Any], expected: list[tuple[Code, str]]) -> None:
    assert problems("kstartup", announcement(**fields)) == expected


def test_a_number_and_its_text_are_one_identifier() -> None:
    [first, second] = (rows("kstartup", KSTARTUP.write(ALONE, query).text)[0]["pbanc_sn"] for query in ({"returnType": "json"}, {}))
    assert (first, second) == (900001, "900001")
    assert draft("kstartup", announcement(pbanc_sn=first)).policy_id == draft("kstartup", announcement(pbanc_sn=second)).policy_id
