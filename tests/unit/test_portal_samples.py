"""True answers of the portals, errors included, are understood by every portal that can get them."""

from __future__ import annotations

import json

import pytest

from aegis.errors import Code
from collectors.answer import Answer
from collectors.draft import Accepted
from collectors.failures import Handling, SourceFailed
from collectors.portals import PORTALS
from collectors.validation import validate
from tests.support.servers import REPOSITORY

SAMPLES = REPOSITORY.parent / "shared" / "data" / "raw_samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no recorded answers at {SAMPLES}")
ERRORS = {
    "datagokr_gateway_error_http200.xml": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "datagokr_quota_error.xml": (Code.RATE_LIMITED, Handling.NEXT_DAY),
    "odcloud_error.json": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "youthcenter_error.json": (Code.SCRAPING_BLOCKED, Handling.FATAL),
}


@pytest.mark.parametrize("source", sorted(PORTALS))
@pytest.mark.parametrize("name", sorted(ERRORS))
def test_a_recorded_error_is_never_an_empty_listing(source: str, name: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        PORTALS[source].read(Answer(200, (SAMPLES / name).read_bytes()))
    assert (caught.value.code, caught.value.handling) == ERRORS[name]


def test_a_recorded_list_of_policies_for_young_people_becomes_drafts() -> None:
    page = PORTALS["youthcenter"].read(Answer(200, (SAMPLES / "youthcenter_getPlcy_2rows.json").read_bytes()))
    assert (len(page.records), page.total) == (2, 2751)
    assert all(isinstance(validate(PORTALS["youthcenter"], raw), Accepted) for raw in page.records)


def test_recorded_rows_of_2021_become_drafts_and_are_no_page_without_their_envelope() -> None:
    body = (SAMPLES / "bizinfo_2021_2rows.json").read_bytes()
    assert [type(validate(PORTALS["bizinfo"], raw)) for raw in json.loads(body)] == [Accepted, Accepted]
    with pytest.raises(SourceFailed):
        PORTALS["bizinfo"].read(Answer(200, body))
