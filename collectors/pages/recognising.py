"""What a page is: the one that was asked for, a refusal, an interruption, or one that changed. Pure.

The mark that is expected decides: a notice may well speak of a login, and a page without its mark is never an empty list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsel import Selector

from aegis.errors import Code
from collectors.answer import Answer
from collectors.charset import decoded
from collectors.failures import GONE, TRANSIENT, Handling, SourceFailed, Verdict, of_status
from collectors.pages.rule import Rule

BLOCKED = Verdict(
    Code.SCRAPING_BLOCKED, Handling.FATAL, "the site refuses programs or asks for a person: look at it in a browser, ask for fewer pages, or ask its operator"
)
CHANGED = Verdict(Code.INVALID_FORMAT, Handling.FATAL, "the page may have changed: compare it with the selectors in resources/sites")
_REFUSALS = re.compile(
    r"captcha|자동\s?(입력|등록)\s?방지|로봇이\s?아닙니다|비정상적인?\s?(접근|접속)|(접근|접속)이?\s?(차단|제한|거부)|access\s+denied|request\s+(rejected|blocked)|"
    r"로그인\s?(이\s?필요|후\s?이용|해\s?주)",
    re.IGNORECASE,
)
_CAPTCHA = re.compile("captcha", re.IGNORECASE)
"""In scripts and names of elements, too."""
_INTERRUPTIONS = re.compile(r"점검\s?(중|안내)|일시\s?(중단|중지)|잠시\s?후\s?다시|service\s+unavailable", re.IGNORECASE)
MOST_DEPTH = 256
"""Elements within each other: a rule may mean them all, and each has to be read with what is in it."""
_TOO_DEEP = f"boolean({'/*' * (MOST_DEPTH + 1)})"
_REFUSING = frozenset({401, 403, 406, 407, 451})


def recognised(answer: Answer, expected: Rule, what: str, words: Sequence[str] = ()) -> Selector:
    """The page in an answer, `what` in words. `words`: more words of a refusal.

    Raises `SourceFailed`: DP_1003 where the site refuses (status, captcha, login), DP_1001 where it is interrupted or cut short, DP_1004 where the expected
    mark is missing for no such reason.
    """
    if answer.status in _REFUSING:
        raise SourceFailed(BLOCKED, f"HTTP {answer.status} for {what}")
    if not answer.is_success:
        raise SourceFailed(of_status(answer.status) or GONE, f"HTTP {answer.status} for {what}", answer.retry_after)
    text = decoded(answer.body)
    if text is None:
        raise SourceFailed(CHANGED, f"{what} is neither UTF-8 nor EUC-KR")
    if not text.strip():
        raise SourceFailed(TRANSIENT, f"HTTP {answer.status} with an empty body for {what}", answer.retry_after)
    page = Selector(text, type="html")
    if page.xpath(_TOO_DEEP).get() == "1":
        raise SourceFailed(CHANGED, f"{what} has elements more than {MOST_DEPTH} levels deep")
    if expected.nodes(page):
        return page
    raise _failure(page, text, what, words) or SourceFailed(CHANGED, f"{what} lacks its mark {expected.select!r}")


def _failure(page: Selector, text: str, what: str, words: Sequence[str]) -> SourceFailed | None:
    """What a page without its mark says of itself; None where it says nothing."""
    visible = " ".join(page.xpath("//title//text() | //body//text()[not(ancestor::script or ancestor::style)]").getall())
    said = next((word for word in words if word in visible), None)
    if said is None and (match := _REFUSALS.search(visible) or _CAPTCHA.search(text)):
        said = match[0]
    if said is None and page.css("input[type=password]"):
        said = "a password is asked for"
    if said is not None:
        return SourceFailed(BLOCKED, f"{what} is a refusal ({said})")
    if _INTERRUPTIONS.search(visible):
        return SourceFailed(TRANSIENT, f"{what} says that the site is interrupted")
    if "<html" in text[:2000].lower() and "</html>" not in text[-2000:].lower():
        return SourceFailed(TRANSIENT, f"{what} is cut short")
    return None
