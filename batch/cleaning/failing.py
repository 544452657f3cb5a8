"""How the providers' errors are understood. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aegis.errors import Code
from batch.cleaning.provider import ProviderRefused

LONGEST_WAIT_SECONDS = 120.0
UNREADABLE = (ValueError, TypeError, AttributeError)
"""What the SDKs raise, and what reading their answers raises, where a body cut short or of another kind came with status 200."""
_REMEDIES = {
    401: "check its key in the environment",
    402: "its account has no credit left",
    403: "its key may not use this model",
    404: "it has no such model: see --model",
}


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After header; 0 where there is none."""
    text = headers.get("retry-after", "").strip()
    return min(float(text), LONGEST_WAIT_SECONDS) if text.replace(".", "", 1).isdecimal() else 0.0


def refused(provider: str, model: str, status: int) -> ProviderRefused:
    """A status that no repetition heals."""
    return ProviderRefused(
        Code.SOURCE_UNAVAILABLE, f"{provider} refuses {model} with HTTP {status}: {_REMEDIES.get(status, 'compare the task with its documentation')}"
    )
