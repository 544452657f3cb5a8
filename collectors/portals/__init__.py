"""The portals, by the name that `source` has in every table."""

from __future__ import annotations

from collectors.portals.bizinfo import Bizinfo
from collectors.portals.gov24 import Gov24
from collectors.portals.portal import Portal

PORTALS: dict[str, Portal] = {portal.name: portal for portal in (Bizinfo(), Gov24())}

__all__ = ["PORTALS", "Portal"]
