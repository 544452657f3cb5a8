"""A portal's answer: from status and bytes to the JSON value that carries data, or the failure that it reports.

Gateway errors come as XML with status 200, as the same structure in JSON with 403, and with 429 for quotas, whatever format was asked for:
the body is read first, the status last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aegis.errors import Code
from collectors.charset import decoded
from collectors.failures import BUSY, GONE, MALFORMED, NO_DATA, REASON_NAMES, REFUSED, TRANSIENT, Handling, SourceFailed, Verdict, of_status, verdict_of
from collectors.validators import NO_VALIDATORS, Validators

EXCERPT_CHARACTERS = 200
KEY_COMPLAINT = "인증키"
"""Every portal's complaint about a key has this word in it ("존재하지 않는 인증키", "등록되지 않은 인증키 입니다.")."""
ODCLOUD_CODES = {"-3": GONE, "-4": REFUSED}
"""`code` of an odcloud error → verdict: an unregistered service (an old version's path), an unregistered key."""

GATEWAY_TAGS = ("errMsg", "returnAuthMsg", "returnReasonCode")
OK_CODES = frozenset({"0", "00"})
"""`resultCode` of a provider behind the gateway that answers with data."""
MOST_BYTES = 32 * 1024 * 1024
"""Ten times what a thousand records take: a larger page is taken for nonsense before it is read."""
MOST_DIGITS = 4000
"""Of a whole number: with some more, Python refuses to read it, and the page with it."""
OVERSIZED = Verdict(Code.INVALID_FORMAT, Handling.FATAL, "ask for fewer records at once with --page-size, or look at what the portal answers")

_SUCCESSES = range(200, 300)
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a portal, as it came over the wire."""

    status: int
    body: bytes
    retry_after: float = 0.0
    """Seconds, by the answer's Retry-After header."""
    url: str = ""
    """Where it came from, redirects followed, without the query."""
    content_type: str = ""
    """As the source states it."""
    validators: Validators = NO_VALIDATORS

    @property
    def is_success(self) -> bool:
        """Whether the status says so; the body may say otherwise."""
        return self.status in _SUCCESSES

    @property
    def is_unchanged(self) -> bool:
        """Whether the source says that the body is still the one whose validators it was asked with."""
        return self.status == _UNCHANGED


@dataclass(frozen=True, slots=True)
class NoData:
    """The portal says that nothing matches: an empty page, not a failure."""


