"""A rule: where something stands on a page, as a CSS selector or an XPath expression, and what of its text is meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Self

from cssselect import SelectorError
from parsel import Selector, SelectorList
from pydantic import BaseModel, ConfigDict, model_validator

from collectors.wording import line, plain

_XPATH = ("/", "./", "(")
_NOTHING = Selector("<p></p>", type="html")


class Rule(BaseModel):
    r"""`td.title a::attr(href)`, `//td[@class="no"]/text()`, or `{select: …, pattern: 'no=(\d+)'}`: the pattern's first group, the whole match without one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str
    pattern: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"select": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _reads(self) -> Self:
        try:
            self.nodes(_NOTHING)
        except (SelectorError, ValueError) as error:
            raise ValueError(f"{self.select!r} is neither a CSS selector nor an XPath expression ({error})") from error
        if self.pattern is not None:
            _compiled(self.pattern)
        return self

    def nodes(self, page: Selector) -> SelectorList[Selector]:
        """Everything on the page, or within an element of it, that the rule means."""
        return page.xpath(self.select) if self.select.startswith(_XPATH) else page.css(self.select)

    def texts(self, page: Selector) -> Iterator[str]:
        """The text of each of them on one line, what the pattern does not find left out."""
        return (text for node in self.nodes(page) if (text := self._meant(line(plain(node.get())))))

    def first(self, page: Selector) -> str:
        """The first of these texts; empty where there is none."""
        return next(self.texts(page), "")

    def markup(self, page: Selector) -> str:
        """The HTML of everything that the rule means."""
        return "\n".join(self.nodes(page).getall())

    def _meant(self, text: str) -> str:
        if self.pattern is None:
            return text
        match = _compiled(self.pattern).search(text)
        return "" if match is None else (match[1] if match.re.groups else match[0]) or ""


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression ({error})") from error
