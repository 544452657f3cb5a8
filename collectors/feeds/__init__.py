"""The feeds of korea.kr, by the name that `source` has in every table: `korea.policy`, `korea.dept_moef`.

A feed is a portal whose listing is one page, and a window on its newest items.
"""

from __future__ import annotations

import re

from collectors.feeds.feed import Feed

SHIPPED = {
    "policy": "정책브리핑 정책뉴스",
    "pressrelease": "정책브리핑 보도자료",
    "expdoc": "정책브리핑 전문자료",
}
"""Feeds that are collected with `--all`; those of the ministries (`dept_<code>`) are collected where they are named."""
PREFIX = "korea."
_MINISTRY = re.compile(r"dept_([a-z0-9_]{1,40})")


def feed(source: str) -> Feed | None:
    """The feed called `source`; None where no feed can be called so."""
    name = source.removeprefix(PREFIX)
    if name == source:
        return None
    if name in SHIPPED:
        return Feed(source, SHIPPED[name], f"{name}.xml")
    ministry = _MINISTRY.fullmatch(name)
    return Feed(source, f"정책브리핑 부처 소식 ({ministry[1]})", f"{name}.xml") if ministry else None


FEEDS: dict[str, Feed] = {each.name: each for name in SHIPPED if (each := feed(PREFIX + name)) is not None}

__all__ = ["FEEDS", "PREFIX", "Feed", "feed"]
