"""`policies` → embedding of what a policy is about, with scalar fields for filtered search."""

from __future__ import annotations

from datetime import date

from aegis.projections.shapes import Projection, VectorCollection, VectorField
from aegis.record import Content
from aegis.rows.policy import Policy

COLLECTION = VectorCollection(
    name="policy_embeddings",
    key="policy_id",
    fields=(
        VectorField("source", "text", max_bytes=128),
        VectorField("title", "text", max_bytes=2048),
        VectorField("category", "text", max_bytes=256),
        VectorField("issuing_organization", "text", max_bytes=512),
        VectorField("target_regions", "texts", max_bytes=64, max_items=512),
        VectorField("target_industries", "texts", max_bytes=64, max_items=128),
        VectorField("funding_amount_min", "integer"),
        VectorField("funding_amount_max", "integer"),
        VectorField("application_start_date", "integer"),
        VectorField("application_end_date", "integer"),
        VectorField("status", "text", max_bytes=64),
        VectorField("is_active", "boolean"),
    ),
)

UNKNOWN_AMOUNT = -1
NO_START = 0
NO_END = 99_991_231


def _yyyymmdd(day: date | None, otherwise: int) -> int:
    """A date as an integer that filters compare, e.g. 20261121; `otherwise` where there is none."""
    return otherwise if day is None else day.year * 10_000 + day.month * 100 + day.day


def embedding_text(row: Policy) -> str:
    """What is embedded: title, content, organisation, amount (지원금액) and interest rate (금리), one a line, empty ones left out.

    Organisation and amounts come before the content, since the model reads no further than 256 tokens.
    """
    amounts = [f"{amount:,}원" for amount in (row.funding_amount_min, row.funding_amount_max) if amount is not None]
    lines = [
        row.title,
        row.issuing_organization or "",
        f"지원금액 {' ~ '.join(dict.fromkeys(amounts))}" if amounts else "",
        f"금리 {row.interest_rate.normalize():f}%" if row.interest_rate is not None else "",
        row.content,
    ]
    return "\n".join(line for line in lines if line)


def project(row: Policy) -> Content | None:
    """The text to embed and the filter fields of a published policy."""
    if not row.is_published:
        return None
    return {
        "text": embedding_text(row),
        "fields": {
            "source": row.source,
            "title": row.title,
            "category": row.category or "",
            "issuing_organization": row.issuing_organization or "",
            "target_regions": list(row.target_regions),
            "target_industries": list(row.target_industries),
            "funding_amount_min": UNKNOWN_AMOUNT if row.funding_amount_min is None else row.funding_amount_min,
            "funding_amount_max": UNKNOWN_AMOUNT if row.funding_amount_max is None else row.funding_amount_max,
            "application_start_date": _yyyymmdd(row.application_start_date, NO_START),
            "application_end_date": _yyyymmdd(row.application_end_date, NO_END),
            "status": row.status,
            "is_active": row.is_active,
        },
    }


PROJECTION = Projection(COLLECTION, project)
