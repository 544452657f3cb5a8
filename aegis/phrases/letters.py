"""One-to-one folding of letters: full-width digits, exotic spaces and dashes become plain ones, and no offset moves."""

from __future__ import annotations

_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)}
_SPACES = dict.fromkeys((0x00, 0x09, 0x0B, 0x0C, 0xA0, 0xAD, 0x1680, *range(0x2000, 0x200E), 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF), " ")
_LINES = dict.fromkeys((0x0D, 0x85, 0x2028, 0x2029), "\n")
_TILDES = dict.fromkeys((0x223C, 0xFF5E, 0x301C, 0x02DC, 0x223E), "~")
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFF0D), "-")
_QUOTES = dict.fromkeys((0x2018, 0x2019, 0x201B, 0xB4, 0x60, 0xFF07, 0x2032), "'")
_OTHERS = {0xFF0C: ",", 0xFF0E: ".", 0xFF05: "%", 0xFE6A: "%", 0xFF08: "(", 0xFF09: ")", 0xFF1A: ":", 0xFF0F: "/", 0xFFE6: "\u20a9", 0x33A1: "m"}
_TABLE = {**_DIGITS, **_SPACES, **_LINES, **_TILDES, **_DASHES, **_QUOTES, **_OTHERS}


def folded(text: str) -> str:
    """`text` in plain letters, of the same length."""
    return text.translate(_TABLE)
