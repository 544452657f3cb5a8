"""A feed's bytes: decoded, and checked by a hardened parser before a lenient one may look at them. Pure."""

from __future__ import annotations

import re
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from collectors.answer import Answer
from collectors.failures import MALFORMED, TRANSIENT, SourceFailed, of_status

ROOTS = frozenset({"rss", "feed", "RDF"})
_DECLARATION = re.compile(r"""^\s*<\?xml[^>]*?\?>""")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding=["']([A-Za-z0-9._\-]{1,40})["']""")
_EXCERPT_CHARACTERS = 200


def checked(answer: Answer) -> str:
    """The feed's text, without its declaration and known to be a well-formed feed.

    Raises `SourceFailed`: by status where that is an error; for entities and other document types, which no feed needs and which can be made to swell or to
    read files; for a page of HTML (maintenance) and a body cut short, which may pass.
    """
    if not answer.is_success:
        raise SourceFailed(of_status(answer.status) or MALFORMED, f"HTTP {answer.status} instead of a feed", answer.retry_after)
    text = _DECLARATION.sub("", _decoded(answer.body), count=1)
    if not text.strip():
        raise SourceFailed(TRANSIENT, f"HTTP {answer.status} with an empty body", answer.retry_after)
    try:
        root = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceFailed(MALFORMED, f"the feed declares a document type or entities ({type(error).__name__}), which no feed needs") from error
    except ParseError as error:
        raise SourceFailed(TRANSIENT, f"HTTP {answer.status} with a body that is no XML ({error}): {_excerpt(text)!r}") from error
    if (tag := root.tag.rpartition("}")[2]) not in ROOTS:
        raise SourceFailed(TRANSIENT if tag.lower() == "html" else MALFORMED, f"HTTP {answer.status} with <{tag}> instead of a feed: {_excerpt(text)!r}")
    return text


def _decoded(body: bytes) -> str:
    """UTF-8 as it should be, whatever is declared; what is not UTF-8 by its declaration. Raises `SourceFailed`."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        declared = _ENCODING.match(body)
        named = declared[1].decode("ascii") if declared else "cp949"
        try:
            return body.decode(named)
        except (UnicodeDecodeError, LookupError):
            raise SourceFailed(TRANSIENT, f"the feed is neither UTF-8 nor {named} (byte {error.start})") from error


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:_EXCERPT_CHARACTERS]
