"""Bytes to text, whatever is declared: portals declare EUC-KR and send UTF-8, and the other way round. Pure."""

from __future__ import annotations

MOST_LOST = 0.01
"""Share of the characters beyond ASCII that may be broken: one bad byte is one record's matter, a wrong encoding is the whole page's."""
_LOST = "\ufffd"


def decoded(body: bytes) -> str | None:
    """The text of `body`: UTF-8 where it is that, else UTF-8 or EUC-KR (cp949), whichever loses less, with U+FFFD for what is broken.

    UTF-8 comes first because a page of Korean in EUC-KR is not valid UTF-8, while the other way round may pass, as nonsense. None where both lose too much.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = min((body.decode(encoding, errors="replace") for encoding in ("utf-8-sig", "cp949")), key=lambda text: text.count(_LOST))
    beyond_ascii = len(best) - len(best.encode("ascii", errors="ignore"))
    return best if best.count(_LOST) <= MOST_LOST * beyond_ascii else None
