"""HTML as its tags and what stands between them. Pure.

The time grows with the length whatever is in it, which the parser of the standard library does not promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

RAW = frozenset({"script", "style"})
"""Elements whose content is nobody's text, and no markup."""
_OPENING = re.compile(r"<(?:(/?)([a-zA-Z][^\t\n\r\f />\x00]*+)|!--)")
_REST = re.compile(r"""(?:[^=>]++|=++\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+))*+>""")
"""Attributes, in whose quoted values a > is a letter, up to the tag's end."""
_COMMENT_END = re.compile(r"--\s*+>")
_RAW_END = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in RAW}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. `<br/>` opens and closes."""

    name: str
    """In lower case."""
    opens: bool
    closes: bool


def parts(text: str) -> Iterator[str | Tag]:
    """The tags of `text` and the texts between them, in order, without comments, scripts and styles. What begins like a tag and never ends is text."""
    ends = _Ends(text)
    told = position = 0
    while match := _OPENING.search(text, position):
        name = (match[2] or "").lower()
        end = ends.of_tag(match.end(), is_closing=bool(match[1])) if name else ends.of_comment(match.end())
        if end is None:
            position = match.end()
            continue
        if told < match.start():
            yield text[told : match.start()]
        told = position = end
        if not name:
            continue
        tag = Tag(name, opens=not match[1], closes=bool(match[1]) or text[end - 2] == "/")
        yield tag
        if name in RAW and not tag.closes:
            close = _RAW_END[name].search(text, end)
            if close is None:
                return
            told = position = close.start()  # its closing tag comes next
    if told < len(text):
        yield text[told:]


class _Ends:
    """Where tags and comments end. A search that came to the end of the text in vain is not made again: that is what keeps the time linear."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last = text.rfind(">")
        self._are_quotes_paired = True
        self._has_comment_ends = True

    def of_tag(self, at: int, *, is_closing: bool) -> int | None:
        """Behind the tag whose name ends at `at`; None where nothing ends it. Quotes that swallow the rest of the text are taken for letters."""
        if at > self._last:
            return None
        if self._are_quotes_paired and not is_closing:
            if match := _REST.match(self._text, at):
                return match.end()
            self._are_quotes_paired = False
        return self._text.index(">", at) + 1

    def of_comment(self, at: int) -> int | None:
        """Behind the comment whose text begins at `at`; None where nothing ends it."""
        match = _COMMENT_END.search(self._text, at) if self._has_comment_ends else None
        self._has_comment_ends = match is not None
        return match.end() if match else None
