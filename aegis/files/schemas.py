"""Columns of the files."""

from __future__ import annotations

import pyarrow as pa

_DRAFT = [
    ("policy_id", pa.string()),
    ("source", pa.string()),
    ("source_id", pa.string()),
    ("title", pa.string()),
    ("content", pa.large_string()),
    ("issuing_organization", pa.string()),
    ("operating_organization", pa.string()),
    ("category", pa.string()),
    ("target_regions", pa.list_(pa.string())),
    ("target_industries", pa.list_(pa.string())),
    ("funding_amount_min", pa.int64()),
    ("funding_amount_max", pa.int64()),
    ("interest_rate", pa.decimal128(7, 4)),
    ("application_start_date", pa.date32()),
    ("application_end_date", pa.date32()),
    ("application_period_text", pa.string()),
    ("detail_url", pa.string()),
    ("tags", pa.list_(pa.string())),
]
DRAFT_COLUMNS = tuple(name for name, _ in _DRAFT)
"""Columns that every policy has from its source."""

RAW = pa.schema(
    [
        ("row", pa.int64()),
        ("page", pa.int32()),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("content_hash", pa.string()),
        ("body", pa.large_string()),
    ]
)
"""Records as received. `row` is counted from 0 over the whole file."""

PROCESSED = pa.schema([("raw_file", pa.string()), ("raw_row", pa.int64()), ("outcome", pa.string()), ("problems", pa.list_(pa.string())), *_DRAFT])
"""What became of them: outcome accepted, with a draft's fields, or rejected, with problems. `raw_row` is the `row` in `raw_file`, a path of the catalogue."""

POLICIES = pa.schema(
    [
        *_DRAFT,
        ("status", pa.string()),
        ("quality_score", pa.decimal128(4, 3)),
        ("is_active", pa.bool_()),
        ("created_at", pa.timestamp("us", tz="Asia/Seoul")),
        ("updated_at", pa.timestamp("us", tz="Asia/Seoul")),
        ("version", pa.int64()),
    ]
)
"""Rows of `policies`."""
