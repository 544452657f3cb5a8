"""보조금24: one page in the envelope of odcloud."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.portals.generated import gov24_row
from infra.local.portals.interface import Body, Interface, Listed, as_json

GOV24_ID = "서비스ID"


def odcloud_counts(listed: Listed) -> dict[str, int]:
    """The counts beside `data`."""
    return {
        "page": listed.page,
        "perPage": listed.size,
        "totalCount": listed.total,
        "currentCount": len(listed.rows),
        "matchCount": listed.total,
    }


def _page(listed: Listed, _query: Mapping[str, str]) -> Body:
    return as_json({**odcloud_counts(listed), "data": listed.rows})


GOV24 = Interface(
    source="gov24",
    title="보조금24",
    path="/api/gov24/v3/serviceList",
    address="/api/gov24/v3",
    id_field=GOV24_ID,
    example=gov24_row,
    write=_page,
    page="page",
    size="perPage",
    wrong_key="odcloud_key_401",
    views_field="조회수",
)
