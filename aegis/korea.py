"""The time zone of the people whom Aegis is for: days, quotas and schedules are Korea's."""

from __future__ import annotations

from zoneinfo import ZoneInfo

KOREA = ZoneInfo("Asia/Seoul")
