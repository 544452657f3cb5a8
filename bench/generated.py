"""Generated policies for benchmarks: labelled, deterministic, of realistic size (about 240 characters of Korean text)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import psycopg

_SUBJECTS = ("청년 창업기업", "소상공인", "여성기업", "중소 제조기업", "다자녀 가정", "농어업인", "예비 창업자", "사회적 기업")
_WHAT = ("시설 자금", "수출 바우처", "고용 장려금", "기술 개발", "임차료", "컨설팅", "판로 개척", "교육 훈련")
_SENTENCES = (
    "신청일 현재 해당 지역에 사업장을 두고 정상 영업 중인 자를 대상으로 한다.",
    "접수는 온라인으로 하며 서류는 마감일 18시까지 도착한 것만 인정한다.",
    "동일한 내용으로 다른 기관의 지원을 받은 경우 중복하여 지원하지 않는다.",
    "선정 결과는 누리집에 공고하고 개별로 통지한다.",
    "예산이 소진되면 접수 기간 중이라도 마감될 수 있다.",
    "지원금은 협약 체결 후 두 차례로 나누어 지급한다.",
)
COLUMNS = (
    "policy_id",
    "source",
    "source_id",
    "title",
    "content",
    "issuing_organization",
    "category",
    "target_regions",
    "target_industries",
    "funding_amount_max",
)
INSERT = f"INSERT INTO policies ({', '.join(COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in COLUMNS)})"


def policies(number: int, prefix: str, seed: int = 1) -> list[dict[str, Any]]:
    """`number` rows whose keys begin with `prefix`."""
    random = Random(seed)
    rows = []
    for index in range(number):
        subject, what = random.choice(_SUBJECTS), random.choice(_WHAT)
        rows.append(
            {
                "policy_id": f"{prefix}{index:06d}",
                "source": "bench",
                "source_id": f"{prefix}{index:06d}",
                "title": f"[측정용] {subject} {what} 지원 {prefix}{index}",
                "content": f"{index}번 공고. " + " ".join(random.choice(_SENTENCES) for _ in range(5)),
                "issuing_organization": random.choice(("서울특별시", "경기도", "부산광역시", "중소벤처기업부")),
                "category": what,
                "target_regions": [random.choice(("11", "26", "41", "00"))],
                "target_industries": [random.choice("CGIJM")],
                "funding_amount_max": random.randrange(1, 500) * 1_000_000,
            }
        )
    return rows


def insert(dsn: str, rows: Sequence[dict[str, Any]]) -> None:
    """Commit `rows` in one transaction, pipelined."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(INSERT, rows)


def remove(dsn: str, prefix: str) -> int:
    """Delete every row whose key begins with `prefix`; how many there were."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("DELETE FROM policies WHERE starts_with(policy_id, %s)", (prefix,)).rowcount
