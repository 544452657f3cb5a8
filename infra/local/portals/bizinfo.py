"""기업마당: `jsonArray` of rows, each with the total; a page beyond the end is an empty list."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.portals.generated import bizinfo_row
from infra.local.portals.interface import Body, Interface, Listed, as_json


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    return as_json({"jsonArray": [{**row, "totCnt": listed.total} for row in listed.rows]})


BIZINFO = Interface(
    source="bizinfo",
    title="기업마당",
    path="/uss/rss/bizinfoApi.do",
    id_field="pblancId",
    example=bizinfo_row,
    write=_page,
    page="pageIndex",
    size="pageUnit",
    key="crtfcKey",
    wrong_key="bizinfo_key",
    views_field="inqireCo",
    default_size=100,
)
