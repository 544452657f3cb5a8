"""A feed's bytes: decoded, and checked by the hardened parser before a lenient one may look at them. Pure."""

from __future__ import annotations

from collectors.answer import Answer, excerpt, text_of
from collectors.failures import MALFORMED, TRANSIENT, SourceFailed, of_status
from collectors.markup import cleaned, parsed

ROOTS = frozenset({"rss", "feed", "RDF"})


def checked(answer: Answer) -> str:
    """The feed's text, without its declaration and known to be a well-formed feed.

    Raises `SourceFailed`: by status where that is an error; for entities and other document types, which no feed needs and which can be made to swell or to
    read files; for a page of HTML (maintenance) and a body cut short, which may pass.
    """
    if not answer.is_success:
        raise SourceFailed(of_status(answer.status) or MALFORMED, f"HTTP {answer.status} instead of a feed", answer.retry_after)
    text = cleaned(text_of(answer))
    if not text:
        raise SourceFailed(TRANSIENT, f"HTTP {answer.status} with an empty body", answer.retry_after)
    tag = parsed(text, answer).tag.rpartition("}")[2]
    if tag not in ROOTS:
        raise SourceFailed(MALFORMED, f"HTTP {answer.status} with <{tag}> instead of a feed: {excerpt(text)!r}")
    return text
