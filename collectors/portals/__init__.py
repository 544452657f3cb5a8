"""The portals, by the name that `source` has in every table."""

from __future__ import annotations

from collectors.portals.bizinfo import Bizinfo
from collectors.portals.gov24 import Gov24
from collectors.portals.portal import ApiPortal, Portal

_REGISTERED: tuple[ApiPortal, ...] = (
    Bizinfo(),
    Gov24(),
)
"""Every portal that is collected. One more is one line here: docs/add-a-source.md."""

PORTALS: dict[str, ApiPortal] = {portal.name: portal for portal in _REGISTERED}

__all__ = ["PORTALS", "ApiPortal", "Portal"]
