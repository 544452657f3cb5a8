"""What a row is compared by, computed once, and what two rows have in common. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from aegis.rows.policy import Policy
from batch.duplicates.group import groups_of
from batch.duplicates.organization import organization_of
from batch.duplicates.place import Place, place_of
from batch.duplicates.title import Title, title_of

Vector = NDArray[np.float32]
"""float32 [384], of length 1."""
_END = 4
READ_CHARACTERS = 1000
"""Of a text: what comes first tells what a policy is; forms and laws come last."""
ROUND_APART = timedelta(days=60)
"""Application periods with more between them are those of two rounds."""


@dataclass(frozen=True, slots=True)
class Features:
    """A row, taken apart."""

    row: Policy
    title: Title
    bare: str
    """The core of the title without the issuer's own name."""
    place: Place
    issuer: str
    operator: str
    vector: Vector | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two rows have in common. None: at least one says nothing."""

    title: float
    """Part of the letters that the normal titles share in order, 0 to 1."""
    ending: int
    """How the last words agree, which say what is given: 2 the same, 1 the same kind (의료비, 교통비), 0 another."""
    text: float
    """Part of the shorter text's pairs of letters that the other has, 0 to 1."""
    others: frozenset[str]
    """Groups of people that one title names, and neither the title nor the text of the other."""
    issuer: bool | None
    amount: bool | None
    period: bool | None
    """Whether the application periods overlap, or nearly."""
    vector: float | None
    """Cosine of the embeddings."""


def features_of(row: Policy, vectors: Mapping[str, Vector]) -> Features:
    """The features of a row; `vectors` by policy_id."""
    title, issuer, operator = title_of(row.title), organization_of(row.issuing_organization), organization_of(row.operating_organization)
    return Features(row, title, _without_issuer(title.core, issuer), place_of(row), issuer, operator, vectors.get(row.policy_id))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a row only where nothing rules the pair out."""

    text: frozenset[str]
    """Pairs of letters of the beginning of the text."""
    groups: frozenset[str]
    """Whom the title says that it is for."""
    meant: frozenset[str]
    """Whom the title or the text names."""


@lru_cache(maxsize=4096)
def _reading(title: str, text: str) -> Reading:
    letters, groups = re.sub(r"\W", "", text), groups_of(title)
    return Reading(frozenset(letters[at : at + 2] for at in range(len(letters) - 1)), groups, groups | groups_of(text))


def likeness(one: Features, other: Features) -> Likeness:
    """What two rows have in common."""
    cores, wholes = (one.title.core, other.title.core), (one.title.whole, other.title.whole)
    here, there = (_reading(each.row.title, each.row.content[:READ_CHARACTERS]) for each in (one, other))
    same_issuer = one.issuer in {other.issuer, other.operator} or other.issuer == one.operator
    return Likeness(
        title=max(fuzz.ratio(*cores), fuzz.ratio(*wholes), fuzz.ratio(one.bare, other.bare)) / 100,
        ending=max(_common_end(one.title.last, other.title.last), 2 * (wholes[0][-_END:] == wholes[1][-_END:])),
        text=len(here.text & there.text) / max(1, min(len(here.text), len(there.text))),
        others=(here.groups - there.meant) | (there.groups - here.meant),
        issuer=same_issuer if one.issuer and other.issuer else None,
        amount=_amounts(one.row, other.row),
        period=_periods(one.row, other.row),
        vector=float(one.vector @ other.vector) if one.vector is not None and other.vector is not None else None,
    )


def _common_end(one: str, other: str) -> int:
    return 2 if one.endswith(other) or other.endswith(one) else int(one[-1:] == other[-1:])


def _without_issuer(core: str, issuer: str) -> str:
    """주택금융공사 주택연금 of 한국주택금융공사 is 주택연금."""
    return (core.removeprefix(issuer).removeprefix(issuer.removeprefix("한국")) if issuer else core) or core


def _amounts(one: Policy, other: Policy) -> bool | None:
    if one.funding_amount_max is None or other.funding_amount_max is None:
        return None
    return one.funding_amount_max == other.funding_amount_max


def _periods(one: Policy, other: Policy) -> bool | None:
    ends = (one.application_end_date, other.application_end_date)
    starts = (one.application_start_date or ends[0], other.application_start_date or ends[1])
    if ends[0] is None or ends[1] is None or starts[0] is None or starts[1] is None:
        return None
    return max(starts[0], starts[1]) - min(ends[0], ends[1]) <= ROUND_APART
