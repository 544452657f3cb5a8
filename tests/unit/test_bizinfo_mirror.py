"""The mirror of 기업마당 answers in the gateway's envelope; a body without it is an error, never an empty listing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.answer import Answer
from collectors.failures import SourceFailed
from collectors.portals import MIRRORS, PORTALS
from infra.local.portals.faults import FORMS

MIRROR = MIRRORS["bizinfo"]
ROW = {"pblancId": "PBLN_1", "pblancNm": "[예시] 공고"}
OK = {"resultCode": "00", "resultMsg": "NORMAL SERVICE."}


def answer(value: Any) -> Answer:
    return Answer(200, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("items", "rows"),
    [({"item": [ROW, ROW]}, 2), ({"item": ROW}, 1), ([ROW], 1), ({"item": []}, 0), ("", 0), ([], 0)],
)
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_page_of_the_mirror_is_read(items: Any, rows: int, is_wrapped: bool) -> None:
    value: dict[str, Any] = {"header": OK, "body": {"items": items, "totalCount": "7"}}
    page = MIRROR.read(answer({"response": value} if is_wrapped else value))
    assert (len(page.records), page.total) == (rows, 7)


@pytest.mark.parametrize("value", [{}, [], {"header": OK}, {"header": OK, "body": {}}, {"body": {"totalCount": 0}}, {"body": {"items": {"item": "x"}}}])
def test_a_body_without_the_envelope_is_no_empty_page(value: Any) -> None:
    with pytest.raises(SourceFailed):
        MIRROR.read(answer(value))


@pytest.mark.parametrize("kind", sorted(set(FORMS) - {"no_data", "hang_up"}))
def test_every_error_of_the_gateway_is_one_of_the_mirror(kind: str) -> None:
    with pytest.raises(SourceFailed):
        MIRROR.read(Answer(FORMS[kind].status, FORMS[kind].body.encode()))


def test_a_record_of_the_mirror_is_the_same_policy_as_the_portals() -> None:
    assert MIRROR.name == PORTALS["bizinfo"].name
    assert MIRROR.fields(ROW) == PORTALS["bizinfo"].fields(ROW)
    assert MIRROR.request(MIRROR.address, "a%2Bb%3D", 2, 50).params["serviceKey"] == "a+b="
