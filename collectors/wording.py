"""Portal text to plain text: HTML, entities, line ends, invisible characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import urljoin

from lxml.etree import HTMLParser

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dt", "dd"})
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "head", "title"})
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200d\u2060\ufeff\ud800-\udfff]")
"""What no text field may hold: PostgreSQL refuses NUL and lone surrogates; the rest is invisible and only makes equal texts differ."""
_LINK = re.compile(r"https?://[^\s/@]+\.[^\s@]+")
_SPACES = re.compile("[ \t\u00a0\u3000]+")
_TAG = re.compile("</?[a-zA-Z]")
_BARE = re.compile(r"<(?!/?[a-zA-Z]|!--)")
"""A less-than sign that opens nothing ("<경북 로케이션>"), which a parser of HTML would swallow."""
_ENTITY = re.compile(r"&#?\w+;")
_MARKUP_LETTERS = frozenset("<>&")
_OVERLONG = re.compile(r"&#[0-9]{100,}+;?")
"""A number that no letter has; one of thousands of digits Python refuses to read."""


class _Visible:
    """What lxml's parser tells its events to: collects the visible text, in which block elements end a line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._silent = 0

    def start(self, tag: str, _attributes: object) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._parts.append("\n")
        elif tag in _CELLS:
            self._parts.append(" ")

    def end(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        elif tag in _BLOCKS:
            self._parts.append("\n" * (tag != "br"))

    def data(self, text: str) -> None:
        if not self._silent:
            self._parts.append(text)

    def close(self) -> str:
        return "".join(self._parts)


def plain(text: str) -> str:
    """Text without markup: tags removed, entities resolved, one blank line at most between paragraphs."""
    return tidy(_visible(_CONTROL.sub("", text)) if _has_markup(text) else text)


def _has_markup(text: str) -> bool:
    tag = _TAG.search(text)
    return (tag is not None and tag.start() < text.rfind(">")) or "<!--" in text or _ENTITY.search(text) is not None


def _visible(text: str) -> str:
    """The visible text of markup without control characters."""
    parser = HTMLParser(target=_Visible(), encoding="utf-8", huge_tree=True)
    parser.feed(_BARE.sub("&lt;", _ENTITY.sub(_letter, text)).encode())
    return str(parser.close())


def _letter(entity: re.Match[str]) -> str:
    """What an entity stands for, also where HTML 4 had no such name; itself where the letter would be read as markup."""
    letter = _resolved(entity[0])
    return entity[0] if _MARKUP_LETTERS & set(letter) else letter


def _resolved(text: str) -> str:
    return unescape(_OVERLONG.sub("\ufffd", text))


def tidy(text: str) -> str:
    """Text with Unix line ends, single spaces, no invisible characters and no blank ends of lines."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [_SPACES.sub(" ", _CONTROL.sub("", line)).strip() for line in unix.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def line(text: str) -> str:
    """Text on one line, entities resolved: titles and names."""
    return " ".join(tidy(_resolved(text)).split())


def link(text: str | None) -> str | None:
    """The address as a portal writes it, made one with a scheme where it lacks one; whether it is one at all is for validation to say."""
    url = line(text or "")
    return f"https://{url}" if url and "://" not in url else url or None


def absolute(place: str, text: str) -> str:
    """Where `text`, an address on the page at `place`, leads to; `text` as it is where that is no address ("http://[주소]"), for validation to refuse."""
    try:
        return urljoin(place, text)
    except ValueError:
        return text


def first_link(*texts: str | None) -> str | None:
    """The first of several free-text fields that begins with an address; such a field may as well hold "-" or "없음"."""
    words = (word.rstrip(",;") for text in texts for word in (link(text) or "").split()[:1])
    return next((word for word in words if _LINK.fullmatch(word)), None)


def names(text: str | None, separator: str = ",") -> list[str]:
    """Values that a portal joined into one text, each once, tidied."""
    return list(dict.fromkeys(value for part in (text or "").split(separator) if (value := line(plain(part)))))


def sections(parts: Iterable[tuple[str, str | None]]) -> str:
    """(heading, text) pairs as one text without markup and contacts, empty ones left out; an empty heading is none."""
    found = ((heading, plain(text or "")) for heading, text in parts)
    return without_contacts("\n\n".join(f"{heading}: {text}" if heading else text for heading, text in found if text))


def storable(text: str) -> str:
    """Text as received, with only what PostgreSQL cannot hold replaced by U+FFFD."""
    return re.sub("[\x00\ud800-\udfff]", "�", text)


_CONTACT = re.compile(r"[\w.+*-]{1,64}+@[\w-]++(?:\.[\w-]++)++|(?<!\d)\(?0\d{1,2}\)?[\s.\-–]{0,2}\d{3,4}[\s.\-–]{1,2}\d{4}(?!\d)")


def without_contacts(text: str) -> str:
    """Text without e-mail addresses and telephone numbers, which may be a person's; nationwide service numbers (1588-…) stay."""
    return tidy(_CONTACT.sub("(연락처)", text))
