"""예시포털 as the simulator serves it: an example row, the envelope, the names of the parameters."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.portals.interface import Body, Interface, Listed, as_json
from infra.local.portals.shelf import Row


def example_row(number: int, _seed: int = 1) -> Row:
    """The `number`-th announcement, counted from 1."""
    return {
        "no": f"E{number}",
        "name": f"[예시] 창업 지원 {number}차",
        "body": "<p>최대 5백만원</p>",
        "period": "2026-03-01 ~ 2026-03-31",
        "office": "부산광역시 수영구",
        "labels": "창업,청년",
        "page": f"portal.example.kr/view?no={number}&amp;lang=ko",
        "officer": "홍길동",
        "phone": "000-0000-0000",
        "views": 0,
    }


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    return as_json({"total": listed.total, "records": listed.rows})


EXAMPLE = Interface(
    source="example", title="예시포털", path="/list", id_field="no", example=example_row, write=_page, page="page", size="size", views_field="views"
)
