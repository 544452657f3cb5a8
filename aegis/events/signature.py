"""Signatures of webhooks: HMAC-SHA256 over time, id and body, so that nothing of a delivery can be changed, and none can be sent again later."""

from __future__ import annotations

import hmac
from hashlib import sha256

HEADER = "aegis-signature"
TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """A webhook that did not come from Aegis as it is, or came too late."""


def sign(secret: str, identity: str, body: bytes, at: int) -> str:
    """The header's value. `at`: seconds since 1970. `identity`: the event's id, header `ce-id`."""
    return f"t={at},v1={_digest(secret, identity, body, at)}"


def verify(secret: str, header: str, identity: str, body: bytes, now: float) -> None:
    """Raises `BadSignature` where `header` was not made for this delivery with `secret`, or not within five minutes of `now`.

    A service that must act once also keeps the ids that it has seen in those minutes: a delivery may be repeated by Aegis itself.
    """
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    moment = parts.get("t", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= len("99999999999")):
        raise BadSignature(f"header {HEADER} has no time; it has the form t=<seconds>,v1=<hexadecimal>")
    if not hmac.compare_digest(parts.get("v1", "").encode(), _digest(secret, identity, body, int(moment)).encode()):
        raise BadSignature(f"header {HEADER} is of another key, or of another delivery: compare the secrets, and take the body's raw bytes")
    if abs(now - int(moment)) > TOLERANCE_SECONDS:
        raise BadSignature(f"signed {now - int(moment):.0f} s ago, allowed are {TOLERANCE_SECONDS}: sent again by somebody else, or a clock is wrong")


def _digest(secret: str, identity: str, body: bytes, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.{identity}.".encode() + body, sha256).hexdigest()
