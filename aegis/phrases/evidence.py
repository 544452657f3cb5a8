"""What was read where: the ground of every reading, for judgements and for people who check them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Value = int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One phrase of a text and what it says. `text` is `whole[start:end]` of the text as it was given."""

    kind: str
    text: str
    start: int
    end: int
    value: Value = None
    """Won (int), percent (Decimal) or a day; None where the phrase states none."""
