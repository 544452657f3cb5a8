"""What robots.txt allows, by RFC 9309. Pure."""

from __future__ import annotations

from protego import Protego

from aegis.errors import Code
from collectors.answer import Answer
from collectors.charset import decoded
from collectors.failures import Handling, SourceFailed, Verdict, of_status

AGENT = "aegis-collector"
"""The product name in the User-Agent header: what rules for this collector are addressed to."""
FORBIDDEN = Verdict(Code.SCRAPING_BLOCKED, Handling.FATAL, "the site does not want it read: leave it out, or ask its operator")
MOST_DELAY_SECONDS = 60.0
"""A site that wants a longer pause between two requests wants no program: a run of a hundred notices would last hours."""
_ERRORS_OF_THE_CLIENT = range(400, 500)


class Robots:
    """The rules of one host."""

    def __init__(self, text: str) -> None:
        self._rules = Protego.parse(text)

    @property
    def delay(self) -> float:
        """Seconds between two requests, as its Crawl-delay asks for; 0 where it does not."""
        return float(self._rules.crawl_delay(AGENT) or 0.0)

    def expect_allowed(self, url: str) -> None:
        """Raise `SourceFailed` (DP_1003) where the rules forbid `url`, or allow it only once in a great while."""
        if not self._rules.can_fetch(url, AGENT):
            raise SourceFailed(FORBIDDEN, f"robots.txt forbids {url.partition('?')[0]}")
        if self.delay > MOST_DELAY_SECONDS:
            raise SourceFailed(FORBIDDEN, f"robots.txt wants {self.delay:.0f} seconds between requests, more than {MOST_DELAY_SECONDS:.0f}")


def robots_in(answer: Answer) -> Robots:
    """The rules in an answer. None there (4xx) allows everything; a server that fails allows nothing, and `SourceFailed` is raised."""
    if answer.is_success:
        return Robots(decoded(answer.body) or "")
    verdict = of_status(answer.status)
    if answer.status == 429 or verdict is None or answer.status not in _ERRORS_OF_THE_CLIENT:  # noqa: PLR2004  # too many requests say nothing about rules
        raise SourceFailed(verdict or FORBIDDEN, f"HTTP {answer.status} for robots.txt, which then forbids everything", answer.retry_after)
    return Robots("")
