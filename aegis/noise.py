"""Noise in a text that says nothing: entities that nobody resolved, spaces, invisible characters, Korean letters taken apart. Pure."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
"""With its semicolon only: "R&D" and "?a=1&para=2" are no entities."""
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200d\u2060\ufeff\ud800-\udfff]")
_SPACES = re.compile("[ \t\u00a0\u3000]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_JAMO = re.compile("[\uac00-\ud7a3]?[\u1100-\u11ff]++")
"""Conjoining letters, as file names of some systems carry them; whole syllables are what everybody else writes and searches for.

Only they are put together: marks that are heaped on a letter take the square of their number to be put in order.
"""
_MOST_ENCODINGS = 3
"""A text that went through more hands than this is for a person to look at."""


def lines_tidied(text: str) -> str:
    """`text` without noise, its lines kept. A text without noise comes back as it is; twice is the same as once."""
    return _BLANK_LINES.sub("\n\n", "\n".join(_SPACES.sub(" ", line).strip() for line in _visible(text).split("\n"))).strip()


def line_tidied(text: str) -> str:
    """`text` without noise, on one line: for titles and names."""
    return " ".join(_visible(text).split())


def _visible(text: str) -> str:
    resolved = text
    for _ in range(_MOST_ENCODINGS):
        again = _ENTITY.sub(lambda match: unescape(match[0]), resolved)
        if again == resolved:
            break
        resolved = again
    unix = resolved.replace("\r\n", "\n").replace("\r", "\n")
    return _JAMO.sub(lambda match: unicodedata.normalize("NFC", match[0]), _INVISIBLE.sub("", unix))
