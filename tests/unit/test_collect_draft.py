"""A draft is what the table of policies can hold: one record that it cannot would cost its whole page."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from aegis.rows.policy import STATED
from collectors.draft import PolicyDraft
from collectors.files.folder import FileFolder
from collectors.files.mapping import DraftField, FolderMapping


def test_a_draft_a_mapping_and_a_profile_speak_of_the_same_columns() -> None:
    assert get_args(DraftField) == ("source_id", "title", *STATED)
    assert set(PolicyDraft.model_fields) == {"source", *get_args(DraftField)}


def test_texts_that_do_not_fit_the_log_together_are_refused_with_their_size() -> None:
    PolicyDraft(source="gov24", source_id="1", title="가", content="x" * 1_000_000)
    with pytest.raises(ValidationError, match=r"2,100,\d{3} bytes"):
        PolicyDraft(source="gov24", source_id="1", title="가", content="가" * 700_000)
    with pytest.raises(ValidationError, match="more than 2,000,000"):
        PolicyDraft(source="gov24", source_id="1", title="가", tags=("x" * 1_000_000, "y" * 1_000_000))


@pytest.mark.parametrize(("text", "read"), [("2.53125%", "2.5312"), ("2.5300000000000002", "2.5300"), ("1e40", "1e40"), ("Infinity", "Infinity")])
def test_a_rate_has_the_places_that_the_table_keeps(text: str, read: str) -> None:
    folder = FileFolder(FolderMapping(source="x", fields={"source_id": ("번호",), "title": ("이름",), "interest_rate": ("금리",)}))
    assert str(folder.fields({"번호": "1", "이름": "가", "금리": text})["interest_rate"]) == read
