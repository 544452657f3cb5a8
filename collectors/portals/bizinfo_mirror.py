"""기업마당 as data.go.kr mirrors it, `apis.data.go.kr/1421000/bizinfo/pblancBsnsService`: asked where the portal itself does not answer.

A page is `{header, body: {items: {item: [...]}, totalCount}}`, within `response` or not; the rows have the portal's own fields.
"""

from __future__ import annotations

from typing import Any

from collectors.answer import Answer, NoData, read, refusal
from collectors.portals.bizinfo import Bizinfo
from collectors.portals.portal import DATA_GO_KR, Page, Request, count, decoded_key


class BizinfoMirror(Bizinfo):
    """The same announcements under the same name and identifiers, from another host and by another key."""

    title = "기업마당 (공공데이터포털)"
    address = "https://apis.data.go.kr/1421000/bizinfo/pblancBsnsService"
    shared_key = DATA_GO_KR

    def request(self, url: str, api_key: str, page: int, page_size: int) -> Request:
        """The gateway knows the key in the query alone."""
        return Request(url, {"serviceKey": decoded_key(api_key), "dataType": "json", "pageNo": str(page), "numOfRows": str(page_size)})

    def read(self, answer: Answer) -> Page:
        """A page of the list; `items` missing is an error, an empty text in its place is a page without rows."""
        value = read(answer)
        if isinstance(value, NoData):
            return Page((), 0)
        body = _within(_within(value, "response") or value, "body")
        if body is None or "items" not in body:
            raise refusal(value, answer)
        items = body["items"]
        rows = items.get("item", []) if isinstance(items, dict) else items or []
        rows = [rows] if isinstance(rows, dict) else rows
        if not isinstance(rows, list):
            raise refusal(value, answer)
        return Page(tuple(rows), count(body.get("totalCount")))


def _within(value: Any, name: str) -> dict[str, Any] | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None
