"""Industries: sections (a letter) and divisions (two digits) of KSIC, the Korean Standard Industrial Classification, 10th revision (2017) and 11th (2024).

Both revisions have the same sections and divisions; names are the 10th's. Of the 9th revision only the division that moved is listed (69 임대업, now 76).
Groups and classes (three to five digits) are held against their division.
"""

from __future__ import annotations

from datetime import date

from aegis.references.reference import load

INDUSTRIES = load("industries.csv")
DIVISION_DIGITS = 2
_DIVISIONS = {
    "A": "01 02 03",
    "B": "05 06 07 08",
    "C": "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34",
    "D": "35",
    "E": "36 37 38 39",
    "F": "41 42",
    "G": "45 46 47",
    "H": "49 50 51 52",
    "I": "55 56",
    "J": "58 59 60 61 62 63",
    "K": "64 65 66",
    "L": "68",
    "M": "70 71 72 73",
    "N": "69 74 75 76",
    "O": "84",
    "P": "85",
    "Q": "86 87",
    "R": "90 91",
    "S": "94 95 96",
    "T": "97 98",
    "U": "99",
}
_SECTION_OF = {division: section for section, divisions in _DIVISIONS.items() for division in divisions.split()}


def is_known(code: str, on: date) -> bool:
    """Whether an industry has `code` on that day: C, 26, C26, 26110."""
    found = _split(code)
    return found is not None and INDUSTRIES.is_known(found, on)


def successor(code: str) -> str | None:
    """The section or division of today in place of one that is no longer used; None where `code` holds or is unknown."""
    found = _split(code)
    return None if found is None else INDUSTRIES.successor(found)


def section(code: str) -> str | None:
    """The letter of the section that `code` belongs to; None where it belongs to none."""
    found = _split(code)
    return None if found is None else _SECTION_OF.get(found, found)


def name(code: str) -> str:
    """Name of the section or division that `code` is or belongs to; an unknown code is named by itself."""
    found = _split(code)
    return code if found is None else INDUSTRIES.name(found)


def _split(code: str) -> str | None:
    """The section or division that a code is or belongs to: C → C, C26110 → 26."""
    letter, digits = (code[0], code[1:]) if code[:1].isalpha() else ("", code)
    if not digits:
        return letter if letter in _DIVISIONS else None
    division = digits[:DIVISION_DIGITS]
    section_of = _SECTION_OF.get(division)
    fits = digits.isascii() and digits.isdecimal() and DIVISION_DIGITS <= len(digits) <= 5 and letter in {"", section_of}  # noqa: PLR2004
    return division if section_of and fits else None
