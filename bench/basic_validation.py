"""Basic validation of one record on the way in: milliseconds, and its rate against pydantic alone on the mapped fields."""

from __future__ import annotations

from statistics import median, quantiles
from time import perf_counter

from collectors.draft import PolicyDraft
from collectors.portals import PORTALS
from collectors.validation import validate
from infra.local.portals.generated import gov24_row

RECORDS = 5_000
ROUNDS = 3


def run() -> None:
    """Print the ratio and the parts."""
    portal = PORTALS["gov24"]
    raws = [gov24_row(number) for number in range(RECORDS)]
    drafts = [{"source": portal.name, **portal.fields(raw)} for raw in raws]
    took: list[float] = []
    ours, bare = [], []
    for _ in range(ROUNDS):
        began = perf_counter()
        for raw in raws:
            at = perf_counter()
            validate(portal, raw)
            took.append(perf_counter() - at)
        ours.append(perf_counter() - began)
        began = perf_counter()
        for fields in drafts:
            PolicyDraft.model_validate(fields)
        bare.append(perf_counter() - began)
    p50, p99 = median(took) * 1e3, quantiles(took, n=100)[98] * 1e3
    print(f"   one record: p50 {p50:.3f} ms, p99 {p99:.3f} ms (aim < 1,000 ms)")
    print(
        f"   ratio {median(bare) / median(ours):.2f} of pydantic alone on mapped fields: {RECORDS / median(ours):,.0f} records/s "
        f"(mapping, wording, fixes, hash, checks) against {RECORDS / median(bare):,.0f}"
    )
