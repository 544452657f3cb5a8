"""Files of every format become rows, and rows drafts; a file that cannot be read as a whole says why."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aegis.errors import Code
from collectors.draft import Accepted, PolicyDraft, Rejected
from collectors.failures import SourceFailed
from collectors.files.folder import FileFolder
from collectors.files.mapping import MAPPING, BadMapping, mapping_in
from collectors.files.readers import BATCH_ROWS, READERS, rows
from collectors.files.taking import MOST_PAGE_CHARACTERS, paged
from collectors.validation import validate
from tests.support.workbook import write_workbook

YAML = """
title: 하늘시 지원사업 대장
fields:
  source_id: 번호
  title: 사업명
  content: [지원대상, 지원내용]
  application_period_text: 신청기간
  application_start_date: 시작일
  funding_amount_max: 한도
  interest_rate: 금리
  target_regions: 지역
  tags: 태그
fixed: {issuing_organization: 하늘시, region: "41"}
"""
COLUMNS = ["번호", "사업명", "지원대상", "지원내용", "신청기간", "시작일", "한도", "금리", "지역", "태그"]
VALUES = ["A-1", "청년 지원", '"청년", 누구나', "최대\n지원", "상시", "2026-07-01", "10,000,000원", "2.5%", "부산", "청년,창업"]
RECORD = dict(zip(COLUMNS, VALUES, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ledger"
    made.mkdir()
    (made / MAPPING).write_text(YAML, encoding="utf-8")
    return made


def source(folder: Path, **changes: Any) -> FileFolder:
    return FileFolder(mapping_in(folder).model_copy(update=changes))


def csv(separator: str = ",") -> str:
    quoted = ['"' + value.replace('"', '""') + '"' for value in VALUES]
    return f"{separator.join(COLUMNS)}\r\n{separator.join(quoted)}\r\n"


def read(folder: Path, name: str, content: bytes, **changes: Any) -> list[dict[str, Any]]:
    (folder / name).write_bytes(content)
    return list(rows(folder / name, source(folder, **changes).mapping))


def draft(folder: Path, row: dict[str, Any]) -> PolicyDraft:
    outcome = validate(source(folder), row)
    assert isinstance(outcome, Accepted), outcome
    return outcome.draft


def test_a_row_becomes_a_draft(folder: Path) -> None:
    made = draft(folder, RECORD)
    assert (made.source, made.source_id, made.title) == ("files.ledger", "A-1", "청년 지원")
    assert made.content == '지원대상: "청년", 누구나\n\n지원내용: 최대\n지원'
    assert (made.funding_amount_max, made.interest_rate, made.application_start_date) == (10_000_000, Decimal("2.5"), date(2026, 7, 1))
    assert (made.application_period_text, made.target_regions, made.tags) == ("상시", ("26",), ("청년", "창업"))
    assert made.issuing_organization == "하늘시"
    assert draft(folder, {**RECORD, "지역": ""}).target_regions == ("41",)
    assert draft(folder, {**RECORD, "신청기간": "2026.07.05 ~ 2026.07.09", "시작일": None}).application_start_date == date(2026, 7, 5)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_number_of_thousands_of_digits_costs_its_own_record_alone(folder: Path, name: str) -> None:
    odd, sound = json.dumps({**RECORD, "한도": 7}).replace(": 7", ": " + "1" * 5000), json.dumps(RECORD)
    found = read(folder, name, (f"[{odd},{sound}]" if name == "a.json" else f"{odd}\n{sound}").encode())
    assert [type(validate(source(folder), row)) for row in found] == [Rejected, Accepted]


@pytest.mark.timeout(20)
def test_a_text_of_megabytes_in_xml_is_read_once(folder: Path) -> None:
    item = "".join(f"<{name}>{value.replace('&', '&amp;')}</{name}>" for name, value in RECORD.items())
    (row,) = read(folder, "a.xml", f"<items><item>{item}</item><!--{'x' * 40_000_000}--></items>".encode())
    assert row["번호"] == RECORD["번호"]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("번호", "", Code.INVALID_FORMAT),
        ("번호", "B010-****", Code.INVALID_FORMAT),
        ("사업명", " ", Code.VALIDATION_FAILED),
        ("시작일", "내일", Code.INVALID_FORMAT),
        ("시작일", "2026-02-30", Code.INVALID_FORMAT),
        ("한도", "많이", Code.INVALID_FORMAT),
        ("금리", "저리", Code.INVALID_FORMAT),
        ("금리", "250", Code.VALIDATION_FAILED),
        ("지역", "99", Code.VALIDATION_FAILED),
    ],
)
def test_a_value_that_cannot_be_read_goes_to_the_quarantine_with_its_column(folder: Path, column: str, value: str, code: Code) -> None:
    outcome = validate(source(folder), {**RECORD, column: value})
    assert isinstance(outcome, Rejected)
    assert outcome.problems[0].code is code


def test_every_format_gives_the_same_draft(folder: Path) -> None:
    item = "".join(f"<{name}>{value.replace('&', '&amp;')}</{name}>" for name, value in RECORD.items())
    files = {
        "a.csv": csv().encode(),
        "b.tsv": csv("\t").encode("utf-8-sig"),
        "c.csv": csv(";").encode("cp949"),
        "d.csv": csv("|").encode("utf-16"),
        "e.json": json.dumps([RECORD]).encode(),
        "f.jsonl": (json.dumps(RECORD, ensure_ascii=False) + "\n\n").encode("utf-8-sig"),
        "g.xml": f"<?xml version='1.0' encoding='EUC-KR'?><items><item>{item}</item></items>".encode("cp949"),
        "h.xml": f"<?xml version='1.0' encoding='UTF-8'?><items><item>{item}</item></items>".encode(),
    }
    write_workbook(folder / "i.xlsx", {"대장": [COLUMNS, VALUES, [None] * len(VALUES)]})
    pq.write_table(pa.Table.from_pylist([RECORD]), folder / "j.parquet")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for path in sorted(folder.glob("?.*")):
        mapping = source(folder, encoding="utf-16" if path.name == "d.csv" else None).mapping
        (row,) = rows(path, mapping)
        assert draft(folder, row) == draft(folder, RECORD), path.name


def test_typed_cells_are_read_as_what_they_mean(folder: Path) -> None:
    write_workbook(folder / "x.xlsx", {"안내": [["읽어 주세요"]], "대장": [COLUMNS, [12, *VALUES[1:5], date(2026, 7, 1), 10_000_000, 2.5, *VALUES[8:]]]})
    (row,) = rows(folder / "x.xlsx", source(folder, sheet="대장").mapping)
    pq.write_table(pa.Table.from_pylist([{**RECORD, "번호": 12, "시작일": date(2026, 7, 1), "한도": 10_000_000, "금리": Decimal("2.5")}]), folder / "x.parquet")
    (other,) = rows(folder / "x.parquet", source(folder).mapping)
    assert draft(folder, row) == draft(folder, other) == draft(folder, {**RECORD, "번호": "12"})


def test_what_stands_above_the_header_is_passed_over(folder: Path) -> None:
    (row,) = read(folder, "a.csv", ("2026년 지원사업 대장\r\n\r\n" + csv(";")).encode(), header=3)
    write_workbook(folder / "a.xlsx", {"대장": [["2026년 지원사업 대장"], ["(단위: 원)"], COLUMNS, VALUES]})
    (other,) = rows(folder / "a.xlsx", source(folder, header=3).mapping)
    assert draft(folder, row) == draft(folder, other) == draft(folder, RECORD)


def test_lists_are_values_and_whole_numbers_identifiers(folder: Path) -> None:
    pq.write_table(pa.Table.from_pylist([{**RECORD, "번호": 12.0, "태그": ["청년", "창업"]}]), folder / "a.parquet")
    (row,) = rows(folder / "a.parquet", source(folder).mapping)
    (other,) = read(folder, "a.json", json.dumps([{**RECORD, "번호": 12.0, "태그": ["청년", "창업"]}]).encode())
    assert draft(folder, row) == draft(folder, other) == draft(folder, {**RECORD, "번호": "12"})


def test_records_stand_where_the_mapping_says(folder: Path) -> None:
    assert read(folder, "a.json", json.dumps({"result": {"items": [RECORD]}}).encode(), rows="result.items") == [RECORD]
    assert read(folder, "a.xml", b"<r><row><\xeb\xb2\x88\xed\x98\xb8>1</\xeb\xb2\x88\xed\x98\xb8></row></r>", rows="row") == [{"번호": "1"}]


def test_a_row_with_too_many_or_too_few_fields_is_quarantined_alone(folder: Path) -> None:
    found = read(folder, "a.csv", (csv() + ",".join(VALUES[:3]).replace("\n", " ").replace('"', "") + "\r\nB,나\r\n").encode())
    outcomes = [validate(source(folder), row) for row in found]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Rejected]
    assert isinstance(outcomes[2], Rejected)
    assert "row 4 has 2 fields, the header 10" in outcomes[2].problems[0].reason


def test_a_text_of_more_than_100_000_characters_is_one_field(folder: Path) -> None:
    long = "지원 내용 " * 30_000
    (row,) = read(folder, "a.csv", csv().replace("최대\n지원", long).encode())
    assert row["지원내용"] == long
    assert len(draft(folder, row).content) > 100_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "no column is called"),
        ("a.csv", csv().replace("사업명", "이름").encode(), "no column is called '사업명'; there are '번호', '이름'"),
        ("a.csv", csv().replace("번호,", "번호,사업명,").encode(), "several columns are called '사업명'"),
        ("a.csv", csv().encode()[:-3], "no CSV"),
        ("a.json", b'[{"a": 1}', "no JSON"),
        ("a.json", b'{"a": 1}', "no list of records"),
        ("a.json", b"[1]", "record 1 is a int"),
        ("a.json", b'[{"a": 1}]', "the first record has no '번호'"),
        ("a.jsonl", b'{"a": \n', "no JSON"),
        ("a.xml", b"<items><item><a>1</a>", "no whole XML"),
        ("a.xml", b"<items><item>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</item></items>", "no whole XML"),
        ("a.xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><items><item>&e;</item></items>', "document type or entities"),
        ("a.xlsx", b"PK\x03\x04 cut short", "no workbook"),
        ("a.parquet", b"PAR1 cut short", "no whole Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(folder: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(SourceFailed) as failed:
        read(folder, name, content)
    assert failed.value.code is Code.INVALID_FORMAT
    assert said in failed.value.message


def test_an_encoding_that_the_mapping_claims_and_the_file_does_not_have_is_told(folder: Path) -> None:
    with pytest.raises(SourceFailed, match="it is not utf-8"):
        read(folder, "a.csv", csv().encode("cp949"), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  title: 사업명\n", "", "fields.title is missing"),
        ("source_id: 번호", "source_id: [번호, 사업명]", "must be one column"),
        ("  tags: 태그", "  labels: 태그", "labels"),
        ('region: "41"', 'region: "99"', "aegis/codes.py"),
        ("title: 하늘시", "encoding: klingon\ntitle: 하늘시", "encoding"),
        ("fields:", "fields: [", "YAML"),
    ],
)
def test_a_bad_mapping_is_refused_with_file_field_and_remedy(folder: Path, old: str, new: str, said: str) -> None:
    assert old in YAML
    (folder / MAPPING).write_text(YAML.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadMapping) as refused:
        mapping_in(folder)
    assert MAPPING in str(refused.value)
    assert said in str(refused.value)


def test_a_folder_without_a_mapping_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"docs/sources\.md"):
        mapping_in(tmp_path)


def test_the_mapping_is_no_file_to_read() -> None:
    assert Path(MAPPING).suffix not in READERS


def test_pages_of_long_texts_have_fewer_rows_and_none_is_lost() -> None:
    short, long = {"번호": "1", "지원내용": "가" * 1_000}, {"번호": "2", "지원내용": "가" * (MOST_PAGE_CHARACTERS // 2)}
    pages = list(paged(iter([short] * (BATCH_ROWS + 1) + [long] * 3)))
    assert [len(page.records) for page in pages] == [BATCH_ROWS, 3, 1]
    assert list(paged(iter([]))) == []