def read(answer: Answer) -> Any | NoData:
    """The JSON value of an answer that carries data.

    Raises `SourceFailed` for every form of error that the gateway and the portals behind it are known to answer with, for a body that is neither
    JSON nor a known error, and for an empty one.
    """
    text = text_of(answer)
    if text.startswith("<"):
        return _read_markup(text, answer)
    try:
        value = json_value(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(text, answer) from error
    header = _header(value)
    if header is not None:
        return _judge(header, answer, value)
    if not answer.is_success:
        raise refusal(value, answer)
    return value


def json_value(text: str) -> Any:
    """The value of a JSON text, NaN, infinity and numbers of countless digits as texts. Raises ValueError and RecursionError.

    Not orjson's: that refuses all of it for one escaped half of a surrogate pair, and the neighbours of such a record are to be stored.
    """
    return json.loads(text, parse_constant=str, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else digits)


def text_of(answer: Answer) -> str:
    """The body as text, without white space around it. Raises `SourceFailed` where it is far too large, or in no encoding that a portal uses."""
    if len(answer.body) > MOST_BYTES:
        raise SourceFailed(OVERSIZED, f"HTTP {answer.status} with {len(answer.body):,} bytes, more than {MOST_BYTES:,}")
    text = decoded(answer.body)
    if text is None:
        raise SourceFailed(of_status(answer.status) or TRANSIENT, f"HTTP {answer.status} with bytes that are neither UTF-8 nor EUC-KR", answer.retry_after)
    return text.strip()


def refusal(value: Any, answer: Answer) -> SourceFailed:
    """The failure that a JSON value without data reports, in the words of the portal where it has any."""
    message = _message(value)
    said = f"HTTP {answer.status}" + (f", the portal says {message!r}" if message else "")
    if KEY_COMPLAINT in message:
        return SourceFailed(REFUSED, said)
    if isinstance(value, dict) and (verdict := ODCLOUD_CODES.get(str(value.get("code")))):
        return SourceFailed(verdict, said)
    return SourceFailed(of_status(answer.status) or MALFORMED, said, answer.retry_after)


def _read_markup(text: str, answer: Answer) -> NoData:
    fields = {tag: match[1].strip() for tag in GATEWAY_TAGS if (match := re.search(rf"<{tag}>([^<]*)</{tag}>", text))}
    if fields:
        judge_reason(fields, answer)
        return NoData()
    result = re.search(r"<resultCode>([^<]*)</resultCode>", text)
    if result and (code := result[1].strip()) in OK_CODES and answer.is_success:
        raise SourceFailed(MALFORMED, f"HTTP {answer.status} with XML instead of JSON: {excerpt(text)!r}")
    if result:
        judge_reason({"returnReasonCode": code}, answer)
        return NoData()
    raise page_of_markup(text, answer)


def page_of_markup(text: str, answer: Answer) -> SourceFailed:
    """The failure of an answer that is a page for people: portals under maintenance answer so, with status 200."""
    verdict = of_status(answer.status) or TRANSIENT
    return SourceFailed(verdict, f"HTTP {answer.status} with a page of markup instead of data: {excerpt(text)!r}", answer.retry_after)


def _header(value: Any) -> Mapping[str, Any] | None:
    """The error header of the gateway or the provider, wherever it stands in the envelope."""
    if not isinstance(value, dict):
        return None
    for name in ("OpenAPI_ServiceResponse", "response"):
        if isinstance(value.get(name), dict):
            return _header(value[name])
    for name in ("cmmMsgHeader", "header"):
        if isinstance(value.get(name), dict):
            return dict(value[name])
    return None


def _judge(header: Mapping[str, Any], answer: Answer, value: Any) -> Any | NoData:
    reason = header.get("returnReasonCode", header.get("resultCode", ""))
    fields = {"returnReasonCode": str(reason), "returnAuthMsg": str(header.get("returnAuthMsg", header.get("resultMsg", "")) or "")}
    if "resultCode" in header and fields["returnReasonCode"] in OK_CODES and answer.is_success:
        return value
    judge_reason(fields, answer)
    return NoData()


def judge_reason(fields: Mapping[str, str], answer: Answer) -> None:
    """Return where the reason that the gateway or a provider states is "no data"; raise `SourceFailed` for any other."""
    stated, named = fields.get("returnReasonCode", ""), fields.get("returnAuthMsg", "")
    code = stated.zfill(2) if stated.isdigit() else REASON_NAMES.get(stated, REASON_NAMES.get(named, ""))
    if code == NO_DATA:
        return
    verdict = verdict_of(code) if code else of_status(answer.status) or TRANSIENT
    words = " ".join(dict.fromkeys(word for word in (stated, named, fields.get("errMsg", "")) if word)) or "no reason given"
    wait = max(answer.retry_after, 1.0) if verdict is BUSY else 0.0
    raise SourceFailed(verdict, f"HTTP {answer.status}, the gateway says {words}", wait)


def _unreadable(text: str, answer: Answer) -> SourceFailed:
    if not text:
        return SourceFailed(of_status(answer.status) or TRANSIENT, f"HTTP {answer.status} with an empty body", answer.retry_after)
    if KEY_COMPLAINT in text[:2000]:
        return SourceFailed(REFUSED, f"HTTP {answer.status}, the portal says {excerpt(text)!r}")
    verdict = of_status(answer.status) or TRANSIENT  # a body cut short is no JSON either: worth another attempt
    return SourceFailed(verdict, f"HTTP {answer.status} with a body that is no JSON: {excerpt(text)!r}", answer.retry_after)


def _message(value: Any) -> str:
    """The portal's own words in a JSON error, whatever their field is called."""
    if not isinstance(value, dict):
        return ""
    known = [str(value[name]) for name in ("code", "msg", "message", "resultCode", "resultMessage", "reqErr", "error") if value.get(name) not in (None, "")]
    words = " ".join(known) or " ".join(str(item) for item in value.values() if isinstance(item, str))
    return excerpt(words)


def excerpt(text: str) -> str:
    """The beginning of what a portal said, on one line."""
    return " ".join(text.split())[:EXCERPT_CHARACTERS]
