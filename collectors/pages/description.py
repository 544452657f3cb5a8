"""What `resources/sites/<site>.yaml` says of a site. `_template.yaml` beside it explains every line."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aegis.codes import SIDO
from collectors.http.manners import host_of
from collectors.pages.rule import Rule


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is no http(s) address")
    return text


def _region(code: str) -> str:
    if code not in SIDO:
        raise ValueError(f"no region has the code {code!r}: write the two digits of a province in quotes, as in aegis/codes.py")
    return code


class Part(BaseModel):
    """Unknown keys are refused: a misspelt one would be a rule that nobody applies."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pages(Part):
    """How much of the list one run reads."""

    first: int = Field(default=1, ge=0)
    most: int = Field(default=5, ge=1, le=1000)
    details: int = Field(default=100, ge=1, le=10_000)
    """Most notices that one run opens; the rest waits for the next."""


class ListRules(Part):
    """The list of notices."""

    url: Annotated[str, AfterValidator(_address)]
    expected: Rule
    rows: Rule
    id: Rule
    title: Rule
    link: Rule | None = None
    date: Rule | None = None
    department: Rule | None = None
    total: Rule | None = None
    empty: Rule | None = None

    @model_validator(mode="after")
    def _counts_pages(self) -> Self:
        _expect_fields(self.url, {"page"}, "list.url", required=True)
        return self


class DetailRules(Part):
    """The page of one notice."""

    expected: Rule
    content: Rule
    url: Annotated[str, AfterValidator(_address)] | None = None
    title: Rule | None = None
    department: Rule | None = None
    period: Rule | None = None
    attachments: Rule | None = None

    @model_validator(mode="after")
    def _names_the_notice(self) -> Self:
        if self.url is not None:
            _expect_fields(self.url, {"id"}, "detail.url", required=True)
        return self


class Description(Part):
    """One site."""

    site: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")
    title: str = Field(min_length=1)
    organization: str = Field(min_length=1, max_length=500)
    category: str | None = None
    region: Annotated[str, AfterValidator(_region)] | None = None
    example: bool = False
    """For the simulator: `--all` leaves it out."""
    listing: Literal["newest", "whole"] = "newest"
    pages: Pages = Pages()
    seconds_between: float = Field(default=1.0, ge=0, le=600)
    """Least time between two requests; the site's Crawl-delay where that is longer."""
    recheck_days: int = Field(default=7, ge=0)
    """A known notice whose row is unchanged is opened again once in so many days; 0: never."""
    hosts: tuple[str, ...] = ()
    list: ListRules
    detail: DetailRules
    blocked: tuple[str, ...] = ()
    """Words of this site's own pages for whom it refuses, beside those that are known of all sites."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.listing == "whole" and self.list.total is None:
            raise ValueError("listing: whole needs list.total: without a stated total no listing is known to be whole; write newest, or add the rule")
        if self.list.link is None and self.detail.url is None:
            raise ValueError("neither list.link nor detail.url says where a notice is: add one of them")
        return self

    @property
    def places(self) -> frozenset[str]:
        """Every host that may be asked."""
        return frozenset({host_of(self.list.url), host_of(self.detail.url or self.list.url), *self.hosts})


def _expect_fields(url: str, known: set[str], field: str, *, required: bool) -> None:
    try:
        found = {name for _, name, _, _ in Formatter().parse(url) if name is not None}
    except ValueError as error:
        raise ValueError(f"{field}: {url!r} has a brace that belongs to nothing ({error})") from error
    if found - known or (required and not found):
        raise ValueError(f"{field}: {url!r} must have {' and '.join(f'{{{name}}}' for name in sorted(known))} in it and no other braces")
