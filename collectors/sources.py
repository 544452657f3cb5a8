"""Every source that can be collected, by name: portals (`gov24`), feeds (`korea.policy`), sites (`pages.<site>`)."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from collectors.feeds import FEEDS, Feed, feed
from collectors.pages.shelf import BadDescription, site_called, sites
from collectors.pages.site import PREFIX, Site
from collectors.portals import PORTALS, ApiPortal

Collected = ApiPortal | Feed | Site


class UnknownSource(Exception):
    """No source is called so. The message names those that there are."""


def known_sources() -> dict[str, Collected]:
    """Name → source, of every one that is listed; the feeds of ministries exist without being listed."""
    return {**PORTALS, **FEEDS, **sites()}


def collected_by_default() -> list[str]:
    """Names of the sources that `--all` and the schedule collect: all but the examples for the simulator."""
    return [name for name, source in known_sources().items() if not (isinstance(source, Site) and source.description.example)]


def source_called(name: str) -> Collected:
    """The source of that name. Raises `UnknownSource`, and `BadDescription` where it is a site whose file cannot be used."""
    found: Collected | None = PORTALS.get(name) or feed(name) or site_called(name)
    if found is None:
        raise UnknownSource(f"no source is called {name!r}: take one of {', '.join(known_sources())}, or korea.dept_<code> for a ministry's feed")
    return found


def kind_of(source: str) -> str:
    """`api`, `feed` or `pages`, by the source's name: how often it is asked depends on it."""
    if source in PORTALS:
        return "api"
    return "pages" if source.startswith(PREFIX) else "feed"


class SourceName(click.ParamType):
    """The name of a source, on a command line."""

    name = "source"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a source."""
        try:
            return source_called(str(value)).name
        except (UnknownSource, BadDescription) as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin so."""
        return [CompletionItem(name) for name in known_sources() if name.startswith(incomplete)]
