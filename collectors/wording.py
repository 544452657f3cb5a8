"""Portal text to plain text: HTML, entities, line ends, invisible characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import urljoin

from collectors.tags import parts

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dt", "dd"})
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "head", "title"})
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200d\u2060\ufeff\ud800-\udfff]")
"""What no text field may hold: PostgreSQL refuses NUL and lone surrogates; the rest is invisible and only makes equal texts differ."""
_LINK = re.compile(r"https?://[^\s/@]+\.[^\s@]+")
_SPACES = re.compile("[ \t\u00a0\u3000]+")
_TAG = re.compile("</?[a-zA-Z]")
_ENTITY = re.compile(r"&#?\w+;")
_OVERLONG = re.compile(r"&#[0-9]{100,}+;?")
"""A number that no letter has; one of thousands of digits Python refuses to read."""


def plain(text: str) -> str:
    """Text without markup: tags removed, entities resolved, one blank line at most between paragraphs."""
    return tidy("".join(_visible(text)) if _has_markup(text) else text)


def _has_markup(text: str) -> bool:
    tag = _TAG.search(text)
    return (tag is not None and tag.start() < text.rfind(">")) or "<!--" in text or _ENTITY.search(text) is not None


def _visible(text: str) -> Iterator[str]:
    """The visible text of markup; block elements end a line."""
    silent = 0
    for part in parts(text):
        if isinstance(part, str):
            if not silent:
                yield _resolved(part)
        elif part.name in _SILENT:
            silent = max(0, silent + part.opens - part.closes)
        elif part.name in _BLOCKS:
            yield "\n" * (part.opens + (part.closes and part.name != "br"))
        elif part.name in _CELLS and part.opens:
            yield " "


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
