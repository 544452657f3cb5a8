"""XML answers of portals through a hardened parser: no document types, no entities, bounded in size and depth. Pure.

Rows become mappings like those of JSON: tag → text, a list where a tag is repeated, a mapping where it has children.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from collectors.answer import GATEWAY_TAGS, OK_CODES, Answer, NoData, excerpt, judge_reason, page_of_markup, refusal, text_of
from collectors.answer import read as read_json
from collectors.failures import MALFORMED, TRANSIENT, SourceFailed, of_status

MOST_DEPTH = 16
PIECE = 1 << 20
"""Characters that the parser is handed at once: a tag, a comment or a value that a piece leaves open is begun again with the next."""
_DECLARATION = re.compile(r"<\?xml[^>?]{0,200}+\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML may not hold, and portals send all the same: one such character would cost the whole page."""
_HTML = re.compile(r"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


def read(answer: Answer) -> Element | NoData:
    """The root of an XML answer that carries data.

    Raises `SourceFailed` for every form of error that `collectors.answer` knows, in XML and in JSON, and for markup that is damaged, forbidden or HTML.
    """
    text = text_of(answer)
    if not text.startswith("<"):
        value = read_json(answer)
        if isinstance(value, NoData):
            return value
        raise refusal(value, answer)
    root = parsed(cleaned(text), answer)
    fields = {tag: _text(root, tag) for tag in GATEWAY_TAGS if root.find(f".//{tag}") is not None}
    code = _text(root, "resultCode")
    if not fields and code and (code not in OK_CODES or not answer.is_success):
        fields = {"returnReasonCode": code, "returnAuthMsg": _text(root, "resultMsg") or _text(root, "resultMessage")}
    if fields:
        judge_reason(fields, answer)
        return NoData()
    if not answer.is_success:
        raise SourceFailed(of_status(answer.status) or MALFORMED, f"HTTP {answer.status} with <{root.tag}>", answer.retry_after)
    return root


def record(element: Element) -> dict[str, Any]:
    """One row. `<col name="title">…</col>` counts as `<title>…</title>`."""
    found: dict[str, list[Any]] = {}
    for child in element:
        name = child.get("name", child.tag) if child.tag == "col" else child.tag
        found.setdefault(name, []).append(record(child) if len(child) else child.text or "")
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def without_list(root: Element, answer: Answer) -> SourceFailed:
    """The failure of an answer that has no list of records where one belongs."""
    return SourceFailed(MALFORMED, f"HTTP {answer.status} with <{root.tag}> and no list of records in it")


def cleaned(text: str) -> str:
    """A document without what XML forbids, and without its declaration: it is decoded already, and a declared encoding is often wrong."""
    return _FORBIDDEN.sub("", _DECLARATION.sub("", text, count=1)).strip()


def parsed(text: str, answer: Answer) -> Element:
    """The root of a cleaned document. Raises `SourceFailed` for HTML, for document types, entities and great depth, and for damage."""
    if _HTML.match(text):
        raise page_of_markup(text, answer)
    root: Element | None = None
    depth = 0
    try:
        for event, element in iterparse(_Pieces(text), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > MOST_DEPTH:
                raise SourceFailed(MALFORMED, f"HTTP {answer.status} with markup more than {MOST_DEPTH} levels deep")
    except DefusedXmlException as error:
        raise SourceFailed(MALFORMED, f"HTTP {answer.status} with a document type or entities ({type(error).__name__}), which no answer needs") from error
    except ParseError as error:  # a body cut short: worth another attempt
        raise SourceFailed(of_status(answer.status) or TRANSIENT, f"HTTP {answer.status} with damaged XML ({error}): {excerpt(text)!r}") from error
    assert root is not None  # expat refuses a document without an element
    return root


class _Pieces(StringIO):
    """A text in large pieces."""

    def read(self, size: int | None = -1, /) -> str:
        """The next piece, of `PIECE` characters where fewer are asked for."""
        return super().read(-1 if size is None or size < 0 else max(size, PIECE))


def _text(root: Element, tag: str) -> str:
    return (root.findtext(f".//{tag}") or "").strip()
