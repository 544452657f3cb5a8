"""The pace of one client: requests evenly spaced."""

from __future__ import annotations

from pyrate_limiter import Limiter, Rate


class Pace:
    """At most `per_second` requests a second, one at a time: a burst at the beginning of each second would be as many at once."""

    def __init__(self, per_second: float) -> None:
        self._limiter = Limiter(Rate(1, max(1, round(1000 / per_second))), buffer_ms=1)

    def wait(self) -> None:
        """Return when the next request may begin."""
        self._limiter.try_acquire("request")

    def close(self) -> None:
        """End its thread."""
        self._limiter.close()
