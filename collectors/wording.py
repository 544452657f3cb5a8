"""Portal text to plain text: HTML, entities, line ends, invisible characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dt", "dd"})
_SILENT = frozenset({"script", "style", "head", "title"})
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200d\u2060\ufeff\ud800-\udfff]")
"""What no text field may hold: PostgreSQL refuses NUL and lone surrogates; the rest is invisible and only makes equal texts differ."""
_LINK = re.compile(r"https?://[^\s/@]+\.[^\s@]+")
_SPACES = re.compile("[ \t\u00a0\u3000]+")
_MARKUP = re.compile(r"</?[a-zA-Z][^>]*>|<!--|&#?\w+;")
_BARE = re.compile(r"<(?!/?[a-zA-Z]|!--)")
"""A less-than sign that opens nothing ("<경북 로케이션>"); html.parser would swallow it, or fail at "<!["."""


class _Text(HTMLParser):
    """Collects the visible text of markup; block elements end a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS - {"br"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str) -> str:
    """Text without markup: tags removed, entities resolved, one blank line at most between paragraphs."""
    if not _MARKUP.search(text):
        return tidy(text)
    parser = _Text()
    parser.feed(_BARE.sub("&lt;", text))
    parser.close()
    return tidy("".join(parser.parts))


def tidy(text: str) -> str:
    """Text with Unix line ends, single spaces, no invisible characters and no blank ends of lines."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [_SPACES.sub(" ", _CONTROL.sub("", line)).strip() for line in unix.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def line(text: str) -> str:
    """Text on one line, entities resolved: titles and names."""
    return " ".join(tidy(unescape(text)).split())


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


_CONTACT = re.compile(r"[\w.+*-]+@[\w-]+(?:\.[\w-]+)+|(?<!\d)\(?0\d{1,2}\)?[\s.\-–]{0,2}\d{3,4}[\s.\-–]{1,2}\d{4}(?!\d)")


def without_contacts(text: str) -> str:
    """Text without e-mail addresses and telephone numbers, which may be a person's; nationwide service numbers (1588-…) stay."""
    return tidy(_CONTACT.sub("(연락처)", text))
