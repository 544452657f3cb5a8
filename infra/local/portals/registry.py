"""The interfaces that the simulator serves, by source."""

from __future__ import annotations

from infra.local.portals.bizinfo import BIZINFO
from infra.local.portals.bokjiro import CENTRAL, LOCAL
from infra.local.portals.gov24 import GOV24
from infra.local.portals.interface import Interface
from infra.local.portals.kstartup import KSTARTUP
from infra.local.portals.mss import MSS
from infra.local.portals.youthcenter import YOUTHCENTER

INTERFACES: dict[str, Interface] = {each.source: each for each in (BIZINFO, GOV24, KSTARTUP, YOUTHCENTER, MSS, CENTRAL, LOCAL)}
