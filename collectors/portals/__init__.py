"""The portals, by the name that `source` has in every table."""

from __future__ import annotations

from collectors.portals.bizinfo import Bizinfo
from collectors.portals.bizinfo_mirror import BizinfoMirror
from collectors.portals.bokjiro_central import BokjiroCentral
from collectors.portals.bokjiro_local import BokjiroLocal
from collectors.portals.gov24 import Gov24
from collectors.portals.kstartup import KStartup
from collectors.portals.mss import Mss
from collectors.portals.portal import ApiPortal, Portal
from collectors.portals.youthcenter import YouthCenter

_REGISTERED: tuple[ApiPortal, ...] = (
    Bizinfo(),
    Gov24(),
    KStartup(),
    YouthCenter(),
    Mss(),
    BokjiroCentral(),
    BokjiroLocal(),
)
"""Every portal that is collected. One more is one line here: docs/add-a-source.md."""

PORTALS: dict[str, ApiPortal] = {portal.name: portal for portal in _REGISTERED}

MIRRORS: dict[str, ApiPortal] = {"bizinfo": BizinfoMirror()}
"""Source → another interface with the same records, asked while the source itself is down; its settings are `<SOURCE>_MIRROR_URL` and `…_API_KEY`."""

__all__ = ["MIRRORS", "PORTALS", "ApiPortal", "Portal"]
